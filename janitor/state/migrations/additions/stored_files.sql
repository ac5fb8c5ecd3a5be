-- To be filled.
SELECT;
