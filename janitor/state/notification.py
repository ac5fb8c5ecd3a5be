"""Notifications of people; :mod:`janitor.notifications` writes, reads and delivers them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base


class SubscriptionRow(Base):
    """Who is to hear of what; ``target`` is a name that the environment explains."""

    __tablename__ = "notification_subscription"

    name: Mapped[str] = mapped_column(primary_key=True)
    events: Mapped[str]
    campaign: Mapped[str] = mapped_column(server_default=text("'*'"))
    target: Mapped[str]
    template: Mapped[str | None]
    remind_after: Mapped[timedelta] = mapped_column(server_default=text("interval '3 days'"))
    digested_on: Mapped[date | None]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DeliveryRow(Base):
    """One event for one subscription; ``message_id`` stays the same however often it is sent."""

    __tablename__ = "notification_delivery"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    message_id: Mapped[UUID] = mapped_column(server_default=func.gen_random_uuid())
    subscription: Mapped[str]
    event: Mapped[str]
    run_id: Mapped[str | None]
    codebase: Mapped[str | None]
    campaign: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    round: Mapped[int] = mapped_column(server_default=text("1"))
    sent_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]
    reason: Mapped[str | None]


class ReminderRow(Base):
    """When a subscription was last reminded of a run that waits."""

    __tablename__ = "notification_reminder"

    subscription: Mapped[str] = mapped_column(
        ForeignKey("notification_subscription.name", ondelete="CASCADE"), primary_key=True
    )
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    reminded_at: Mapped[datetime] = mapped_column(server_default=func.now())
