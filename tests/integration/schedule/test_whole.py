"""A pass over all candidates in parts: together they do what one would."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from janitor.queue import Queue
from janitor.schedule import Options
from janitor.schedule.recomputation import Recomputation
from janitor.schedule.recompute import keep_passes_aside, recompute
from janitor.schedule.whole import recompute_all
from tests.integration.schedule.entries import statements
from tests.integration.schedule.test_recompute import wait_until_blocked
from workers.waiting import advice

NAMES = ["00", "10", "92", "aa", "a+b", "a-b", "a.b", "bb", "bb0", "mm", "zz"]


@pytest.fixture
def many(field: Any, session: Session) -> Any:
    for name in NAMES:
        field.codebase(name)
        for campaign in ("tidy", "other"):
            field.candidate(name, campaign)
    session.commit()
    return field


@pytest.mark.parametrize("most", [1, 2, 3, 7, 11, 22, 100])
def test_each_candidate_gets_its_place_once(many: Any, engine: Engine, most: int) -> None:
    done = recompute_all(engine, least=1, most=most)
    assert done == Recomputation(candidates=22, added=22)
    assert done.seconds > 0
    assert sorted({entry.codebase for entry in many.queue()}) == sorted(NAMES)
    before = many.queue()
    assert recompute_all(engine, least=1, most=most) == Recomputation(candidates=22)
    assert many.queue() == before


def test_a_pass_over_many_has_as_many_parts_as_needed(many: Any, engine: Engine) -> None:
    with statements(engine) as seen:
        recompute_all(engine, least=1, most=7)
    assert sum("INSERT INTO queue " in statement for statement in seen) == 4  # of 22
    with statements(engine) as seen:
        recompute_all(engine, least=100)
    assert sum("INSERT INTO queue " in statement for statement in seen) == 1
    assert len(many.queue()) == 22


def test_codebases_without_a_name_are_in_no_part(
    many: Any, session: Session, engine: Engine
) -> None:
    for number in range(30):
        url = {"url": f"https://x/{number}"}
        session.execute(text("INSERT INTO codebase (branch_url, url) VALUES (:url, :url)"), url)
    session.commit()
    assert recompute_all(engine, least=1, most=2) == Recomputation(candidates=22, added=22)
    assert len(many.queue()) == 22


def test_what_is_gone_is_taken_out_of_every_part(
    many: Any, session: Session, engine: Engine
) -> None:
    recompute_all(engine)
    session.execute(text("DELETE FROM candidate WHERE suite = 'other'"))
    session.execute(text("UPDATE codebase SET inactive = true WHERE name IN ('00', 'zz')"))
    session.commit()
    done = recompute_all(engine, least=1, most=7)
    assert done == Recomputation(candidates=9, removed=13)
    assert len(many.queue()) == 9


def test_all_parts_start_from_the_same_place(many: Any, engine: Engine) -> None:
    recompute_all(engine, least=1, most=7)  # the third sees what the first two have put in
    assert {entry.base for entry in many.queue()} == {0}


@pytest.mark.usefixtures("many")
def test_another_pass_steps_aside_until_the_last_part_has_ended(
    session: Session, engine: Engine
) -> None:
    Queue(session).add(codebase="zz", command="mine", campaign="tidy", requester="me")
    with ThreadPoolExecutor(2) as pool:
        done = pool.submit(recompute_all, engine, least=1)
        wait_until_blocked(engine, done)  # the second part, by our entry
        other = pool.submit(recompute_all, engine)
        try:
            assert other.result(timeout=60).stepped_aside
        finally:
            session.commit()
    assert done.result() == Recomputation(candidates=22, added=21)
    assert recompute_all(engine) == Recomputation(candidates=22)


@pytest.mark.usefixtures("many")
def test_who_holds_an_entry_and_waits_for_the_pass_is_told(
    session: Session, engine: Engine
) -> None:
    Queue(session).add(codebase="zz", command="mine", campaign="tidy", requester="me")
    session.execute(text("SET LOCAL lock_timeout = '60s'"))  # a circle unseen would be for ever
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(recompute_all, engine, least=1)
        wait_until_blocked(engine, done)
        told: BaseException | None = None
        try:
            keep_passes_aside(session)
        except DBAPIError as error:
            told = error
        session.rollback()
        told = told or done.exception()
    assert told is not None
    assert "(deadlock detected); nothing of this is stored, try again" in str(advice(told))
    assert recompute_all(engine).candidates == 22


def test_a_part_that_fails_undoes_no_other_and_the_next_pass_does_it(
    many: Any, session: Session, engine: Engine
) -> None:
    session.execute(
        text(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE 'no room'; END $$;"
            " CREATE TRIGGER refuse BEFORE INSERT ON queue FOR EACH ROW"
            " WHEN (NEW.codebase = '00') EXECUTE FUNCTION refuse()"
        )
    )
    session.commit()
    with pytest.raises(DBAPIError, match="no room"):
        recompute_all(engine, least=1)
    there = len(many.queue())
    assert 0 < there < 22
    session.execute(text("DROP TRIGGER refuse ON queue"))
    session.commit()
    assert recompute_all(engine) == Recomputation(candidates=22, added=22 - there)


def test_fair_shares_take_the_queue_as_a_whole(many: Any, session: Session, engine: Engine) -> None:
    fair = Options(fair_shares=True)
    recompute_all(engine, options=fair, least=1, most=7)
    in_parts = {(entry.codebase, entry.suite): entry.priority for entry in many.queue()}
    session.execute(text("TRUNCATE queue RESTART IDENTITY"))
    session.commit()
    recompute(session, options=fair)
    session.commit()
    at_once = {(entry.codebase, entry.suite): entry.priority for entry in many.queue()}
    assert in_parts == at_once
