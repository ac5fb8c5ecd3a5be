"""What each campaign makes of verdicts; :mod:`janitor.review.policy` says what may stand here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base


class VerdictPolicy(Base):
    """A campaign's policy; ``*`` is every campaign that has none of its own."""

    __tablename__ = "verdict_policy"

    campaign: Mapped[str] = mapped_column(primary_key=True)
    policy: Mapped[Any] = mapped_column(JSONB)
    changed_by: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
