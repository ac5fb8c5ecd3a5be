"""Each item to one worker at a time, and back into the queue when the worker is gone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, insert, select, text
from sqlalchemy.orm import Session

from janitor.queue import Claim, ClaimLost, Expired, Queue
from janitor.queue.claims import MOST_CLAIMS
from janitor.runs import settle_expired_claims
from janitor.state.codebase import Codebase
from janitor.state.queue import QueueEntry
from janitor.state.run import RunRow

HOUR = timedelta(hours=1)
OVER = timedelta(seconds=-1)  # a lease that has run out when it is given
THREADS = 8
ITEMS = 400
Put = Callable[..., int]


def take(session: Session, worker: str = "w", lease: timedelta = HOUR) -> Claim:
    claim = Queue(session).claim(worker=worker, lease=lease)
    assert claim is not None
    session.commit()
    return claim


def put_in_front(session: Session, codebase: str, entries: int) -> None:
    campaigns = [{"suite": f"campaign-{number}"} for number in range(entries)]
    entry = insert(QueueEntry).values(codebase=codebase, command="run", priority=0)
    session.execute(entry, campaigns)
    session.commit()


def put_back(session: Session) -> Expired:
    expired = Queue(session).take_back_expired()
    session.commit()
    return expired


def test_workers_that_ask_at_once_never_get_the_same_item(engine: Engine) -> None:
    with engine.begin() as conn:
        names = [f"codebase-{number}" for number in range(ITEMS)]
        conn.execute(insert(Codebase), [{"name": name} for name in names])
        rows = [{"codebase": name, "suite": "tidy", "command": "run"} for name in names]
        conn.execute(insert(QueueEntry), rows)
    start = threading.Barrier(THREADS)

    def work(number: int) -> list[int]:
        start.wait()
        taken: list[int] = []
        while True:
            with engine.begin() as conn:
                claim = Queue(conn).claim(worker=f"worker-{number}", lease=HOUR)
            if claim is None:
                return taken
            taken.append(claim.item.id)

    with ThreadPoolExecutor(THREADS) as pool:
        taken = [item for each in pool.map(work, range(THREADS)) for item in each]

    assert len(taken) == ITEMS  # none twice
    assert len(set(taken)) == ITEMS  # and none lost
    with engine.connect() as conn:
        ids = conn.execute(select(func.count(QueueEntry.claim_id.distinct()))).scalar_one()
    assert ids == ITEMS


def test_an_item_that_is_being_taken_is_passed_over(
    put: Put, session: Session, engine: Engine
) -> None:
    first, second = put("ash"), put("birch")
    mine = Queue(session).claim(worker="me", lease=HOUR)
    with engine.begin() as conn:
        yours = Queue(conn).claim(worker="you", lease=HOUR)
        nobodys = Queue(conn).claim(worker="they", lease=HOUR)
    assert mine is not None
    assert yours is not None
    assert (mine.item.id, yours.item.id, nobodys) == (first, second, None)


@pytest.mark.parametrize("taken", [60, 3000])
def test_however_many_are_being_taken_the_next_is_found(
    put: Put, session: Session, engine: Engine, taken: int
) -> None:
    last = put("birch", "tidy", offset=5000)
    put_in_front(session, "ash", taken)
    with engine.begin() as others:
        locked = select(QueueEntry.id).where(QueueEntry.id != last).with_for_update()
        assert len(others.execute(locked).all()) == taken
        assert take(session).item.id == last
        assert Queue(session).claim(worker="v", lease=HOUR) is None


def test_what_is_left_out_hides_nothing_behind_one_that_is_being_taken(
    put: Put, session: Session, engine: Engine
) -> None:
    """The one in front is all that is near, and another has it."""
    front, behind = put("birch", "front", offset=-1000), put("birch", "tidy", offset=5000)
    put_in_front(session, "ash", 3000)
    with engine.begin() as others:
        others.execute(select(QueueEntry.id).where(QueueEntry.id == front).with_for_update())
        claim = Queue(session).claim(worker="w", lease=HOUR, exclude_hosts=["one.example"])
        assert claim is not None
        assert claim.item.id == behind


def test_nothing_is_handed_out_unless_it_is_committed(put: Put, session: Session) -> None:
    first = put("ash")
    assert Queue(session).claim(worker="w", lease=HOUR) is not None
    session.rollback()
    assert take(session).item.id == first


def test_a_claim_says_who_and_until_when(put: Put, session: Session) -> None:
    put("ash")
    before = datetime.now(UTC)
    claim = take(session, worker="ada")
    assert before + 0.9 * HOUR < claim.until < before + 1.1 * HOUR
    queue = Queue(session)
    assert queue.held_by("ada") == [claim.claim_id]
    assert queue.held_by("bob") == []


def test_claims_are_filtered_like_looks(put: Put, session: Session) -> None:
    put("ash")
    birch, cedar, other = put("birch"), put("cedar"), put("ash", "other")
    queue = Queue(session)

    def claim(**filters: object) -> int | None:
        claim = queue.claim(worker="w", lease=HOUR, **filters)  # type: ignore[arg-type]
        return None if claim is None else claim.item.id

    assert claim(exclude_hosts=["one.example"]) == birch
    assert claim(exclude_hosts=["one.example"]) == cedar
    assert claim(exclude_hosts=["one.example"]) is None
    assert claim(campaign="other") == other
    assert claim(codebase="birch") is None


def test_a_claim_that_ran_out_is_put_back_and_handed_out_again(put: Put, session: Session) -> None:
    first = put("ash")
    lost = take(session, lease=OVER)
    assert put_back(session) == Expired(put_back=1, worn_out=())
    assert put_back(session) == Expired(put_back=0, worn_out=())

    again = take(session, worker="next")

    assert again.item.id == first
    assert again.claim_id != lost.claim_id
    with pytest.raises(ClaimLost, match=f"claim {lost.claim_id} is gone"):
        Queue(session).heartbeat(lost.claim_id, HOUR)
    Queue(session).release(lost.claim_id)  # nor can the late one give back what is another's
    assert Queue(session).held_by("next") == [again.claim_id]


def test_a_claim_that_has_not_run_out_stays(put: Put, session: Session) -> None:
    put("ash")
    claim = take(session)
    assert put_back(session) == Expired(0, ())
    assert Queue(session).held_by("w") == [claim.claim_id]


def test_a_heartbeat_extends_a_claim(put: Put, session: Session) -> None:
    put("ash")
    claim = take(session, lease=OVER)

    until = Queue(session).heartbeat(claim.claim_id, HOUR)
    session.commit()

    assert until > claim.until + 0.9 * HOUR
    assert put_back(session) == Expired(0, ())
    assert Queue(session).held_by("w") == [claim.claim_id]


def test_a_heartbeat_that_comes_late_does_not_shorten_a_claim(put: Put, session: Session) -> None:
    put("ash")
    claim = take(session)
    until = Queue(session).heartbeat(claim.claim_id, HOUR)
    assert Queue(session).heartbeat(claim.claim_id, OVER) == until


def test_an_item_that_wears_out_its_workers_ends_as_a_run(put: Put, session: Session) -> None:
    first = put("ash", context="1.0", command="run it")
    for _ in range(MOST_CLAIMS - 1):
        take(session, lease=OVER)
        assert str(settle_expired_claims(session)) == "1 put back, 0 given up"
        session.commit()
    last = take(session, worker="the-last", lease=OVER)

    assert str(settle_expired_claims(session)) == "0 put back, 1 given up"
    session.commit()

    assert Queue(session).get_item(first) is None
    run = session.execute(select(RunRow.__table__)).one()
    assert (run.id, run.codebase, run.suite) == (last.claim_id, "ash", "tidy")
    assert (run.result_code, run.command, run.instigated_context) == (
        "worker-failure",
        "run it",
        "1.0",
    )
    assert f"{MOST_CLAIMS} workers, the last one the-last" in run.description
    session.rollback()
    with pytest.raises(ClaimLost):
        Queue(session).heartbeat(last.claim_id, HOUR)


def test_what_is_given_back_does_not_count_as_a_try(put: Put, session: Session) -> None:
    first = put("ash")
    for _ in range(MOST_CLAIMS + 2):
        claim = take(session)
        Queue(session).release(claim.claim_id)
        Queue(session).release(claim.claim_id)  # saying so twice is saying so once
        session.commit()
    take(session, lease=OVER)
    assert put_back(session) == Expired(1, ())
    assert take(session).item.id == first


def test_an_item_is_put_back_where_it_was(put: Put, session: Session) -> None:
    first, second = put("ash"), put("birch")
    before = session.execute(text("SELECT id, bucket, base, priority FROM queue ORDER BY id")).all()
    take(session, lease=OVER)
    put_back(session)
    after = session.execute(text("SELECT id, bucket, base, priority FROM queue ORDER BY id")).all()
    assert after == before
    assert [item.id for item in Queue(session).iter_queue()] == [first, second]


def test_two_that_take_back_at_once_count_each_item_once(
    put: Put, session: Session, engine: Engine
) -> None:
    put("ash")
    take(session, lease=OVER)
    assert Queue(session).take_back_expired().put_back == 1
    with engine.begin() as conn:
        assert Queue(conn).take_back_expired() == Expired(0, ())  # and does not wait
    session.commit()
    assert put_back(session) == Expired(0, ())
