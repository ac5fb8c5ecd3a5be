"""News reach a subscriber once, after commit, however long Redis was away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from redis.client import PubSub
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from janitor.announcements import ANNOUNCE, announce, deliver, prune_sent
from janitor.errors import PassingError
from janitor.jobs import Ring, ledger_sessions
from janitor.runs import read_handed_in, store_run
from janitor.spool import Spool
from janitor.state.announcement import AnnouncementRow
from janitor.state.job import JobRow
from tests.integration.runs.scenario import CAMPAIGN, CHANGED, CODEBASE, claim, furnish, leave

PATIENCE = 30  # seconds; only a test that fails waits so long
NOWHERE = "redis://:hunter2@127.0.0.1:1/0"


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def listener(redis_url: str) -> Iterator[PubSub]:
    """A service that listens on the channels of a Janitor."""
    with redis.Redis.from_url(redis_url) as client, client.pubsub() as listener:
        listener.subscribe("result", "queue", "publish-status")
        for _ in range(3):
            heard = listener.get_message(timeout=PATIENCE)
            assert heard is not None
            assert heard["type"] == "subscribe"
        yield listener


def hear(listener: PubSub) -> tuple[str, Any]:
    heard = listener.get_message(timeout=PATIENCE)
    assert heard is not None, "nothing was published"
    return heard["channel"].decode(), json.loads(heard["data"])


def hear_all(client: redis.Redis, listener: PubSub) -> list[tuple[str, Any]]:
    """Everything that was published until now: one more message says where now is."""
    client.publish("queue", json.dumps("now"))
    heard = []
    while (message := hear(listener)) != ("queue", "now"):
        heard.append(message)
    return heard


def written(session: Session) -> list[int]:
    with session.begin():
        return list(session.scalars(select(AnnouncementRow.id).order_by(AnnouncementRow.id)))


def publish_all(session: Session, client: redis.Redis) -> None:
    for number in written(session):
        with session.begin():
            assert deliver(session, client, [number]) == [None]


def test_news_are_heard_once_as_they_were_written(
    session: Session, client: redis.Redis, listener: PubSub
) -> None:
    message = {"codebase": "hello", "list": [1, None, "ß\N{GRINNING FACE}"]}
    with session.begin():
        announce(session, "queue", message)
    publish_all(session, client)
    publish_all(session, client)
    assert hear_all(client, listener) == [("queue", message)]
    sent = session.scalars(select(AnnouncementRow)).one()
    assert sent.sent_at is not None


def test_a_change_that_is_rolled_back_announces_nothing(engine: Engine) -> None:
    rung: list[Ring] = []

    class Doorbell:
        def ring(self, rings: Any) -> None:
            rung.extend(rings)

    sessions = ledger_sessions(engine, Doorbell())
    with sessions() as session:
        announce(session, "queue", {"undone": True})
        session.rollback()
    with sessions.begin() as session:
        assert session.scalars(select(AnnouncementRow)).all() == []
        assert session.scalars(select(JobRow)).all() == []
        announce(session, "queue", {"done": True})
    with sessions() as session:
        row = session.scalars(select(AnnouncementRow)).one()
        job = session.scalars(select(JobRow)).one()
    assert (job.kind, job.payload) == ("janitor.review.announce", {"announcement": row.id})
    assert [(ring.kind, ring.arguments) for ring in rung] == [(job.kind, job.payload)]


def test_while_redis_is_away_news_wait(
    session: Session, client: redis.Redis, listener: PubSub
) -> None:
    with session.begin():
        announce(session, "result", {"id": "r1"})
    (number,) = written(session)
    with redis.Redis.from_url(NOWHERE, socket_connect_timeout=5) as away:
        for _ in range(2):
            with pytest.raises(PassingError, match=f"announcement {number} was not") as raised:
                publish_all(session, away)
    assert "hunter2" not in str(raised.value)
    assert session.scalars(select(AnnouncementRow.sent_at)).one() is None
    session.rollback()
    publish_all(session, client)
    assert hear_all(client, listener) == [("result", {"id": "r1"})]


def test_a_server_that_does_not_let_us_in_is_tried_again(session: Session, redis_url: str) -> None:
    with session.begin():
        announce(session, "result", {"id": "r1"})
    _, host = redis_url.rsplit("@", 1)
    with (
        redis.Redis.from_url(f"redis://:wrong@{host}") as stranger,
        pytest.raises(PassingError),
    ):
        publish_all(session, stranger)


def test_news_outlast_a_long_repair() -> None:
    pauses = [ANNOUNCE.retry.pause(n, 0.5) for n in range(1, ANNOUNCE.retry.max_attempts)]
    assert sum(pauses, timedelta()) > timedelta(hours=12)


def test_what_is_not_there_can_not_be_announced(session: Session, client: redis.Redis) -> None:
    (refusal,) = deliver(session, client, [99])
    assert "no announcement 99" in str(refusal)


def test_a_stored_run_is_heard_on_three_channels(
    session: Session, client: redis.Redis, listener: PubSub, tmp_path: Any
) -> None:
    furnish(session)
    spool = Spool(str(tmp_path / "spool"))
    run_id = claim(session).claim_id
    leave(spool, run_id, "worker.log", **CHANGED, tags=[["v1", "rev-2"]])
    for _ in range(2):  # the second time, it is stored already
        with session.begin():
            store_run(session, run_id, read_handed_in(spool, run_id))
    publish_all(session, client)
    (first, run), (second, queue), (third, status) = hear_all(client, listener)
    assert (first, second, third) == ("result", "queue", "publish-status")
    assert run["id"] == run["change_set"] == run_id
    assert (run["codebase"], run["campaign"], run["suite"]) == (CODEBASE, CAMPAIGN, CAMPAIGN)
    assert (run["result_code"], run["logfilenames"]) == ("success", ["worker.log"])
    assert run["result_branches"] == [["main", "tidy", "rev-1", "rev-2"]]
    assert run["result_tags"] == [["v1", "rev-2"]]
    assert run["start_time"].startswith("2026-01-02 03:04:05")
    assert queue == {"buckets": {"default": 1}}
    assert status == {
        "codebase": CODEBASE,
        "run_id": run_id,
        "publish_status": "needs-manual-review",
        "campaign": CAMPAIGN,
    }


def test_news_of_long_ago_are_forgotten_and_those_that_wait_are_not(session: Session) -> None:
    for _ in range(3):
        announce(session, "result", {"id": "r"})
    old, new, _waiting = session.scalars(select(AnnouncementRow).order_by(AnnouncementRow.id))
    old.sent_at = datetime.now(UTC) - timedelta(days=8)
    new.sent_at = datetime.now(UTC) - timedelta(days=6)
    session.commit()
    assert prune_sent(session) == 1
    assert prune_sent(session) == 0
    assert session.scalar(select(func.count()).select_from(AnnouncementRow)) == 2
