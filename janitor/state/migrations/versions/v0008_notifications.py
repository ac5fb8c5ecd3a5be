"""Notifications of people: what to send where, and what was sent."""

from janitor.state.migrations.scripts import run, sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add what is said in the file."""
    run(sql("additions/notifications"))
