"""``janitor.conf``: reading, validation, environment."""
