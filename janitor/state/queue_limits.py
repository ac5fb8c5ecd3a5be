"""What may be taken from the queue: limits of hosts, the pace of campaigns; and its counts.

:mod:`janitor.queue` asks for them at each claim.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base
from janitor.state.types import QUEUE_BUCKET


class HostLimit(Base):
    """A host that is left alone until a moment, or has at most so many claims at once."""

    __tablename__ = "host_limit"

    host: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    rate_limited_until: Mapped[datetime | None]
    most_active: Mapped[int | None]


class CampaignPace(Base):
    """A campaign's share of the work, 0 for none, and whether it is paused; ``*`` is all."""

    __tablename__ = "campaign_pace"

    campaign: Mapped[str] = mapped_column(primary_key=True)
    weight: Mapped[float] = mapped_column(server_default=text("1"))
    paused: Mapped[bool] = mapped_column(server_default=false())


class QueueCount(Base):
    """A part of the count of a band of the order of service, kept up by triggers."""

    __tablename__ = "queue_count"

    # The place where the band begins. No key of the table: a band has many rows.
    bucket: Mapped[str] = mapped_column(QUEUE_BUCKET, primary_key=True)
    priority: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    items: Mapped[int] = mapped_column(BigInteger)
    duration: Mapped[timedelta]


class QueueBandBegin(Base):
    """Where a band of the order of service begins; rows that stay until bands are cut anew."""

    __tablename__ = "queue_band_begin"

    bucket: Mapped[str] = mapped_column(QUEUE_BUCKET, primary_key=True)
    priority: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
