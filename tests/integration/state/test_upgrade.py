"""A new database, an adopted one and a refused one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from janitor import get_core_schema
from janitor.errors import PassingError
from janitor.state import create_pool
from janitor.state import upgrade as upgrading
from janitor.state.description import Fact, describe
from janitor.state.upgrade import NotOurs, Upgrade, check, upgrade

HERE = Path(__file__).parent
FIELD_SQL = [HERE / name for name in ("field_tables.sql", "field_views.sql", "field_rows.sql")]
TABLES_WITH_ROWS = [
    "codebase",
    "worker",
    "named_publish_policy",
    "change_set",
    "candidate",
    "run",
    "queue",
    "review",
    "last_run",
]


def execute(engine: Engine, *statements: str) -> None:
    with engine.begin() as conn:
        for statement in statements:
            conn.exec_driver_sql(statement, execution_options={"no_parameters": True})


def facts(engine: Engine) -> frozenset[Fact]:
    with engine.connect() as conn:
        return describe(conn, "public")


def rows(engine: Engine, columns: dict[str, list[str]]) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as conn:
        return {
            table: [
                tuple(row)
                for row in conn.execute(
                    text(f"SELECT {', '.join(names)} FROM {table} ORDER BY 1, 2")  # noqa: S608 - ours
                )
            ]
            for table, names in columns.items()
        }


def columns_of(engine: Engine) -> dict[str, list[str]]:
    query = text(
        "SELECT quote_ident(column_name) FROM information_schema.columns"
        " WHERE table_name = :table AND table_schema = 'public'"
    )
    with engine.connect() as conn:
        return {
            table: list(conn.execute(query, {"table": table}).scalars())
            for table in TABLES_WITH_ROWS
        }


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Engine]:
    engine = create_pool(empty_database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def field(empty: Engine) -> Engine:
    """A live Janitor database that somebody else's SQL made."""
    execute(empty, *(path.read_text() for path in FIELD_SQL))
    return empty


def test_an_empty_database_gets_everything_and_a_second_upgrade_does_nothing(
    empty: Engine,
) -> None:
    first = upgrade(empty)
    assert (first.before, first.adopted) == (None, False)
    made = facts(empty)
    assert Fact("table job", "column kind text NOT NULL") in made
    again = upgrade(empty)
    assert again.before == again.after == first.after
    assert facts(empty) == made
    assert not check(empty).findings


def test_an_adopted_database_ends_in_the_same_schema_with_its_rows_untouched(
    field: Engine, engine: Engine
) -> None:
    columns = columns_of(field)
    before = rows(field, columns)
    assert all(before.values())
    done = upgrade(field)
    assert done.adopted
    assert facts(field) == facts(engine)
    assert rows(field, columns) == before
    assert not check(field).findings
    assert not upgrade(field).adopted


def test_an_adopted_database_loses_the_slips_of_its_functions(field: Engine) -> None:
    insert = "INSERT INTO new_result_branch (run_id, role, absorbed) VALUES ('r-1', 'main', true)"
    upgrade(field)
    execute(field, insert)
    with field.connect() as conn:
        last = conn.execute(text("SELECT last_unabsorbed_run_id FROM last_run")).scalar_one()
    assert last is None


def test_other_services_keep_working_on_an_adopted_database(field: Engine) -> None:
    upgrade(field)
    execute(
        field,
        "INSERT INTO queue (codebase, suite, command) VALUES ('hello', 'other', 'x')",
        "UPDATE queue SET priority = priority + 1",
        "DELETE FROM queue",
    )


def test_what_others_added_beside_it_does_not_hinder_adoption(field: Engine) -> None:
    execute(
        field,
        "CREATE TABLE debian_build (run_id text REFERENCES run (id), source text)",
        "CREATE VIEW all_debian_versions AS SELECT source FROM debian_build",
        "CREATE INDEX ON run (worker)",
    )
    assert upgrade(field).adopted


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("ALTER TABLE run DROP COLUMN failure_stage CASCADE", "failure_stage text"),
        ("ALTER TABLE queue ALTER COLUMN priority TYPE numeric", "priority numeric"),
        ("ALTER TABLE candidate ADD COLUMN note text", "column note text"),
        ("ALTER TYPE verdict ADD VALUE 'maybe'", "maybe"),
        ("ALTER TABLE codebase DROP CONSTRAINT codebase_name_key CASCADE", "UNIQUE (name)"),
        ("DROP TRIGGER run_refresh_last_run ON run", "trigger run_refresh_last_run"),
        ("DROP VIEW absorbed_runs", "view absorbed_runs"),
        ("DROP FUNCTION refresh_change_set_state", "function refresh_change_set_state"),
    ],
)
def test_a_database_that_merely_looks_similar_is_refused_with_what_differs(
    field: Engine, change: str, named: str
) -> None:
    with field.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        try:
            conn.exec_driver_sql(change)
        except Exception:  # noqa: BLE001 - a view is in the way; without it then
            conn.exec_driver_sql("DROP VIEW queue_positions CASCADE")
            conn.exec_driver_sql(change)
    before = facts(field)
    with pytest.raises(NotOurs) as refused:
        upgrade(field)
    assert named in str(refused.value)
    assert facts(field) == before
    assert any(named in finding for finding in check(field).findings)


def test_a_version_of_somebody_elses_alembic_is_refused(empty: Engine) -> None:
    execute(
        empty,
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
        "INSERT INTO alembic_version VALUES ('cafe')",
    )
    with pytest.raises(NotOurs, match="cafe"):
        upgrade(empty)


def test_two_upgrades_at_once_are_one(empty: Engine) -> None:
    outcomes: list[Upgrade] = []

    def run() -> None:
        outcomes.append(upgrade(empty))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    newest = outcomes[0].after
    assert sorted((done.before for done in outcomes), key=str) == [newest, newest, None]


def test_a_table_in_use_stops_the_upgrade_with_a_sentence(
    field: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upgrading, "WAIT_FOR_TABLES", "100ms")
    before = facts(field)
    with field.begin() as user:
        user.execute(text("LOCK TABLE queue IN SHARE ROW EXCLUSIVE MODE"))
        with pytest.raises(PassingError, match="version none yet as a whole"):
            upgrade(field)
    assert facts(field) == before


def test_a_check_says_what_was_changed_by_hand_and_changes_nothing(engine: Engine) -> None:
    execute(engine, "DROP INDEX queue_unclaimed", "ALTER TABLE job ADD COLUMN note text")
    findings = str(check(engine))
    assert "index" in findings
    assert "column note text" in findings
    assert not {fact.thing for fact in facts(engine)} & {"schema janitor_expected_schema"}


def test_the_core_schema_can_be_had_as_sql(empty: Engine) -> None:
    execute(empty, get_core_schema())
    assert upgrade(empty).adopted
