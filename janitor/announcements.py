"""News for other services: written with the change that they tell of, published afterwards.

Services in the field listen on Redis channels (``result``, ``queue``, ``publish-status``).
A row is written in the transaction of the change; the job that publishes it is only asked
for there, so nobody hears of what was rolled back, and an unreachable Redis delays news
without losing them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import redis
from sqlalchemy import delete, func, select, text

from janitor.errors import Failure, PassingError
from janitor.jobs import JobKind, Payload, RetryPolicy
from janitor.jobs.together import submit_all
from janitor.redaction import redact
from janitor.state import Conn
from janitor.state.announcement import AnnouncementRow

KEEP_SENT = timedelta(days=7)
BATCH = 500  # rows deleted in one transaction


class Announce(Payload):
    """Which row is to be published."""

    announcement: int


ANNOUNCE = JobKind(
    "janitor.review.announce",
    Announce,
    key=lambda ask: str(ask.announcement),
    retry=RetryPolicy(max_attempts=100),  # most of a day: news outlast a server's repair
)


def announce(conn: Conn, channel: str, *messages: dict[str, Any]) -> None:
    """Write news down and ask for them to be published after commit.

    Args:
        conn: the transaction of the change.
        channel: the Redis channel.
        messages: what JSON can say.
    """
    if not messages:
        return
    written = conn.execute(_WRITE, {"channel": channel, "messages": json.dumps(messages)})
    submit_all(conn, ANNOUNCE, [Announce(announcement=number) for number in written.scalars()])


def deliver(conn: Conn, client: redis.Redis, announcements: Sequence[int]) -> list[Failure | None]:
    """Publish news, in the order in which they were written, unless they are out already.

    Args:
        conn: the transaction that ends the jobs; where it fails to commit, services hear the
            news a second time.
        client: the server of the channels.
        announcements: the rows' ids.

    Returns:
        For each, why it can't be published: there is no such row; or None.

    Raises:
        PassingError: the server is away.
    """
    sent = conn.execute(_SENT, {"ids": list(announcements)}).all()
    news = sorted((row for row in sent if row.channel is not None), key=lambda row: int(row.id))
    try:
        with client.pipeline(transaction=False) as pipeline:
            for row in news:
                pipeline.publish(row.channel, json.dumps(row.message))
            pipeline.execute()
    except (redis.ConnectionError, redis.TimeoutError) as error:
        numbers = ", ".join(str(row.id) for row in news)
        raise PassingError(
            f"announcement {numbers} was not published: {redact(str(error))}"
        ) from error
    known = {row.id for row in sent}
    return [
        None if each in known else Failure(f"there is no announcement {each}")
        for each in announcements
    ]


_WRITE = text("""
INSERT INTO announcement (channel, message)
SELECT :channel, message FROM jsonb_array_elements(cast(:messages AS jsonb)) AS message
RETURNING id
""")
_SENT = text("""
WITH sent AS (
    UPDATE announcement SET sent_at = now()
    WHERE id = ANY (cast(:ids AS bigint[])) AND sent_at IS NULL
    RETURNING id, channel, message
)
SELECT known.id, sent.channel, sent.message
FROM announcement AS known LEFT JOIN sent USING (id)
WHERE known.id = ANY (cast(:ids AS bigint[]))
""")


def prune_sent(conn: Conn) -> int:
    """Delete news that went out long ago; returns how many, at most a batch."""
    old = (
        select(AnnouncementRow.id)
        .where(AnnouncementRow.sent_at < func.now() - KEEP_SENT)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    gone = conn.execute(
        delete(AnnouncementRow)
        .where(AnnouncementRow.id.in_(old.scalar_subquery()))
        .returning(AnnouncementRow.id),
        execution_options={"synchronize_session": False},
    )
    return len(gone.all())
