"""The core schema of a Janitor, as deployments in the field have it."""

from janitor.state.migrations.scripts import core_schema, run

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the types, tables, functions, views and triggers that services share."""
    run(core_schema())
