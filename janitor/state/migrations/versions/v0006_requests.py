"""What requests and claims in bulk need of the queue."""

from janitor.state.migrations.scripts import run, sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add what is said in the file."""
    run(sql("additions/requests"))
