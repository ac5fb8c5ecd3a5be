"""Where bands of the queue begin, apart from what is counted in them."""

from janitor.state.migrations.scripts import run, sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Write down where the bands begin that there are."""
    run(sql("additions/queue_bands"))
