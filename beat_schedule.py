"""The one list of periodic work, data only."""
