"""Why something that could be a run is not in the queue."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from janitor.queue.holds import Holds
from janitor.state import Conn
from janitor.state.candidate import Candidate
from janitor.state.codebase import Codebase
from janitor.times import moment_in_words


def why_not_queued(
    conn: Conn, codebase: str, campaign: str, change_set: str | None, rests: datetime | None
) -> tuple[str, ...]:
    """Return why there is no entry, and what would hold it back if there were one.

    Args:
        conn: a connection or session.
        codebase: where it would run.
        campaign: what for.
        change_set: that of the candidate; None for the candidate without one.
        rests: until when the candidate rests after its last run, if it does.
    """
    known = conn.execute(
        select(Codebase.inactive, Codebase.hostname).where(Codebase.__table__.c.name == codebase)
    ).one_or_none()
    if known is None:
        return (f"there is no codebase {codebase}",)
    reasons = [f"codebase {codebase} is inactive"] if known.inactive else []
    reasons += _of_candidate(conn, codebase, campaign, change_set)
    if not reasons and rests is not None:
        reasons.append(f"it rests after its last run, until {moment_in_words(rests)}")
    if not reasons:
        reasons.append("nothing keeps it out of the queue: the next recomputation adds it")
    return (*reasons, *Holds.of_now(conn).why(campaign, known.hostname or ""))


def _of_candidate(conn: Conn, codebase: str, campaign: str, change_set: str | None) -> list[str]:
    columns = Candidate.__table__.c
    candidates = conn.execute(
        select(columns.change_set, columns.publish_policy)
        .where(columns.codebase == codebase, columns.suite == campaign)
        .order_by(columns.id)
    ).all()
    own = [one for one in candidates if one.change_set == change_set]
    if not candidates:
        return [f"it is no candidate of {campaign}"]
    if not own:
        others = ", ".join(one.change_set or "none" for one in candidates)
        return [f"it is a candidate with another change set only: {others}"]
    return [] if own[0].publish_policy else ["the candidate has no publish policy"]
