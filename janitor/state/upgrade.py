"""Makes a database what this version expects, and says where it is not.

An empty database gets everything. A live Janitor database that somebody else's SQL made is
adopted: its objects are compared with those of our baseline (:mod:`.description`), and only
where they agree it is stamped and given our additions. Each version is one transaction, whole
or not at all, under a lock that keeps two upgrades apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from janitor.errors import Failure, PassingError
from janitor.redaction import redact
from janitor.state.description import Difference, Fact, compare, describe

SCRIPTS = Path(__file__).with_name("migrations")
BASELINE = "0001"
MOST_LISTED = 20  # differences in one message

WAIT_FOR_OTHERS = "60s"  # for another upgrade to end
WAIT_FOR_TABLES = "5s"  # for a table that somebody uses; longer would hold up everybody behind us
_UPGRADE_LOCK = 0x6A616E69746F72  # "janitor"; advisory locks are told apart by number

_SCRATCH = "janitor_expected_schema"


class NotOurs(Failure):
    """The database has a schema that is neither ours nor a Janitor's."""


@dataclass(frozen=True)
class Upgrade:
    """What an upgrade did."""

    before: str | None
    after: str
    adopted: bool

    def __str__(self) -> str:
        if self.before == self.after:
            return f"the database is up to date (version {self.after})"
        if self.adopted:
            return (
                "the database of a Janitor was recognised, stamped with version"
                f" {BASELINE} and upgraded to {self.after}"
            )
        if self.before is None:
            return f"the empty database got the schema (version {self.after})"
        return f"the database was upgraded from version {self.before} to {self.after}"


@dataclass(frozen=True)
class Findings:
    """What a check found; none means that the database is what this version expects."""

    findings: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.findings) or "the database is what this version expects"


def upgrade(engine: Engine) -> Upgrade:
    """Bring a database up to date; a database that is, is left alone.

    Raises:
        NotOurs: it merely looks like a Janitor's database; the message lists differences.
        PassingError: another upgrade or a busy table did not let us.
    """
    with engine.connect() as conn, _waiting_told(conn), _only_upgrade(conn):
        with _version_step(conn):
            before = _version(conn)
            adopted = before is None and _has_known_tables(conn)
            if adopted:
                _refuse_if_different(_difference(conn, BASELINE))
                command.stamp(_alembic(conn), BASELINE)
            ahead = _ahead(BASELINE if adopted else before)
            _take(conn, ahead[:1])
        for revision in ahead[1:]:
            with _version_step(conn):
                _take(conn, [revision])
    return Upgrade(before, _head(), adopted)


def check(engine: Engine) -> Findings:
    """Return what is behind or different in a database; changes nothing."""
    with engine.connect() as conn, conn.begin() as transaction:
        version = _version(conn)
        findings: list[str] = []
        if version is None:
            findings.append("there is no schema version; run: janitor-workers db upgrade")
            if _has_known_tables(conn):
                findings += _difference(conn, BASELINE).sentences()
        else:
            _check_known(version)
            if version != _head():
                findings.append(
                    f"the schema is at version {version}, this program wants {_head()};"
                    " run: janitor-workers db upgrade"
                )
            findings += _difference(conn, version).sentences()
        transaction.rollback()
    return Findings(tuple(findings))


_LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's error code


@contextmanager
def _only_upgrade(conn: Connection) -> Iterator[None]:
    """Keep other upgrades away, beyond the end of a transaction."""
    with conn.begin():
        conn.execute(text(f"SET LOCAL lock_timeout = '{WAIT_FOR_OTHERS}'"))
        conn.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _UPGRADE_LOCK})
    try:
        yield
    finally:
        with conn.begin():
            conn.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _UPGRADE_LOCK})


@contextmanager
def _version_step(conn: Connection) -> Iterator[None]:
    """One version, one transaction: a long one must not hold the tables of another."""
    with conn.begin():
        conn.execute(text(f"SET LOCAL lock_timeout = '{WAIT_FOR_TABLES}'"))
        yield


@contextmanager
def _waiting_told(conn: Connection) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "pgcode", None) != _LOCK_NOT_AVAILABLE:
            raise
        with conn.begin():
            version = _version(conn) or "none yet"
        raise PassingError(
            "the upgrade waited in vain for a lock (another upgrade, or a table in use:"
            f" {_first_line(error)}); the database is at version {version} as a whole, try again"
            " at a quieter time"
        ) from None


def _ahead(version: str | None) -> list[str]:
    """Return the versions that come after one, oldest first."""
    if version is not None:
        _check_known(version)
    scripts = ScriptDirectory(str(SCRIPTS)).iterate_revisions("head", version or "base")
    return [script.revision for script in scripts][::-1]


def _take(conn: Connection, revisions: list[str]) -> None:
    for revision in revisions:
        command.upgrade(_alembic(conn), revision)


def _refuse_if_different(difference: Difference) -> None:
    if difference:
        listed = difference.sentences()
        more = len(listed) - MOST_LISTED
        lines = listed[:MOST_LISTED] + ([f"… and {more} more"] if more > 0 else [])
        raise NotOurs(
            "the database has tables of a Janitor but is not quite one, so it was left as it is."
            " What differs:\n  " + "\n  ".join(lines)
        )


def _difference(conn: Connection, version: str) -> Difference:
    schema = str(conn.execute(text("SELECT current_schema()")).scalar_one())
    return compare(_expected(conn, version), describe(conn, schema))


def _expected(conn: Connection, version: str) -> frozenset[Fact]:
    """Return the facts of a version, from a schema that is made and undone for the purpose."""
    savepoint = conn.begin_nested()
    try:
        conn.execute(text(f"CREATE SCHEMA {_SCRATCH}"))
        # The old path stays behind it: extensions and their types may be there.
        conn.execute(text(f"SET LOCAL search_path = {_SCRATCH}"))
        command.upgrade(_alembic(conn), version)
        return describe(conn, _SCRATCH)
    finally:
        savepoint.rollback()


def _version(conn: Connection) -> str | None:
    return MigrationContext.configure(conn).get_current_revision()


def _head() -> str:
    head = ScriptDirectory(str(SCRIPTS)).get_current_head()
    assert head is not None  # noqa: S101 - there is at least the baseline
    return head


def _check_known(version: str) -> None:
    known = {script.revision for script in ScriptDirectory(str(SCRIPTS)).walk_revisions()}
    if version not in known:
        raise NotOurs(
            f"the database is at version {version!r}, which this program does not know: it was"
            " upgraded by a newer janitor-workers, or its alembic_version belongs to another"
            " program"
        )


def _has_known_tables(conn: Connection) -> bool:
    found = conn.execute(
        text(
            "SELECT to_regclass('run') IS NOT NULL OR"
            " to_regclass('codebase') IS NOT NULL OR"
            " to_regclass('queue') IS NOT NULL"
        )
    )
    return bool(found.scalar_one())


def _alembic(conn: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = conn
    return config


def _first_line(error: OperationalError) -> str:
    return redact(str(error.orig).splitlines()[0])
