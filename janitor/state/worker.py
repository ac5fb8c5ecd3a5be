"""Workers: who is allowed to do runs."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base


class Worker(Base):
    """Somebody who does runs; the password belongs to the runner service."""

    __tablename__ = "worker"

    name: Mapped[str] = mapped_column(primary_key=True)
    password: Mapped[str]
    link: Mapped[str | None]
