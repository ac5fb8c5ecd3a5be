"""A diff that is too long is kept as far as it is read."""

from janitor.state.migrations.scripts import run, sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Begin with whole diffs only: others were refused so far."""
    run(sql("additions/diffs"))
