"""Runs and what they changed, as rows; :mod:`.run_record` is the run that callers know."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    Column,
    Computed,
    ForeignKey,
    Table,
    Text,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base
from janitor.state.types import (
    CAMPAIGN_NAME,
    PUBLISH_STATUS,
    SUITE_NAME,
    VCS_TYPE,
    CompositeArray,
    UtcDateTime,
)


class ResultTag(NamedTuple):
    """A tag that a run set; ``name`` is the column ``actual_name``."""

    name: str | None
    revision: str


# Tables for the sake of their row types.
result_tag = Table(
    "result_tag",
    Base.metadata,
    Column("actual_name", Text),
    Column("revision", Text, nullable=False),
)
result_branch = Table(
    "result_branch",
    Base.metadata,
    Column("role", Text, nullable=False),
    Column("remote_name", Text, nullable=False),
    Column("base_revision", Text, nullable=False),
    Column("revision", Text, nullable=False),
)


class RunRow(Base):
    """One attempt at a campaign on a codebase."""

    __tablename__ = "run"

    id: Mapped[str] = mapped_column(primary_key=True)
    command: Mapped[str | None]
    description: Mapped[str | None]
    start_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finish_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    duration: Mapped[timedelta | None] = mapped_column(
        Computed("finish_time - start_time", persisted=True)
    )
    result_code: Mapped[str]
    instigated_context: Mapped[str | None]
    context: Mapped[str | None]
    main_branch_revision: Mapped[str | None]
    revision: Mapped[str | None]
    result: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    suite: Mapped[str] = mapped_column(SUITE_NAME)
    vcs_type: Mapped[str | None] = mapped_column(VCS_TYPE)
    branch_url: Mapped[str | None]
    logfilenames: Mapped[list[str]] = mapped_column(ARRAY(Text))
    publish_status: Mapped[str] = mapped_column(PUBLISH_STATUS, server_default=text("'unknown'"))
    value: Mapped[int | None]
    worker: Mapped[str | None] = mapped_column(ForeignKey("worker.name"))
    worker_link: Mapped[str | None]
    result_tags: Mapped[list[ResultTag] | None] = mapped_column(
        CompositeArray("result_tag", ResultTag, (str, str))
    )
    subpath: Mapped[str | None]
    failure_stage: Mapped[str | None]
    failure_details: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    target_branch_url: Mapped[str | None]
    failure_transient: Mapped[bool | None]
    resume_from: Mapped[str | None] = mapped_column(ForeignKey("run.id", ondelete="SET NULL"))
    change_set: Mapped[str] = mapped_column(ForeignKey("change_set.id"))
    codebase: Mapped[str] = mapped_column(Text, ForeignKey("codebase.name"))


class ResultBranch(Base):
    """What a run changed under one role; ``absorbed`` once it was merged or pushed."""

    __tablename__ = "new_result_branch"

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    remote_name: Mapped[str | None]
    base_revision: Mapped[str | None]
    revision: Mapped[str | None]
    absorbed: Mapped[bool | None] = mapped_column(server_default=false())


class LastRun(Base):
    """The runs that count for a codebase and campaign; triggers keep it (see ``schema.md``)."""

    __tablename__ = "last_run"

    codebase: Mapped[str] = mapped_column(Text, ForeignKey("codebase.name"), primary_key=True)
    campaign: Mapped[str] = mapped_column(CAMPAIGN_NAME, primary_key=True)
    last_run_id: Mapped[str | None] = mapped_column(ForeignKey("run.id"))
    last_effective_run_id: Mapped[str | None] = mapped_column(ForeignKey("run.id"))
    last_unabsorbed_run_id: Mapped[str | None] = mapped_column(ForeignKey("run.id"))
