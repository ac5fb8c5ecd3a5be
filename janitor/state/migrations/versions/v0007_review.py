"""Policies, transitions and claims of reviews."""

from janitor.state.migrations.scripts import run, sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add what is said in the file."""
    run(sql("additions/review"))
