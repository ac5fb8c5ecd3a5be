"""Where the logs and artifacts of runs are, and what they were when they were stored."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base


class _StoredFile:
    """What is known of a file of a run; sizes in bytes, SHA-256 in hex of the plain content."""

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    stored_name: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    stored_size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    content_type: Mapped[str]
    mtime: Mapped[datetime]
    location: Mapped[str]
    stored_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]


class RunLog(_StoredFile, Base):
    """A log file, stored compressed; ``location`` is ``primary`` or ``backup``."""

    __tablename__ = "run_log"


class RunArtifact(_StoredFile, Base):
    """An artifact, with the mode bits that its file had."""

    __tablename__ = "run_artifact"

    mode: Mapped[int]
