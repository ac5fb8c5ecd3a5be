"""What every model derives from, and what every function of the domain takes.

The models say columns and references; the rest of the DDL (checks, indexes, triggers, views)
stands in :mod:`janitor.state.migrations` alone, and a test holds the two together.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, DateTime, Text
from sqlalchemy.orm import DeclarativeBase, Session

Conn = Connection | Session  # both execute statements in a transaction of the caller


class Base(DeclarativeBase):
    """The declarative base; a time is ``timestamptz`` unless a column says otherwise."""

    type_annotation_map = {str: Text, datetime: DateTime(timezone=True)}  # noqa: RUF012 - SQLAlchemy's own spelling
