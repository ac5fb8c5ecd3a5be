"""What is kept of stored files for their life cycle."""

from janitor.state.migrations.scripts import run, sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add what is said in the file."""
    run(sql("additions/stored_files"))
