"""What is known of branches: codebases' own that can't be seen, and published ones of runs."""

from janitor.state.migrations.scripts import run, sql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Begin with nothing known."""
    run(sql("additions/branches"))
