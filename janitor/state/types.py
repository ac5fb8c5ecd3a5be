"""Column types that PostgreSQL has and SQLAlchemy needs told: enums, domains, composites, UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, TypeVar, get_args

from psycopg2.extensions import STRINGARRAY
from psycopg2.extras import CompositeCaster
from sqlalchemy import BindParameter, ColumnElement, DateTime, Dialect, Text, cast
from sqlalchemy.dialects.postgresql import DOMAIN, ENUM
from sqlalchemy.sql.operators import OperatorClass
from sqlalchemy.types import TypeDecorator, UserDefinedType

ChangeSetState = Literal["created", "working", "ready", "publishing", "done"]
MergeProposalStatus = Literal["open", "closed", "merged", "applied", "abandoned", "rejected"]
PublishMode = Literal[
    "push", "attempt-push", "propose", "build-only", "push-derived", "skip", "bts"
]
PublishStatus = Literal[
    "unknown", "blocked", "needs-manual-review", "rejected", "approved", "ignored"
]
QueueBucket = Literal[
    "update-existing-mp",
    "manual",
    "control",
    "hook",
    "reschedule",
    "update-new-mp",
    "missing-deps",
    "default",
]
VcsType = Literal["bzr", "git", "svn", "mtn", "hg", "arch", "cvs", "darcs"]
Verdict = Literal["approved", "rejected", "abstained"]


def _enum(name: str, labels: object) -> ENUM:
    return ENUM(*get_args(labels), name=name, create_type=False)


CHANGE_SET_STATE = _enum("change_set_state", ChangeSetState)
MERGE_PROPOSAL_STATUS = _enum("merge_proposal_status", MergeProposalStatus)
PUBLISH_MODE = _enum("publish_mode", PublishMode)
PUBLISH_STATUS = _enum("publish_status", PublishStatus)
QUEUE_BUCKET = _enum("queue_bucket", QueueBucket)
VCS_TYPE = _enum("vcs_type", VcsType)
VERDICT = _enum("verdict", Verdict)


class _TextDomain(DOMAIN):
    """A domain over text, which compares like text (SQLAlchemy 2.1 wants that said)."""

    operator_classes = OperatorClass.STRING


CAMPAIGN_NAME = _TextDomain("campaign_name", Text(), create_type=False)
CODEBASE_NAME = _TextDomain("codebase_name", Text(), create_type=False)
SUITE_NAME = _TextDomain("suite_name", Text(), create_type=False)


class UtcDateTime(TypeDecorator[datetime]):
    """A ``timestamp without time zone`` that holds UTC; Python sees aware datetimes only."""

    impl = DateTime(timezone=False)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Convert an aware value of any zone.

        Raises:
            ValueError: the value has no zone, so nobody knows which moment it means.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone: pass an aware datetime")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Say of a value from the database that it is UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


R = TypeVar("R", bound=NamedTuple)
Fields = tuple[Callable[[str], Any], ...]


class CompositeArray(UserDefinedType[list[R]]):
    """An array of a composite type, as a list of named tuples.

    Args:
        sql_name: the composite type's name in PostgreSQL.
        row: builds a named tuple from the texts of its fields.
        fields: converts each field's text, in order; ``str`` or ``int``.
    """

    cache_ok = True

    def __init__(self, sql_name: str, row: Callable[..., R], fields: Fields) -> None:
        self.sql_name = sql_name
        self.row = row
        self.fields = fields

    def get_col_spec(self, **_options: object) -> str:
        """Return the type as DDL says it."""
        return f"{self.sql_name}[]"

    def bind_expression(self, bindvalue: BindParameter[list[R]]) -> ColumnElement[list[R]]:
        """Say the type: PostgreSQL sees an array of anonymous records otherwise."""
        return cast(bindvalue, self)

    def result_processor(
        self, _dialect: Dialect, _coltype: object
    ) -> Callable[[str | None], list[R] | None]:
        """Return what reads the text that psycopg2 hands over for a type it does not know."""

        def read(text: str | None) -> list[R] | None:
            return None if text is None else [self._row(part) for part in STRINGARRAY(text, None)]

        return read

    def _row(self, text: str) -> R:
        texts = CompositeCaster.tokenize(text)  # type: ignore[no-untyped-call]  # stub without types
        return self.row(
            *(
                None if part is None else convert(part)
                for part, convert in zip(texts, self.fields, strict=True)
            )
        )
