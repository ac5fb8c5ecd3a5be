"""The run queue's rows; :mod:`janitor.queue` says what may be done with them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, FetchedValue, ForeignKey, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base
from janitor.state.types import QUEUE_BUCKET, SUITE_NAME


class QueueEntry(Base):
    """A run to do. From ``base`` on the columns are ours: the place, the claim, the host."""

    __tablename__ = "queue"

    id: Mapped[int] = mapped_column(primary_key=True)
    bucket: Mapped[str] = mapped_column(QUEUE_BUCKET, server_default=text("'default'"))
    codebase: Mapped[str] = mapped_column(Text, ForeignKey("codebase.name", ondelete="CASCADE"))
    branch_url: Mapped[str | None]
    suite: Mapped[str] = mapped_column(SUITE_NAME)
    command: Mapped[str | None]
    priority: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    context: Mapped[str | None]
    estimated_duration: Mapped[timedelta | None]
    refresh: Mapped[bool | None] = mapped_column(server_default=false())
    requester: Mapped[str | None]
    change_set: Mapped[str | None] = mapped_column(ForeignKey("change_set.id", ondelete="CASCADE"))
    base: Mapped[int | None] = mapped_column(BigInteger)
    claimed_by: Mapped[str | None]
    claim_id: Mapped[str | None]
    claimed_until: Mapped[datetime | None]
    claims: Mapped[int] = mapped_column(server_default=text("0"))
    host: Mapped[str] = mapped_column(Text(collation="C"), server_default=FetchedValue())
