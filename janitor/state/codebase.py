"""Codebases: places in version control that can be changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Computed, false
from sqlalchemy.orm import Mapped, mapped_column

from janitor.state.base import Base
from janitor.state.types import CODEBASE_NAME, VCS_TYPE, UtcDateTime

HOSTNAME = "\"substring\"(branch_url, '.*://(?:[^/@]*@)?([^/]*)')"


class Codebase(Base):
    """A branch of a repository, or a subpath of it."""

    __tablename__ = "codebase"

    # The field has codebases without a name, which only their branch URL tells apart; ORM
    # loads leave them out, plain selects see them.
    name: Mapped[str | None] = mapped_column(CODEBASE_NAME, primary_key=True, nullable=True)
    branch_url: Mapped[str | None]
    url: Mapped[str | None]
    branch: Mapped[str | None]
    subpath: Mapped[str | None]
    vcs_last_revision: Mapped[str | None]
    last_scanned: Mapped[datetime | None] = mapped_column(UtcDateTime)
    web_url: Mapped[str | None]
    vcs_type: Mapped[str | None] = mapped_column(VCS_TYPE)
    value: Mapped[int | None]
    inactive: Mapped[bool] = mapped_column(server_default=false())
    hostname: Mapped[str | None] = mapped_column(Computed(HOSTNAME, persisted=True))
