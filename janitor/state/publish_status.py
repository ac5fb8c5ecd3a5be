"""Every change of a run's publish status; a trigger on ``run`` writes it down."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base
from janitor.state.types import PUBLISH_STATUS


class PublishStatusChange(Base):
    """One change; ``before`` is None where the run came with it, ``actor`` where nobody said."""

    __tablename__ = "publish_status_change"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"))
    before: Mapped[str | None] = mapped_column(PUBLISH_STATUS)
    after: Mapped[str] = mapped_column(PUBLISH_STATUS)
    actor: Mapped[str | None]
    why: Mapped[str | None]
    verdict_id: Mapped[int | None] = mapped_column(BigInteger)
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
