"""Notifications of people: what to send where, and what was sent."""

from janitor.state.migrations.scripts import run, sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Begin with no subscription: nobody is told of anything until one is set."""
    run(sql("additions/notifications"))
