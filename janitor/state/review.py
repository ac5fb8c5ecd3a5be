"""Verdicts on runs: those that count, and all that were ever given."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base
from janitor.state.types import VERDICT, UtcDateTime


class ReviewRow(Base):
    """What a reviewer says of a run now; a new verdict replaces it."""

    __tablename__ = "review"

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), primary_key=True)
    comment: Mapped[str | None]
    reviewer: Mapped[str | None] = mapped_column(primary_key=True, nullable=True)
    verdict: Mapped[str] = mapped_column(VERDICT)
    reviewed_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class ReviewHistory(Base):
    """One verdict as it was given; ``submission`` tells a repeated message from a new verdict.

    ``warning`` is what the reviewer is to be told of it.
    """

    __tablename__ = "review_history"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"))
    reviewer: Mapped[str | None]
    verdict: Mapped[str] = mapped_column(VERDICT)
    comment: Mapped[str | None]
    qa_reviewer: Mapped[bool]
    submission: Mapped[str | None]
    warning: Mapped[str | None]
    reviewed_at: Mapped[datetime] = mapped_column(server_default=func.now())
