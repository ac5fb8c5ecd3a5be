"""A job's row: asked for once, leased by one, ended once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from janitor.errors import PassingError
from janitor.jobs import (
    JobKind,
    Lease,
    LeaseLost,
    Payload,
    RetryPolicy,
    Ring,
    fail,
    finish,
    hand_back,
    lease,
    ledger_sessions,
    refuse,
    renew,
    retry_later,
    submit,
)
from janitor.jobs.upkeep import prune, ring_again, take_back_expired
from janitor.state import Conn
from janitor.state.job import JobRow


class Paint(Payload):
    """Work for the tests."""

    wall: str
    colour: str = "white"


failed_walls: list[tuple[str, str]] = []


def note_failure(_conn: Conn, ask: Paint, reason: str) -> None:
    failed_walls.append((ask.wall, reason))


PAINT = JobKind(
    "janitor.review.paint",
    Paint,
    key=lambda ask: ask.wall,
    run=lambda ask: f"run-{ask.wall}",
    when_failed=note_failure,
    retry=RetryPolicy(max_attempts=2),
)
MINUTE = timedelta(minutes=1)


class Bell:
    """A doorbell that remembers."""

    def __init__(self) -> None:
        self.rung: list[Ring] = []

    def ring(self, rings: Sequence[Ring]) -> None:
        self.rung += rings


def ask(session: Session, wall: str = "north") -> int:
    job_id, _new = submit(session, PAINT, Paint(wall=wall))
    session.commit()
    return job_id


def take(session: Session, wall: str = "north") -> Lease | None:
    held = lease(
        session, PAINT, Paint(wall=wall), owner="here:1", duration=MINUTE, trace_id="trace"
    )
    session.commit()
    return held


def held_lease(session: Session) -> Lease:
    ask(session)
    held = take(session)
    assert held is not None
    return held


def row(session: Session, wall: str = "north") -> JobRow:
    session.expire_all()
    return session.scalars(select(JobRow).where(JobRow.key == wall)).one()


def test_asking_twice_is_asking_once(session: Session) -> None:
    first = submit(session, PAINT, Paint(wall="north"))
    second = submit(session, PAINT, Paint(wall="north", colour="red"))
    assert second == (first[0], False)
    assert first[1]
    assert row(session).payload == {"wall": "north", "colour": "white"}


def test_what_is_rolled_back_was_not_asked_for(session: Session) -> None:
    submit(session, PAINT, Paint(wall="north"))
    session.rollback()
    assert session.scalars(select(JobRow)).all() == []


def test_a_lease_is_taken_by_one(session: Session) -> None:
    ask(session)
    assert take(session) is not None
    assert take(session) is None
    assert row(session).attempts == 1


def test_a_message_without_a_row_makes_one(session: Session) -> None:
    held = take(session)
    assert held is not None
    assert row(session).state == "leased"
    assert row(session).run_id == "run-north"
    assert row(session).trace_id == "trace"


def test_many_deliveries_at_once_lease_once(engine: Engine) -> None:
    taken: list[Lease] = []
    start = threading.Barrier(8)

    def deliver() -> None:
        with Session(engine) as session:
            start.wait()
            held = take(session)
            if held is not None:
                taken.append(held)

    threads = [threading.Thread(target=deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1


def test_the_end_and_the_effects_are_one_transaction(session: Session) -> None:
    held = held_lease(session)
    finish(session, held)
    session.execute(text("CREATE TABLE effect ()"))
    session.rollback()
    assert row(session).state == "leased"
    finish(session, held)
    session.commit()
    assert row(session).state == "done"
    assert row(session).finished_at is not None


def test_who_lost_the_lease_can_not_end_the_job(session: Session) -> None:
    held = held_lease(session)
    session.execute(text("UPDATE job SET lease_until = now() - interval '1 s'"))
    take_back_expired(session, {})
    session.commit()
    with pytest.raises(LeaseLost, match="north"):
        finish(session, held)
    assert not renew(session, [held], MINUTE)
    assert not fail(session, held, PAINT, Paint(wall="north"), reason="x", why="error")
    assert not retry_later(session, held, PAINT, PassingError("x"))
    assert not hand_back(session, held)
    assert row(session).state == "pending"


def test_an_older_attempt_does_not_end_a_newer_one(session: Session) -> None:
    old = held_lease(session)
    retry_later(session, old, PAINT, PassingError("store is away"))
    session.execute(text("UPDATE job SET not_before = now()"))
    session.commit()
    assert take(session) is not None
    with pytest.raises(LeaseLost):
        finish(session, old)


def test_renewing_extends_the_lease(session: Session) -> None:
    held = held_lease(session)
    assert renew(session, [held], timedelta(hours=1)) == 1
    session.commit()
    assert row(session).lease_until > held.until + timedelta(minutes=50)


def test_an_error_waits_before_it_is_tried_again(session: Session) -> None:
    held = held_lease(session)
    retry_later(session, held, PAINT, PassingError("busy", retry_after=timedelta(hours=2)))
    session.commit()
    assert take(session) is None
    assert row(session).error_kind == "error"
    assert row(session).last_error == "busy"
    waits = row(session).not_before - row(session).created_at
    assert waits > timedelta(hours=1, minutes=59)


def test_a_failure_is_final_and_tells_its_kind(session: Session) -> None:
    failed_walls.clear()
    held = held_lease(session)
    assert fail(session, held, PAINT, Paint(wall="north"), reason="no paint", why="failure")
    session.commit()
    assert row(session).state == "failed"
    assert failed_walls == [("north", "no paint")]
    assert take(session) is None


def test_secrets_and_odd_bytes_do_not_reach_the_reason(session: Session) -> None:
    held = held_lease(session)
    reason = "redis://:hunter2@h is away\0\udc80" + "x" * 5000
    fail(session, held, PAINT, Paint(wall="north"), reason=reason, why="error")
    session.commit()
    kept = row(session).last_error
    assert kept is not None
    assert "hunter2" not in kept
    assert len(kept) <= 2000


def test_a_job_handed_back_did_not_count(session: Session) -> None:
    held = held_lease(session)
    hand_back(session, held)
    session.commit()
    assert (row(session).state, row(session).attempts) == ("pending", 0)
    assert take(session) is not None


def test_a_refused_message_is_a_failed_job_with_its_reason(session: Session) -> None:
    arguments = {"wall": "..\0", "odd": "\udc80", "token": "hunter2"}
    for _ in range(2):
        refuse(session, "janitor.review.paint", arguments, "odd: not known", "trace")
    session.commit()
    refused = session.scalars(select(JobRow)).one()
    assert (refused.state, refused.error_kind) == ("failed", "invalid")
    assert refused.last_error == "odd: not known"
    assert "hunter2" not in str(refused.payload)


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        ({"wall": float("nan")}, {"wall": "NaN"}),
        ({"token": 5}, {"refused_text": '{"token": ***'}),
        ({"password": 'hunt"er2'}, {"refused_text": '{"password": "***"er2"}'}),
    ],
)
def test_refused_arguments_that_no_row_could_hold_are_kept_as_near_as_can_be(
    session: Session, arguments: dict[str, Any], kept: dict[str, str]
) -> None:
    refuse(session, "janitor.review.paint", arguments, "odd", "trace")
    session.commit()
    assert session.scalars(select(JobRow)).one().payload == kept


def test_an_enormous_refused_message_is_not_kept(session: Session) -> None:
    refuse(session, "janitor.review.paint", {"wall": "x" * 100_000}, "too long", "trace")
    session.commit()
    assert session.scalars(select(JobRow)).one().payload == {"refused_bytes": 100_012}


def test_a_lease_that_ran_out_goes_back_and_ends_after_the_last_attempt(session: Session) -> None:
    failed_walls.clear()
    ask(session)
    for attempt in (1, 2):
        held = take(session)
        assert held is not None
        assert held.attempt == attempt
        session.execute(text("UPDATE job SET lease_until = now() - interval '1 s'"))
        taken = take_back_expired(session, {PAINT.name: PAINT})
        session.commit()
        assert (taken.waiting, taken.failed) == ((1, 0) if attempt == 1 else (0, 1))
    assert row(session).state == "failed"
    assert row(session).error_kind == "lost"
    assert "2 attempts" in (row(session).last_error or "")
    assert failed_walls[0][0] == "north"


def test_a_row_that_cannot_be_read_does_not_keep_others_from_being_taken_back(
    session: Session,
) -> None:
    failed_walls.clear()
    for wall in ("odd", "north"):
        ask(session, wall)
        assert take(session, wall) is not None
    session.execute(text("UPDATE job SET lease_until = now() - interval '1 s', attempts = 2"))
    session.execute(text("""UPDATE job SET payload = '{"wall": 5}' WHERE key LIKE '%odd%'"""))
    taken = take_back_expired(session, {PAINT.name: PAINT})
    assert (taken.waiting, taken.failed) == (0, 2)
    assert [wall for wall, _ in failed_walls] == ["north"]


def test_a_living_lease_is_left_alone(session: Session) -> None:
    held_lease(session)
    taken = take_back_expired(session, {})
    assert (taken.waiting, taken.failed) == (0, 0)


def test_rings_go_out_after_commit(engine: Engine) -> None:
    bell = Bell()
    with ledger_sessions(engine, bell)() as session:
        submit(session, PAINT, Paint(wall="north"), trace_id="t1")
        assert bell.rung == []
        session.commit()
        assert bell.rung == [Ring(PAINT.name, {"wall": "north", "colour": "white"}, "t1")]
        session.commit()
        assert len(bell.rung) == 1


def test_no_ring_goes_out_for_what_was_rolled_back(engine: Engine) -> None:
    bell = Bell()
    with ledger_sessions(engine, bell)() as session:
        submit(session, PAINT, Paint(wall="north"))
        session.rollback()
        session.commit()
    assert bell.rung == []


def test_no_ring_goes_out_for_what_a_closed_session_left_behind(engine: Engine) -> None:
    bell = Bell()
    with ledger_sessions(engine, bell)() as session:
        submit(session, PAINT, Paint(wall="north"))
        session.close()
        submit(session, PAINT, Paint(wall="south"))
        session.commit()
    assert [ring.arguments["wall"] for ring in bell.rung] == ["south"]


def test_what_was_rung_for_is_not_rung_for_again_at_once(engine: Engine) -> None:
    bell = Bell()
    with ledger_sessions(engine, bell).begin() as session:
        submit(session, PAINT, Paint(wall="north"))
    with ledger_sessions(engine, bell).begin() as session:
        assert ring_again(session, MINUTE) == 0
    assert len(bell.rung) == 1


def test_savepoints_ring_with_the_outermost_commit_or_not_at_all(engine: Engine) -> None:
    bell = Bell()
    with ledger_sessions(engine, bell)() as session:
        with session.begin_nested():
            submit(session, PAINT, Paint(wall="kept"))
        lost = session.begin_nested()
        submit(session, PAINT, Paint(wall="lost"))
        with session.begin_nested():
            submit(session, PAINT, Paint(wall="lost inside"))
        lost.rollback()
        submit(session, PAINT, Paint(wall="last"))
        assert bell.rung == []
        session.commit()
    assert [ring.arguments["wall"] for ring in bell.rung] == ["kept", "last"]


def test_a_job_nobody_was_told_of_is_rung_for(engine: Engine) -> None:
    bell = Bell()
    with Session(engine) as silent:
        ask(silent)
    with ledger_sessions(engine, bell).begin() as session:
        assert ring_again(session, MINUTE) == 1
    assert [ring.kind for ring in bell.rung] == [PAINT.name]
    with ledger_sessions(engine, bell).begin() as session:
        assert ring_again(session, MINUTE) == 0


def test_a_lost_message_is_sent_again_after_twice_as_long_each_time(engine: Engine) -> None:
    bell = Bell()
    with ledger_sessions(engine, bell).begin() as session:
        submit(session, PAINT, Paint(wall="north"))

    def rung_after(seconds: int) -> int:
        with ledger_sessions(engine, bell).begin() as session:
            session.execute(
                text(
                    "UPDATE job SET rung_at = now() - make_interval(secs => :s), not_before ="
                    " now() - interval '1 day'"
                ),
                {"s": seconds},
            )
            return ring_again(session, MINUTE)

    assert rung_after(59) == 0
    assert rung_after(61) == 1
    assert rung_after(61) == 0
    assert rung_after(121) == 1


def test_what_is_not_due_is_not_rung_for(session: Session) -> None:
    held = held_lease(session)
    retry_later(session, held, PAINT, PassingError("x"))
    assert ring_again(session, MINUTE) == 0
    session.execute(text("UPDATE job SET not_before = now()"))
    assert ring_again(session, MINUTE) == 1


def test_only_jobs_that_ended_long_ago_are_pruned(session: Session) -> None:
    ask(session, "waiting")
    finish(session, held_lease(session))
    session.commit()
    assert prune(session) == 0
    session.execute(
        text("UPDATE job SET finished_at = now() - interval '8 d' WHERE state = 'done'")
    )
    assert prune(session) == 1
    assert [job.key for job in session.scalars(select(JobRow))] == ["waiting"]
