"""Hosts and counts beside the queue, so that a million entries cost what ten do."""

from janitor.state.migrations.scripts import run, sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Say of each entry on which host it is, count what waits, and make room for limits."""
    run(sql("additions/queue"))
