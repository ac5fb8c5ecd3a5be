"""Sessions of the web site, which belong to the site's service."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, func
from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base
from janitor.state.types import UtcDateTime


class SiteSession(Base):
    """A visitor who is logged in; rows older than a week go when one comes in."""

    __tablename__ = "site_session"

    id: Mapped[str] = mapped_column(primary_key=True)
    timestamp: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    userinfo: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
