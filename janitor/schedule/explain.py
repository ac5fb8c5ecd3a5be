"""Why a candidate stands where it stands in the queue, or why it does not stand there.

The factors are those of the estimates; what they mean is in docs/explanation/schedule.md.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select, tuple_

from janitor.queue import EVERY_CAMPAIGN, paused_campaigns
from janitor.queue.item import ENTRY
from janitor.schedule.estimates import Scope, with_estimates
from janitor.schedule.options import PARITY, Options
from janitor.state import Conn
from janitor.state.candidate import Candidate
from janitor.state.codebase import Codebase


@dataclass(frozen=True)
class Factors:
    """What the next offset of a candidate is made of; ``cost`` and ``offset`` in milliseconds."""

    value: float
    codebase_value: float
    previous_runs: int
    successes: float
    tries: float
    hits: float
    context_factor: float
    probability: float
    duration: timedelta
    cost: float
    offset: float
    cooling_until: datetime | None

    def __str__(self) -> str:
        counted = f", counted as {self.hits:.3g} of {self.tries:.3g}"
        return (
            f"offset {self.offset:.0f} = cost {self.cost:.0f}"
            f" / (codebase value {self.codebase_value:.3g}"
            f" x probability {self.probability:.3g} x value {self.value:g})\n"
            f"  probability: {self.successes:g} of {self.previous_runs} earlier runs brought"
            f" something{counted if self.tries != self.previous_runs else ''},"
            f" context factor {self.context_factor:g}\n"
            f"  cost: 20 s and the estimated duration, {_seconds(self.duration)}"
        )


@dataclass(frozen=True)
class Ahead:
    """Entries of one bucket and campaign that are served earlier."""

    bucket: str
    campaign: str
    entries: int
    duration: timedelta
    because: str

    def __str__(self) -> str:
        return (
            f"{self.entries} of {self.campaign} in {self.bucket}"
            f" ({_seconds(self.duration)}): {self.because}"
        )


@dataclass(frozen=True)
class Waiting:
    """How long an entry waits, by the estimates, if nothing new is put ahead of it."""

    workers: int
    earliest: timedelta | None
    latest: timedelta | None

    def __str__(self) -> str:
        if self.earliest is None or self.latest is None:
            return "waiting time unknown: nobody is working"
        return (
            f"waits {_seconds(self.earliest)} to {_seconds(self.latest)} with {self.workers}"
            " at work, if runs take as long as estimated and nothing is put ahead"
        )


@dataclass(frozen=True)
class Place:
    """Where an entry stands; ``position`` counts from 1 and is None for what is claimed."""

    bucket: str
    priority: int
    base: int | None
    offset: int | None
    requester: str | None
    position: int | None
    waiting: Waiting | None
    ahead: tuple[Ahead, ...]

    def __str__(self) -> str:
        made = "" if self.offset is None else f" = base {self.base} + offset {self.offset}"
        asked = f", asked for by {self.requester}" if self.requester else ""
        lines = [f"bucket {self.bucket}, priority {self.priority}{made}{asked}"]
        if self.position is not None:
            lines += [f"position {self.position}", str(self.waiting)]
        return "\n".join([*lines, *(f"ahead: {each}" for each in self.ahead)])


@dataclass(frozen=True)
class Explanation:
    """All that is known of one codebase in one campaign; ``reasons`` why it is not waiting."""

    codebase: str
    campaign: str
    change_set: str | None
    reasons: tuple[str, ...]
    place: Place | None
    factors: Factors | None

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON says it, durations in seconds."""
        said: dict[str, Any] = _in_json(asdict(self))
        return said

    def __str__(self) -> str:
        where = f"{self.campaign} on {self.codebase}"
        where += f" ({self.change_set})" if self.change_set else ""
        lines = [f"{where}: {'not waiting' if self.reasons else 'waiting'}", *self.reasons]
        return "\n".join([*lines, *(str(part) for part in (self.place, self.factors) if part)])


def explain(
    conn: Conn,
    codebase: str,
    campaign: str,
    change_set: str | None = None,
    *,
    options: Options = PARITY,
) -> Explanation:
    """Say why a candidate has its place in the queue, or has none.

    Args:
        conn: a connection or session.
        codebase: where it is to run.
        campaign: what for.
        change_set: that of the candidate; None for the candidate without one.
        options: how places are given.
    """
    entry = conn.execute(
        select(*ENTRY)
        .where(ENTRY.codebase == codebase, ENTRY.suite == campaign)
        .where(ENTRY.change_set.is_not_distinct_from(change_set))
    ).one_or_none()
    factors = _factors(conn, codebase, campaign, change_set, options)
    if entry is None:
        rests = factors.cooling_until if factors else None
        reasons = _why_not(conn, codebase, campaign, change_set, rests)
    elif entry.claim_id is not None:
        reasons = (f"{entry.claimed_by} is working on it, until {_moment(entry.claimed_until)}",)
    else:
        reasons = _pauses(conn, campaign)
    place = None if entry is None else _place(conn, entry, options)
    return Explanation(codebase, campaign, change_set, reasons, place, factors)


def _factors(
    conn: Conn, codebase: str, campaign: str, change_set: str | None, options: Options
) -> Factors | None:
    row = conn.execute(
        with_estimates(
            "SELECT * FROM estimate WHERE change_set IS NOT DISTINCT FROM cast(:own AS text)",
            options=options,
        ),
        Scope([codebase], [campaign]).parameters(conn) | {"own": change_set},
    ).one_or_none()
    if row is None:
        return None
    named = row._mapping  # noqa: SLF001 - documented name
    return Factors(**{name: named[name] for name in Factors.__dataclass_fields__})


def _pauses(conn: Conn, campaign: str) -> tuple[str, ...]:
    paused = paused_campaigns(conn)
    if EVERY_CAMPAIGN in paused:
        return ("all campaigns are paused: nothing is handed out",)
    return (f"campaign {campaign} is paused",) if campaign in paused else ()


def _why_not(
    conn: Conn, codebase: str, campaign: str, change_set: str | None, rests: datetime | None
) -> tuple[str, ...]:
    known = conn.execute(
        select(Codebase.inactive).where(Codebase.__table__.c.name == codebase)
    ).one_or_none()
    if known is None:
        return (f"there is no codebase {codebase}",)
    reasons = [f"codebase {codebase} is inactive"] if known.inactive else []
    columns = Candidate.__table__.c
    candidates = conn.execute(
        select(columns.change_set, columns.publish_policy)
        .where(columns.codebase == codebase, columns.suite == campaign)
        .order_by(columns.id)
    ).all()
    own = [one for one in candidates if one.change_set == change_set]
    if not candidates:
        reasons.append(f"it is no candidate of {campaign}")
    elif not own:
        others = ", ".join(one.change_set or "none" for one in candidates)
        reasons.append(f"it is a candidate with another change set only: {others}")
    elif own[0].publish_policy is None:
        reasons.append("the candidate has no publish policy")
    elif rests is not None:
        reasons.append(f"it rests after its last run, until {_moment(rests)}")
    if not reasons:
        reasons.append("nothing keeps it out of the queue: the next recomputation adds it")
    return (*reasons, *_pauses(conn, campaign))


def _place(conn: Conn, entry: Row[Any], options: Options) -> Place:
    ahead = () if entry.claim_id is not None else tuple(_ahead(conn, entry))
    waits = entry.claim_id is None
    in_line = options.fair_shares and entry.bucket == "default"
    return Place(
        bucket=entry.bucket,
        priority=entry.priority,
        base=entry.base,
        # With shares the priority is a slot in the campaign's line.
        offset=None if in_line or entry.base is None else entry.priority - entry.base,
        requester=entry.requester,
        position=1 + sum(each.entries for each in ahead) if waits else None,
        waiting=_waiting(conn, entry) if waits else None,
        ahead=ahead,
    )


def _before(entry: Row[Any]) -> Any:  # noqa: ANN401 - a condition
    order = tuple_(ENTRY.bucket, ENTRY.priority, ENTRY.id)
    return ENTRY.claim_id.is_(None) & (order < tuple_(entry.bucket, entry.priority, entry.id))


def _ahead(conn: Conn, entry: Row[Any]) -> list[Ahead]:
    duration = func.coalesce(func.sum(ENTRY.estimated_duration), timedelta())
    found = conn.execute(
        select(ENTRY.bucket, ENTRY.suite, func.count(), duration)
        .where(_before(entry))
        .group_by(ENTRY.bucket, ENTRY.suite)
        .order_by(ENTRY.bucket, func.count().desc(), ENTRY.suite)
    )
    return [
        Ahead(bucket, campaign, entries, takes, _because(bucket, entry.bucket))
        for bucket, campaign, entries, takes in found
    ]


def _because(bucket: str, own: str) -> str:
    if bucket != own:
        return f"{bucket} is served before {own}"
    return "a lower priority, or the same and longer in the queue"


def _waiting(conn: Conn, entry: Row[Any]) -> Waiting:
    takes = ENTRY.estimated_duration
    # With w at work all are busy until this one begins. So w times the wait is at most all
    # that is ahead or under way, and at least what is ahead less what w - 1 still have to do.
    ahead, longest = conn.execute(
        select(
            func.coalesce(func.sum(takes), timedelta()), func.coalesce(func.max(takes), timedelta())
        ).where(_before(entry))
    ).one()
    workers, under_way = conn.execute(
        select(
            func.count(ENTRY.claimed_by.distinct()), func.coalesce(func.sum(takes), timedelta())
        ).where(ENTRY.claim_id.is_not(None), ENTRY.claimed_until > func.now())
    ).one()
    if not workers:
        return Waiting(0, None, None)
    earliest = max((ahead - (workers - 1) * longest) / workers, timedelta())
    return Waiting(workers, earliest, (ahead + under_way) / workers)


def _seconds(duration: timedelta) -> str:
    return str(timedelta(seconds=round(duration.total_seconds())))


def _moment(moment: datetime | None) -> str:
    return "an unknown time" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S %Z}".strip()


def _in_json(value: Any) -> Any:  # noqa: ANN401 - any part of an explanation
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _in_json(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_in_json(part) for part in value]
    return value
