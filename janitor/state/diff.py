"""Diffs of runs; the same diff of many runs is kept once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base


class DiffContent(Base):
    """A diff: ``body`` compressed by zlib, ``size`` and ``sha256`` of the plain bytes."""

    __tablename__ = "diff_content"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class RunDiff(Base):
    """What one role of a run changed, with counts of files and lines.

    ``truncated`` names the limit that the diff was cut off at; NULL is a whole one.
    """

    __tablename__ = "run_diff"

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    old_revision: Mapped[str]
    new_revision: Mapped[str]
    sha256: Mapped[str] = mapped_column(ForeignKey("diff_content.sha256"))
    files: Mapped[int]
    insertions: Mapped[int]
    deletions: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    truncated: Mapped[str | None]
