"""Change sets: runs that belong together. Triggers move the state forward."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base
from janitor.state.types import CAMPAIGN_NAME, CHANGE_SET_STATE


class ChangeSet(Base):
    """Runs that are published together or not at all."""

    __tablename__ = "change_set"

    id: Mapped[str] = mapped_column(primary_key=True)
    campaign: Mapped[str] = mapped_column(CAMPAIGN_NAME)
    state: Mapped[str] = mapped_column(CHANGE_SET_STATE, server_default=text("'created'"))
