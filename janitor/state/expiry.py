"""How long stored files stay, as data; :mod:`janitor.files.expiry` goes by it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, func, text
from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base


class ExpiryPolicy(Base):
    """How long files of one kind stay; ``*`` is any campaign, any result code."""

    __tablename__ = "expiry_policy"

    files: Mapped[str] = mapped_column(primary_key=True)
    campaign: Mapped[str] = mapped_column(primary_key=True, server_default=text("'*'"))
    result_code: Mapped[str] = mapped_column(primary_key=True, server_default=text("'*'"))
    keep_for: Mapped[timedelta]
    keep_newest: Mapped[int] = mapped_column(server_default=text("0"))
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RunPin(Base):
    """A run whose files stay until somebody lets them go."""

    __tablename__ = "run_pin"

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    reason: Mapped[str | None]
    pinned_at: Mapped[datetime] = mapped_column(server_default=func.now())
