"""${message}."""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Say what this version makes true."""
    ${upgrades if upgrades else "raise NotImplementedError"}
