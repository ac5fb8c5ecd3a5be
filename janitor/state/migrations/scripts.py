"""The SQL texts that the versions run."""

from __future__ import annotations

from importlib.resources import files

from alembic import op

_CORE = ("types", "tables", "functions", "views", "triggers")


def sql(name: str) -> str:
    """Return one SQL text, like ``baseline/tables``."""
    return (files(__package__) / f"{name}.sql").read_text()


def core_schema() -> str:
    """Return the DDL of a Janitor's core schema, for an empty database."""
    return "\n".join(sql(f"baseline/{name}") for name in _CORE)


def run(sql_text: str) -> None:
    """Execute SQL as it stands in the version that is being applied."""
    # Without parameters a % is a % (PL/pgSQL has %ROWTYPE).
    op.get_bind().exec_driver_sql(sql_text, execution_options={"no_parameters": True})
