"""What people are told by the clock: runs that wait long for a review, and a digest of the day.

Each is written in the transaction that also notes that it was: two clocks remind once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Date, cast, func, literal, select, text, update

from janitor.notifications.events import DIGEST, WAITING
from janitor.notifications.outbox import notify
from janitor.notifications.subscriptions import ALL
from janitor.review import runs_needing_review
from janitor.state import Conn, Run
from janitor.state.notification import SubscriptionRow
from janitor.state.review import ReviewHistory
from janitor.state.run import RunRow

MOST_AT_ONCE = 100  # reminders of one subscription in one go; a mailbox is no queue
DIGEST_HOUR = 6  # of the day in UTC

_WANTED = func.translate(SubscriptionRow.events, "*", "%")


def remind(conn: Conn) -> int:
    """Tell of runs that have waited longer than a subscription wants; returns how many.

    Each subscription is reminded once of a run until as much time has passed again, the runs
    that wait longest first.

    Args:
        conn: a transaction of its own.
    """
    wanted = conn.execute(
        select(SubscriptionRow.name, SubscriptionRow.campaign, SubscriptionRow.remind_after).where(
            literal(WAITING).like(_WANTED)
        )
    ).all()
    number = 0
    for name, campaign, after in wanted:
        waiting = {run.id: run for run in _waiting(conn, campaign)}
        due = conn.execute(
            text(_DUE),
            {"name": name, "waiting": list(waiting), "after": after, "most": MOST_AT_ONCE},
        )
        for run_id in due.scalars().all():
            since = _since(waiting[run_id])
            days = (datetime.now(UTC) - since).days
            notify(conn, WAITING, run_id=run_id, to=name, since=f"{since:%Y-%m-%d}", days=days)
            number += 1
    return number


_DUE = """
INSERT INTO notification_reminder AS known (subscription, run_id)
SELECT :name, run.id
FROM run
LEFT JOIN notification_reminder AS last ON last.subscription = :name AND last.run_id = run.id
WHERE run.id = ANY (:waiting)
    AND run.finish_time <= (now() AT TIME ZONE 'UTC') - cast(:after AS interval)
    AND (last.reminded_at IS NULL OR last.reminded_at <= now() - cast(:after AS interval))
ORDER BY run.finish_time, run.id
LIMIT :most
ON CONFLICT (subscription, run_id) DO UPDATE SET reminded_at = now()
    WHERE known.reminded_at <= now() - cast(:after AS interval)
RETURNING run_id
"""


def digest(conn: Conn) -> int:
    """Tell each subscription once a day how reviews stand, if anything is to be told.

    Args:
        conn: a transaction of its own.

    Returns:
        How many were told.
    """
    today = cast(func.now() - timedelta(hours=DIGEST_HOUR), Date)
    due = conn.execute(
        update(SubscriptionRow)
        .where(literal(DIGEST).like(_WANTED), SubscriptionRow.digested_on.is_distinct_from(today))
        .values(digested_on=today)
        .returning(SubscriptionRow.name, SubscriptionRow.campaign),
        execution_options={"synchronize_session": False},
    ).all()
    told = 0
    for name, campaign in due:
        waiting = _waiting(conn, campaign)
        verdicts = _verdicts(conn, campaign)
        if waiting or verdicts:
            notify(
                conn,
                DIGEST,
                campaign=None if campaign == ALL else campaign,
                to=name,
                waiting=len(waiting),
                oldest=f"{min(map(_since, waiting)):%Y-%m-%d}" if waiting else None,
                campaigns=_listed(Counter(run.campaign for run in waiting)),
                verdicts=_listed(verdicts),
            )
            told += 1
    return told


def _waiting(conn: Conn, campaign: str) -> Sequence[Run]:
    return runs_needing_review(conn, campaigns=None if campaign == ALL else [campaign])


def _since(run: Run) -> datetime:
    """When a run began to wait: at its end; one without an end has just come."""
    return run.finish_time or datetime.now(UTC)


def _verdicts(conn: Conn, campaign: str) -> Counter[str]:
    given = (
        select(ReviewHistory.verdict, func.count().label("given"))
        .join(RunRow, RunRow.id == ReviewHistory.run_id)
        .where(ReviewHistory.reviewed_at > func.now() - timedelta(days=1))
        .group_by(ReviewHistory.verdict)
    )
    if campaign != ALL:
        given = given.where(RunRow.suite == campaign)
    return Counter({row.verdict: row.given for row in conn.execute(given)})


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in sorted(counts.items())) or "none"
