"""What is kept of stored files for their life cycle."""

from janitor.state.migrations.scripts import run, sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Begin with no policy: nothing expires until one is set."""
    run(sql("additions/stored_files"))
