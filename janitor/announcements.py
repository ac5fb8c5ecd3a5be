"""News for other services: written with the change that they tell of, published afterwards.

Services in the field listen on Redis channels (``result``, ``queue``, ``publish-status``).
A row is written in the transaction of the change; the job that publishes it is only asked
for there, so nobody hears of what was rolled back, and an unreachable Redis delays news
without losing them.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import redis
from sqlalchemy import delete, func, select, text

from janitor.errors import Failure, PassingError
from janitor.jobs import JobKind, Payload, RetryPolicy, submit
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


def announce(conn: Conn, channel: str, message: dict[str, Any]) -> None:
    """Write news down and ask for them to be published after commit.

    Args:
        conn: the transaction of the change.
        channel: the Redis channel.
        message: what JSON can say.
    """
    number = conn.execute(_WRITE, {"channel": channel, "message": json.dumps(message)}).scalar_one()
    submit(conn, ANNOUNCE, Announce(announcement=number))


def deliver(conn: Conn, client: redis.Redis, announcement: int) -> None:
    """Publish one piece of news, unless it is out already.

    Args:
        conn: the transaction that ends the job; where it fails to commit, services hear the
            news a second time.
        client: the server of the channels.
        announcement: the row's id.

    Raises:
        Failure: there is no such row.
        PassingError: the server is away.
    """
    row = conn.execute(_SENT, {"id": announcement}).one_or_none()
    if row is None:
        if not conn.execute(_KNOWN, {"id": announcement}).scalar_one():
            raise Failure(f"there is no announcement {announcement}")
        return
    try:
        client.publish(row.channel, json.dumps(row.message))
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise PassingError(
            f"announcement {announcement} was not published: {redact(str(error))}"
        ) from error


_WRITE = text("""
INSERT INTO announcement (channel, message) VALUES (:channel, cast(:message AS jsonb)) RETURNING id
""")
_SENT = text("""
UPDATE announcement SET sent_at = now() WHERE id = :id AND sent_at IS NULL
RETURNING channel, message
""")
_KNOWN = text("SELECT EXISTS (SELECT FROM announcement WHERE id = :id)")


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
