"""Claims as a function of the database, which keeps its plans; an index of campaigns."""

from janitor.state.migrations.scripts import run, sql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the functions and the index that they search."""
    run(sql("additions/claiming"))
