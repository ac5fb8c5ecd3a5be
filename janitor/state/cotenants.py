"""Codebases that live in the same repository."""

from __future__ import annotations

from sqlalchemy import or_, select

from janitor.state.base import Conn
from janitor.state.codebase import Codebase


def has_cotenants(conn: Conn, codebase: str, url: str) -> bool | None:
    """Return whether other codebases share the repository of a branch.

    Args:
        conn: a connection or session.
        codebase: the codebase that is asked about.
        url: its branch URL; segment parameters (``,branch=NAME``) don't matter.

    Returns:
        None where the database does not know the repository under that codebase.
    """
    repository = url.split(",", 1)[0].rstrip("/")
    known = Codebase.branch_url
    same = or_(
        known.in_((repository, f"{repository}/")),
        known.startswith(f"{repository},", autoescape=True),
        known.startswith(f"{repository}/,", autoescape=True),
    )
    names = conn.execute(select(Codebase.__table__.c.name).where(same)).scalars().all()
    if len(names) > 1:
        return True
    return False if list(names) == [codebase] else None
