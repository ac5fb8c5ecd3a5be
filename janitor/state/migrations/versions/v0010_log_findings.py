"""What the logs of failed runs say."""

from janitor.state.migrations.scripts import run, sql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Begin with no findings: logs are analysed from now on."""
    run(sql("additions/log_findings"))
