"""Publish policies: how to publish each role of a run."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Column, Integer, Table, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base
from janitor.state.types import PUBLISH_MODE, CompositeArray


class BranchPublishPolicy(NamedTuple):
    """How branches of one role are published: ``mode`` at most every ``frequency_days``."""

    role: str
    mode: str | None
    frequency_days: int | None


# The table exists for the sake of its row type.
branch_publish_policy = Table(
    "branch_publish_policy",
    Base.metadata,
    Column("role", Text, nullable=False),
    Column("mode", PUBLISH_MODE, server_default=text("'build-only'")),
    Column("frequency_days", Integer),
)


class NamedPublishPolicy(Base):
    """A policy that candidates refer to by name."""

    __tablename__ = "named_publish_policy"

    name: Mapped[str] = mapped_column(primary_key=True)
    per_branch_policy: Mapped[list[BranchPublishPolicy] | None] = mapped_column(
        CompositeArray("branch_publish_policy", BranchPublishPolicy, (str, str, int))
    )
    rate_limit_bucket: Mapped[str | None]
