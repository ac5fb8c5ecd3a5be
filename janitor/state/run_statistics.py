"""Statistics over runs, kept up by triggers; :mod:`janitor.schedule` estimates with them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import BigInteger, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base
from janitor.state.types import SUITE_NAME


class RunStatistics(Base):
    """Counts and summed durations of the runs of a codebase and campaign.

    Transient failures are left out; worker failures are in ``any_duration`` only. ``weight``
    counts recent runs for more; it means something beside that of another day
    (``run_weight``).
    """

    __tablename__ = "run_statistics"

    codebase: Mapped[str] = mapped_column(primary_key=True)
    suite: Mapped[str] = mapped_column(SUITE_NAME, primary_key=True)
    total: Mapped[int] = mapped_column(BigInteger)
    successes: Mapped[int] = mapped_column(BigInteger)
    duration: Mapped[timedelta]
    durations: Mapped[int] = mapped_column(BigInteger)
    any_duration: Mapped[timedelta]
    any_durations: Mapped[int] = mapped_column(BigInteger)
    weight: Mapped[Decimal] = mapped_column(Numeric, server_default=text("0"))
    weighted_successes: Mapped[Decimal] = mapped_column(Numeric, server_default=text("0"))


class RunContext(Base):
    """How many runs that count had a context, as their own or as what instigated them."""

    __tablename__ = "run_context"

    codebase: Mapped[str] = mapped_column(primary_key=True)
    suite: Mapped[str] = mapped_column(SUITE_NAME, primary_key=True)
    context: Mapped[str] = mapped_column(primary_key=True)
    runs: Mapped[int] = mapped_column(BigInteger)
