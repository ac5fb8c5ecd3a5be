"""What people are told by the clock: runs that wait long for a review, and a digest of the day.

Each is written in the transaction that also notes that it was: two clocks remind once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Date, cast, func, literal, select, text, update

from janitor.notifications.events import DIGEST, WAITING
from janitor.notifications.outbox import notify
from janitor.notifications.subscriptions import ALL
from janitor.review.statistics import Backlog, backlog
from janitor.review.waiting import WAITING as WAITING_RUNS
from janitor.review.waiting import Wanted, nothing_before, wishes
from janitor.state import Conn
from janitor.state.notification import DeliveryRow, SubscriptionRow
from janitor.state.review import ReviewHistory
from janitor.state.run import RunRow

MOST_AT_ONCE = 100  # reminders of one subscription in one go; a mailbox is no queue
DIGEST_HOUR = 6  # of the day in UTC

_Verdicts = Mapping[tuple[str, str], int]  # by campaign and verdict

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
        campaigns = None if campaign == ALL else [campaign]
        which = wishes(Wanted(campaigns=campaigns)) | nothing_before() | {"limit": None}
        asked = {"name": name, "patience": after, "most": MOST_AT_ONCE}
        for run_id, since in conn.execute(text(_DUE), which | asked).all():
            days = (datetime.now(UTC) - since).days
            notify(conn, WAITING, run_id=run_id, to=name, since=f"{since:%Y-%m-%d}", days=days)
            number += 1
    return number


# No more runs leave the database than are told of, however many wait.
_DUE = f"""
WITH due AS (
    INSERT INTO notification_reminder AS known (subscription, run_id)
    SELECT :name, run.id
    FROM ({WAITING_RUNS}) AS waiting
    JOIN run ON run.id = waiting.id
    LEFT JOIN notification_reminder AS last ON last.subscription = :name AND last.run_id = run.id
    WHERE run.finish_time <= (now() AT TIME ZONE 'UTC') - cast(:patience AS interval)
        AND (last.reminded_at IS NULL
            OR last.reminded_at <= now() - cast(:patience AS interval))
    ORDER BY run.finish_time, run.id
    LIMIT :most
    ON CONFLICT (subscription, run_id) DO UPDATE SET reminded_at = now()
        WHERE known.reminded_at <= now() - cast(:patience AS interval)
    RETURNING run_id
)
SELECT run.id, run.finish_time AT TIME ZONE 'UTC'
FROM due JOIN run ON run.id = due.run_id
ORDER BY run.finish_time, run.id
"""  # noqa: S608 - a constant of ours


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
        .where(literal(DIGEST).like(_WANTED))
        .where(SubscriptionRow.digested_on.is_(None) | (SubscriptionRow.digested_on < today))
        .values(digested_on=today)
        .returning(SubscriptionRow.name, SubscriptionRow.campaign, _LAST_DIGEST),
        execution_options={"synchronize_session": False},
    ).all()
    if not due:
        return 0
    waiting = backlog(conn)
    verdicts = {since: _verdicts(conn, since) for _, _, since in due}
    return sum(
        _tell_of_day(conn, name, campaign, waiting, verdicts[since])
        for name, campaign, since in due
    )


# Since when verdicts are news; of quiet days there is no digest.
_LAST_DIGEST = func.coalesce(
    select(func.max(DeliveryRow.created_at))
    .where(DeliveryRow.subscription == SubscriptionRow.name, DeliveryRow.event == DIGEST)
    .scalar_subquery(),
    func.now() - timedelta(days=1),
)


def _tell_of_day(
    conn: Conn, name: str, campaign: str, waiting: Sequence[Backlog], verdicts: _Verdicts
) -> bool:
    """Tell one subscription of its campaigns; returns whether there was anything to tell."""
    ours = [each for each in waiting if campaign in {ALL, each.campaign}]
    given = Counter[str]()
    for (about, verdict), number in verdicts.items():
        if campaign in {ALL, about}:
            given[verdict] += number
    if not ours and not given:
        return False
    oldest = min((each.oldest for each in ours if each.oldest), default=None)
    notify(
        conn,
        DIGEST,
        campaign=None if campaign == ALL else campaign,
        to=name,
        waiting=sum(each.runs for each in ours),
        oldest=None if oldest is None else f"{oldest:%Y-%m-%d}",
        campaigns=_listed({each.campaign: each.runs for each in ours}),
        verdicts=_listed(given),
    )
    return True


def _verdicts(conn: Conn, since: datetime) -> _Verdicts:
    """Count the verdicts after a moment by campaign and verdict."""
    given = (
        select(RunRow.suite, ReviewHistory.verdict, func.count())
        .join(RunRow, RunRow.id == ReviewHistory.run_id)
        .where(ReviewHistory.reviewed_at > since)
        .group_by(RunRow.suite, ReviewHistory.verdict)
    )
    return {(campaign, verdict): number for campaign, verdict, number in conn.execute(given)}


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in sorted(counts.items())) or "none"
