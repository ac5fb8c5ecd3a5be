"""What is known of branches: codebases' own that can't be seen, and published ones of runs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base


class BranchFailure(Base):
    """Why a codebase's branch could not be seen, the last ``times`` times."""

    __tablename__ = "branch_failure"

    codebase: Mapped[str] = mapped_column(
        Text, ForeignKey("codebase.name", onupdate="CASCADE", ondelete="CASCADE"), primary_key=True
    )
    code: Mapped[str]
    description: Mapped[str]
    times: Mapped[int] = mapped_column(server_default=text("1"))
    since: Mapped[datetime] = mapped_column(server_default=func.now())
    last_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PublishedBranch(Base):
    """A result branch that is in the repository of its codebase, by the run that made it."""

    __tablename__ = "published_branch"

    run_id: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    codebase: Mapped[str]
    campaign: Mapped[str]
    vcs_type: Mapped[str]
    revision: Mapped[str]
    published_at: Mapped[datetime] = mapped_column(server_default=func.now())
