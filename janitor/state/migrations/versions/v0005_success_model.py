"""How much recent runs weigh, kept up with the other statistics, and who ran lately."""

from janitor.state.migrations.scripts import run, sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Weigh the history once, and every run from now on."""
    run(sql("additions/success_model"))
