"""Who looks at which run now; :mod:`janitor.review.claims` hands runs out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base


class ReviewClaim(Base):
    """A run that is one reviewer's to look at until a moment."""

    __tablename__ = "review_claim"

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    reviewer: Mapped[str]
    claimed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    claimed_until: Mapped[datetime]
