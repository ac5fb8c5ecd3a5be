"""What was published of runs: merge proposals and attempts. The publisher service writes them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base
from janitor.state.types import MERGE_PROPOSAL_STATUS, PUBLISH_MODE, UtcDateTime


class MergeProposal(Base):
    """A proposal on a forge, and what became of it."""

    __tablename__ = "merge_proposal"

    url: Mapped[str] = mapped_column(primary_key=True)
    codebase: Mapped[str | None] = mapped_column(
        Text, ForeignKey("codebase.name", ondelete="SET NULL")
    )
    target_branch_url: Mapped[str | None]
    status: Mapped[str | None] = mapped_column(MERGE_PROPOSAL_STATUS)
    revision: Mapped[str | None]
    merged_by: Mapped[str | None]
    merged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_scanned: Mapped[datetime | None] = mapped_column(UtcDateTime)
    can_be_merged: Mapped[bool | None]
    rate_limit_bucket: Mapped[str | None]


class Publish(Base):
    """One attempt to publish a branch of a run."""

    __tablename__ = "publish"

    id: Mapped[str] = mapped_column(primary_key=True)
    change_set: Mapped[str] = mapped_column(ForeignKey("change_set.id"))
    source_branch_url: Mapped[str | None]
    source_branch_web_url: Mapped[str | None]
    target_branch_url: Mapped[str]
    target_branch_web_url: Mapped[str | None]
    subpath: Mapped[str | None]
    branch_name: Mapped[str | None]
    main_branch_revision: Mapped[str | None]
    revision: Mapped[str | None]
    role: Mapped[str | None]
    mode: Mapped[str] = mapped_column(PUBLISH_MODE)
    merge_proposal_url: Mapped[str | None] = mapped_column(ForeignKey("merge_proposal.url"))
    result_code: Mapped[str]
    description: Mapped[str | None]
    requester: Mapped[str | None]
    codebase: Mapped[str | None] = mapped_column(
        Text, ForeignKey("codebase.name", ondelete="SET NULL")
    )
    timestamp: Mapped[datetime | None] = mapped_column(UtcDateTime, server_default=func.now())
