"""Statistics over runs that are kept up, so that a schedule need not read the history."""

from janitor.state.migrations.scripts import run, sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Count the history once, and every run from now on."""
    run(sql("additions/statistics"))
