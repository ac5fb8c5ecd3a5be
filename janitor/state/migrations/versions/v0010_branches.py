"""What is known of branches: codebases' own that can't be seen, and published ones of runs."""

from janitor.state.migrations.scripts import run, sql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Begin with nothing known."""
    run(sql("additions/branches"))
