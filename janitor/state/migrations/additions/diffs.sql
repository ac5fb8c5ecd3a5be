-- Of a diff that nobody will read to its end the beginning is kept; this says at which limit it ends.

ALTER TABLE run_diff
    ADD COLUMN truncated text;
