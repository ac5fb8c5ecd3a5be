"""Candidates: a campaign that should be run on a codebase."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base, Conn
from janitor.state.codebase import Codebase
from janitor.state.types import SUITE_NAME


class Candidate(Base):
    """One codebase in one campaign, perhaps as part of a change set."""

    __tablename__ = "candidate"

    id: Mapped[int] = mapped_column(primary_key=True)
    suite: Mapped[str] = mapped_column(SUITE_NAME)
    codebase: Mapped[str] = mapped_column(Text, ForeignKey("codebase.name", ondelete="CASCADE"))
    change_set: Mapped[str | None] = mapped_column(ForeignKey("change_set.id", ondelete="CASCADE"))
    command: Mapped[str]
    context: Mapped[str | None]
    value: Mapped[int | None]
    success_chance: Mapped[float | None]
    publish_policy: Mapped[str | None] = mapped_column(ForeignKey("named_publish_policy.name"))


class Followup(Base):
    """A candidate that exists because of an earlier run."""

    __tablename__ = "followup"

    origin: Mapped[str] = mapped_column(ForeignKey("run.id"), primary_key=True)
    candidate: Mapped[int | None] = mapped_column(
        ForeignKey("candidate.id"), primary_key=True, nullable=True
    )


def iter_publishable_suites(conn: Conn, codebase: str) -> list[str]:
    """Return the campaigns that an active codebase is a candidate of, by name."""
    found = conn.execute(
        select(Candidate.__table__.c.suite)
        .distinct()
        .join(Codebase, Codebase.name == Candidate.codebase)
        .where(Candidate.codebase == codebase, ~Codebase.inactive)
        .order_by(Candidate.suite)
    )
    return list(found.scalars())
