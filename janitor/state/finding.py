"""What logs of failed runs say, and result codes that were changed because of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base


class LogFinding(Base):
    """What was found in the log of a failed run; without a code, nothing was."""

    __tablename__ = "log_finding"

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    log: Mapped[str]
    result_code: Mapped[str | None]
    stage: Mapped[str | None]
    description: Mapped[str | None]
    details: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    lines: Mapped[Any] = mapped_column(JSONB)
    consultant: Mapped[str]
    analysed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ResultChange(Base):
    """What a run said before a finding was put in its place."""

    __tablename__ = "result_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"))
    old_code: Mapped[str]
    new_code: Mapped[str]
    old_description: Mapped[str | None]
    old_stage: Mapped[str | None]
    old_details: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    consultant: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
