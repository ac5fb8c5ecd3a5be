"""The schema as SQL text, for services that make databases of their own."""

from __future__ import annotations


def get_core_schema() -> str:
    """Return the DDL that creates the core schema of a Janitor in an empty database."""
    # Alembic comes along with the migrations; nobody who only wants a name needs it.
    from janitor.state.migrations.scripts import core_schema  # noqa: PLC0415 - see above

    return core_schema()


def get_debian_schema() -> str:
    """Return the DDL of what deployments for Debian have besides; needs ``debversion``."""
    # Slow to import, and every command imports this package.
    from importlib.resources import files  # noqa: PLC0415 - see above

    return (files("janitor.state") / "debian.sql").read_text()
