"""Policies, transitions and claims of reviews."""

from janitor.state.migrations.scripts import run, sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Record changes of a status from now on; what was before is not known."""
    run(sql("additions/review"))
