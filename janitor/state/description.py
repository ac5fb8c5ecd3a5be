"""What a schema consists of, as facts that can be compared and read.

:mod:`.upgrade` compares the facts of a live database with those of the schema that our
migrations make on the same server, so both are worded by the same PostgreSQL. Comments,
owners, names of constraints and indexes and the texts of views and functions don't count:
what services rely on are columns, keys, checks and signatures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, text


class Fact(NamedTuple):
    """One thing that is true of a schema: which object, and what of it."""

    thing: str
    detail: str

    def __str__(self) -> str:
        return f"{self.thing}: {self.detail}"


@dataclass(frozen=True)
class Difference:
    """What a schema lacks, and what it has beyond that on objects that it should have."""

    absent: tuple[str, ...]
    missing: tuple[Fact, ...]
    unexpected: tuple[Fact, ...]

    def __bool__(self) -> bool:
        return bool(self.absent or self.missing or self.unexpected)

    def sentences(self) -> list[str]:
        """Return each difference in words."""
        return [
            *(f"missing: {thing}" for thing in self.absent),
            *(f"missing: {fact}" for fact in self.missing),
            *(f"unexpected: {fact}" for fact in self.unexpected),
        ]


def describe(conn: Connection, schema: str) -> frozenset[Fact]:
    """Return the facts of a schema.

    Args:
        conn: a connection whose search path has that schema first, so that PostgreSQL words
            the names of its types without the schema.
        schema: the schema's name.
    """
    return frozenset(
        Fact(row.thing, _worded(row.detail))
        for query in _QUERIES
        for row in conn.execute(text(query), {"schema": schema})
        if row.thing != "table alembic_version"
    )


def compare(wanted: frozenset[Fact], found: frozenset[Fact]) -> Difference:
    """Return how a schema differs from what is wanted.

    What others added beside it (tables, views, functions, triggers, indexes) is theirs; a
    column or constraint more on a table of ours is a difference.
    """
    ours = {fact.thing for fact in wanted}
    absent = ours - {fact.thing for fact in found}
    return Difference(
        absent=tuple(sorted(absent)),
        missing=tuple(sorted(fact for fact in wanted - found if fact.thing not in absent)),
        unexpected=tuple(
            sorted(
                fact
                for fact in found - wanted
                if fact.thing in ours and not fact.detail.startswith(_THEIRS)
            )
        ),
    )


_THEIRS = ("index", "trigger", "function")

# PostgreSQL words one and the same expression by how it was written.
_SUBSTRING = re.compile(r"SUBSTRING\((\w+) FROM ((?:'[^']*')(?:::text)?)\)", re.IGNORECASE)


def _worded(detail: str) -> str:
    return _SUBSTRING.sub(r'"substring"(\1, \2)', detail)


_ENUMS = """
SELECT 'type ' || type.typname AS thing,
       'enum of ' || string_agg(label.enumlabel, ', ' ORDER BY label.enumsortorder) AS detail
FROM pg_type AS type JOIN pg_enum AS label ON label.enumtypid = type.oid
WHERE type.typnamespace = cast(:schema AS regnamespace)
GROUP BY type.typname
"""

_DOMAINS = """
SELECT 'type ' || type.typname AS thing,
       concat_ws(' ', 'domain over', format_type(type.typbasetype, NULL),
                 pg_get_constraintdef(con.oid)) AS detail
FROM pg_type AS type LEFT JOIN pg_constraint AS con ON con.contypid = type.oid
WHERE type.typnamespace = cast(:schema AS regnamespace) AND type.typtype = 'd'
"""

_COLUMNS = """
SELECT CASE class.relkind WHEN 'v' THEN 'view ' WHEN 'c' THEN 'type ' ELSE 'table ' END
           || class.relname AS thing,
       concat_ws(' ', 'column', quote_ident(att.attname), format_type(att.atttypid, att.atttypmod),
                 CASE WHEN att.attnotnull THEN 'NOT NULL' END,
                 CASE WHEN att.attidentity <> '' THEN 'IDENTITY' END,
                 CASE WHEN att.attgenerated <> '' THEN 'GENERATED AS' ELSE
                     CASE WHEN def.oid IS NOT NULL THEN 'DEFAULT' END END,
                 pg_get_expr(def.adbin, def.adrelid)) AS detail
FROM pg_class AS class
JOIN pg_attribute AS att ON att.attrelid = class.oid
LEFT JOIN pg_attrdef AS def ON def.adrelid = class.oid AND def.adnum = att.attnum
WHERE class.relnamespace = cast(:schema AS regnamespace)
    AND class.relkind IN ('r', 'p', 'v', 'c') AND att.attnum > 0 AND NOT att.attisdropped
"""

_CONSTRAINTS = """
SELECT 'table ' || class.relname AS thing, pg_get_constraintdef(con.oid) AS detail
FROM pg_constraint AS con JOIN pg_class AS class ON class.oid = con.conrelid
WHERE con.connamespace = cast(:schema AS regnamespace) AND con.contype IN ('p', 'u', 'f', 'c')
"""

_INDEXES = """
SELECT 'table ' || class.relname AS thing,
       concat_ws(' ', CASE WHEN idx.indisunique THEN 'index UNIQUE' ELSE 'index' END,
                 substring(pg_get_indexdef(idx.indexrelid) FROM 'USING .*')) AS detail
FROM pg_index AS idx JOIN pg_class AS class ON class.oid = idx.indrelid
WHERE class.relnamespace = cast(:schema AS regnamespace) AND class.relkind IN ('r', 'p')
    AND idx.indisvalid
    AND NOT EXISTS (
        SELECT FROM pg_constraint AS con
        WHERE con.conindid = idx.indexrelid AND con.contype IN ('p', 'u')
    )
"""

_FUNCTIONS = """
SELECT 'function ' || proc.proname AS thing,
       'function of (' || pg_get_function_identity_arguments(proc.oid) || ') returning '
           || pg_get_function_result(proc.oid) AS detail
FROM pg_proc AS proc
WHERE proc.pronamespace = cast(:schema AS regnamespace) AND proc.prokind = 'f'
"""

_TRIGGERS = """
SELECT 'table ' || class.relname AS thing,
       concat_ws(' ', 'trigger', trig.tgname,
                 CASE WHEN trig.tgtype & 2 > 0 THEN 'BEFORE' ELSE 'AFTER' END,
                 CASE WHEN trig.tgtype & 4 > 0 THEN 'INSERT' END,
                 CASE WHEN trig.tgtype & 8 > 0 THEN 'DELETE' END,
                 CASE WHEN trig.tgtype & 16 > 0 THEN 'UPDATE' END,
                 'calling', proc.proname) AS detail
FROM pg_trigger AS trig
JOIN pg_class AS class ON class.oid = trig.tgrelid
JOIN pg_proc AS proc ON proc.oid = trig.tgfoid
WHERE class.relnamespace = cast(:schema AS regnamespace) AND NOT trig.tgisinternal
"""

_QUERIES = (_ENUMS, _DOMAINS, _COLUMNS, _CONSTRAINTS, _INDEXES, _FUNCTIONS, _TRIGGERS)
