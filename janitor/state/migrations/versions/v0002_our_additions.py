"""Claims, jobs, what is stored of a run, the history of verdicts, news."""

from janitor.state.migrations.scripts import run, sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add our own; functions and views of an adopted database lose their known slips."""
    for name in ("baseline/functions", "baseline/views", "additions/tables"):
        run(sql(name))
