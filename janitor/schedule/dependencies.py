"""Whether what a run once lacked is there now.

A run that failed with ``install-deps-unsatisfied-dependencies`` says which alternatives it
lacked; a deployment that builds Debian packages knows in ``all_debian_versions`` what there
is. Where that view does not exist, nothing is known to be there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import func, select, text

from janitor.state import Conn
from janitor.state.run import RunRow
from janitor.storable import check_storable

UNSATISFIED = "install-deps-unsatisfied-dependencies"
_OPERATORS = {">=", ">>", "<<", "<=", "="}


class Dependency(NamedTuple):
    """One package that would do, perhaps with a condition on its version."""

    name: str
    operator: str | None = None
    version: str | None = None


Relations = list[list[Dependency]]  # all of them, of each any


def satisfied_runs(
    conn: Conn, codebases: Sequence[str] | None, campaigns: Sequence[str] | None
) -> list[str]:
    """Return the ids of runs that lacked dependencies which can be satisfied now.

    Args:
        conn: a connection or session.
        codebases: look only at runs of these; None for all.
        campaigns: look only at runs of these; None for all.
    """
    if not _knows_versions(conn):
        return []
    lacking = select(RunRow.id, RunRow.failure_details).where(
        RunRow.result_code == UNSATISFIED, RunRow.failure_transient.is_not(True)
    )
    if codebases is not None:
        lacking = lacking.where(RunRow.codebase.in_(codebases))
    if campaigns is not None:
        lacking = lacking.where(RunRow.suite.in_(campaigns))
    relations = {row.id: read_relations(row.failure_details) for row in conn.execute(lacking)}
    wanted = {one for listed in relations.values() for any_of in listed for one in any_of}
    there = _available(conn, wanted)
    return sorted(
        run_id
        for run_id, listed in relations.items()
        if listed and all(any(one in there for one in any_of) for any_of in listed)
    )


def dep_available(  # noqa: PLR0917 - callers in the field may give all by position
    conn: Conn,
    name: str,
    archqual: str | None = None,  # noqa: ARG001 - this and the others of its kind: relations
    arch: str | None = None,  # noqa: ARG001 - in the field have them, but no version is told
    distribution: str | None = None,  # noqa: ARG001 - apart by them
    version: Sequence[str] | None = None,
    restrictions: object = None,  # noqa: ARG001
) -> bool:
    """Say whether there is a package, in the version asked for if one is.

    Args:
        conn: a connection or session.
        name: the source package.
        archqual: said by some relations, and not asked for; so are the next two.
        arch: see above.
        distribution: see above.
        version: an operator (``>=``, ``>>``, ``<=``, ``<<``, ``=``) and what to compare with.
        restrictions: see above.
    """
    return deps_satisfied(conn, "", [[{"name": name, "version": version}]])


def deps_satisfied(
    conn: Conn,
    campaign: str,  # noqa: ARG001 - callers in the field give it
    dependencies: Iterable[Iterable[Mapping[str, Any]]],
) -> bool:
    """Say whether of each list of alternatives one is there; relations nobody can read are not.

    Args:
        conn: a connection or session.
        campaign: what for; the same for all.
        dependencies: lists of alternatives, each with a ``name`` and perhaps a ``version``.
    """
    said = [list(any_of) for any_of in dependencies]
    listed = read_relations({"relations": said})
    if said and not (listed and _knows_versions(conn)):
        return False
    there = _available(conn, {one for any_of in listed for one in any_of})
    return all(any(one in there for one in any_of) for any_of in listed)


def read_relations(details: Any) -> Relations:  # noqa: ANN401 - JSON that others wrote
    """Return the relations that ``failure_details`` name; none where they are not readable."""
    try:
        check_storable(details)  # a JSON column keeps what the query for versions can't take
        return [[_dependency(one) for one in any_of] for any_of in details["relations"]]
    except (KeyError, TypeError, ValueError):
        return []


def _dependency(said: dict[str, Any]) -> Dependency:
    name = str(said["name"])
    if said.get("version") is None:
        return Dependency(name)
    operator, version = said["version"]
    if operator not in _OPERATORS:
        raise ValueError(operator)
    return Dependency(name, str(operator), str(version))


def _knows_versions(conn: Conn) -> bool:
    return conn.execute(select(func.to_regclass("all_debian_versions"))).scalar_one() is not None


def _available(conn: Conn, wanted: Iterable[Dependency]) -> set[Dependency]:
    listed = sorted(wanted, key=str)
    if not listed:
        return set()
    # Versions compare by the type of the view's column, which only an extension has.
    version_type = conn.execute(
        text(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = to_regclass('all_debian_versions') AND attname = 'version'"
        )
    ).scalar_one()
    found = conn.execute(
        text(_AVAILABLE.format(version_type=version_type)),
        {
            "names": [one.name for one in listed],
            "operators": [one.operator for one in listed],
            "versions": [one.version for one in listed],
        },
    )
    return {listed[place - 1] for place in found.scalars()}


_AVAILABLE = """
SELECT wanted.place
FROM unnest(cast(:names AS text[]), cast(:operators AS text[]), cast(:versions AS text[]))
    WITH ORDINALITY AS wanted (name, operator, version, place)
WHERE EXISTS (
    SELECT FROM all_debian_versions AS there
    WHERE there.source = wanted.name AND CASE wanted.operator
        WHEN '>=' THEN there.version >= cast(wanted.version AS {version_type})
        WHEN '>>' THEN there.version > cast(wanted.version AS {version_type})
        WHEN '<=' THEN there.version <= cast(wanted.version AS {version_type})
        WHEN '<<' THEN there.version < cast(wanted.version AS {version_type})
        WHEN '=' THEN there.version = cast(wanted.version AS {version_type})
        ELSE true
    END
)
"""
