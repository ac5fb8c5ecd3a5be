"""Two reviewers do not get the same run; pages follow each other without gaps."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from janitor.review import store_review
from janitor.review.claims import claim_next, release
from janitor.review.waiting import InvalidPlace, Wanted, waiting
from janitor.state.review_claim import ReviewClaim
from janitor.vcs.run_diff import MadeDiff, record_diff
from janitor.vcs.structured import DiffCounts
from tests.integration.review.scenario import add_policy, add_review, add_run
from tests.integration.runs.scenario import wait_until_blocked


@pytest.fixture
def house(reviewed_house: Session) -> Session:
    """Three runs that wait, ``r1`` before ``r2`` before ``r3``."""
    for number in (1, 2, 3):
        add_run(reviewed_house, f"r{number}", f"hello-{number}", value=10 - number)
    reviewed_house.commit()
    return reviewed_house


def claimed(session: Session, reviewer: str, **wishes: Any) -> str | None:
    with session.begin():
        claim = claim_next(session, reviewer, Wanted(reviewer, **wishes))
    return claim.waiting.run.id if claim else None


def test_each_reviewer_gets_a_run_of_their_own(house: Session) -> None:
    assert [claimed(house, who) for who in ("ada", "bob", "eve")] == ["r1", "r2", "r3"]
    assert claimed(house, "fred") is None
    shown = [(each.run.id, each.claimed_by) for each in waiting(house, Wanted())]
    assert shown == [("r1", "ada"), ("r2", "bob"), ("r3", "eve")]


def test_who_asks_again_keeps_what_they_have(house: Session) -> None:
    assert claimed(house, "bob") == "r1"
    assert claimed(house, "ada") == "r2"
    assert claimed(house, "ada") == "r2"


def test_a_claim_ends_with_a_verdict_or_when_given_back(house: Session) -> None:
    claimed(house, "ada")
    with house.begin():
        store_review(house, None, None, "r1", "abstained", None, "bob", True)
    assert claimed(house, "eve") == "r2", "bob's verdict is none of ada's"
    with house.begin():
        assert release(house, "r2", "eve")
        assert not release(house, "r2", "eve")
        assert not release(house, "r1", "eve")
        store_review(house, None, None, "r1", "abstained", None, "ada", True)
    assert house.scalars(select(ReviewClaim)).all() == []


def test_a_claim_that_ran_out_is_anybodys(house: Session) -> None:
    claimed(house, "ada")
    house.execute(update(ReviewClaim).values(claimed_until="2026-01-01"))
    house.commit()
    assert [each.claimed_by for each in waiting(house, Wanted())] == [None, None, None]
    house.rollback()
    assert claimed(house, "bob") == "r1"


def test_a_claim_lasts_as_long_as_was_asked(house: Session) -> None:
    with house.begin():
        claim = claim_next(house, "ada", Wanted(), lease=timedelta(minutes=7))
    assert claim is not None
    row = house.scalars(select(ReviewClaim)).one()
    assert row.claimed_until == claim.until
    assert row.claimed_until - row.claimed_at == timedelta(minutes=7)


def test_who_claims_at_the_same_moment_gets_the_next_one(house: Session, engine: Engine) -> None:
    got: list[str | None] = []
    with Session(engine) as other:
        claim_next(house, "ada", Wanted())
        second = threading.Thread(target=lambda: got.append(claimed(other, "bob")))
        second.start()
        wait_until_blocked(engine)
        house.commit()
        second.join()
    assert got == ["r2"]


def test_what_is_decided_while_somebody_claims_it_is_not_handed_out(
    house: Session, engine: Engine
) -> None:
    got: list[str | None] = []
    with Session(engine) as other:
        assert claim_next(house, "ada", Wanted()) is not None
        second = threading.Thread(target=lambda: got.append(claimed(other, "bob")))
        second.start()
        wait_until_blocked(engine)
        store_review(house, None, None, "r1", "approved", None, "ada", True)
        house.commit()
        second.join()
    assert got == ["r2"]
    shown = [(each.run.id, each.claimed_by) for each in waiting(house, Wanted())]
    assert shown == [("r2", "bob"), ("r3", None)]


def test_a_claim_is_of_what_was_asked_for(house: Session) -> None:
    add_run(house, "other", "hello-other", suite="polish")
    house.commit()
    assert claimed(house, "ada", campaigns=["polish"]) == "other"
    assert claimed(house, "bob", codebases=["hello-3"]) == "r3"


def test_pages_follow_each_other_without_gaps(reviewed_house: Session) -> None:
    """Ties in every part of the order, and what has no value or was never finished."""
    house = reviewed_house
    add_policy(house, "deriving", "push-derived")
    for number in range(24):
        fields: dict[str, Any] = {"value": (None, 5, 5, 7)[number % 4], "age": number % 3}
        fields |= {"finish_time": None} if number % 5 == 0 else {}
        policy = "deriving" if number % 2 else "proposing"
        add_run(house, f"r{number:02}", f"hello-{number:02}", policy=policy, **fields)
        if number % 7 == 0:
            add_review(house, f"r{number:02}", "bob")
    whole = [each.run.id for each in waiting(house, Wanted())]
    assert len(whole) == 24
    paged: list[str] = []
    place = None
    while page := waiting(house, Wanted(), limit=5, after=place):
        paged += [each.run.id for each in page]
        place = page[-1].place
    assert paged == whole


def test_a_page_goes_on_after_runs_that_are_gone(house: Session) -> None:
    first, second, third = waiting(house, Wanted())
    with_verdict = {"first": first.run.id, "second": second.run.id}
    for run_id in with_verdict.values():
        store_review(house, None, None, run_id, "rejected", None, "ada", True)
    rest = waiting(house, Wanted(), after=second.place)
    assert [each.run.id for each in rest] == [third.run.id]


@pytest.mark.parametrize("place", ["", "r1", "1/2/3/4", "a/0/0/0/r1"])
def test_what_is_no_place_is_told(house: Session, place: str) -> None:
    with pytest.raises(InvalidPlace, match="is no place in the list"):
        waiting(house, Wanted(), after=place)


def diff(session: Session, run_id: str, body: bytes, role: str = "main") -> None:
    record_diff(session, MadeDiff(run_id, role, b"a", b"b", body, DiffCounts(1, 1, 0)))


def test_runs_that_made_the_same_change_are_found(house: Session) -> None:
    diff(house, "r1", b"same")
    diff(house, "r2", b"same")
    diff(house, "r3", b"other")
    add_run(house, "without", "hello-without")
    add_run(house, "more", "hello-more")
    diff(house, "more", b"same")
    diff(house, "more", b"and more", "docs")
    found = waiting(house, Wanted(same_diff_as="r1"))
    assert [each.run.id for each in found] == ["r1", "r2"]
    unseen = "INSERT INTO new_result_branch (run_id, role) VALUES ('r2', 'docs')"
    house.execute(text(unseen))  # its diff is not made yet, or could not be
    found = waiting(house, Wanted(same_diff_as="r1"))
    assert [each.run.id for each in found] == ["r1"]


def test_a_diff_that_was_cut_off_is_the_same_as_no_other(house: Session) -> None:
    """What comes after its beginning may be another."""
    for run_id in ("r1", "r2"):
        made = MadeDiff(run_id, "main", b"a", b"b", b"same", DiffCounts(1, 1, 0), "bytes")
        record_diff(house, made)
    assert waiting(house, Wanted(same_diff_as="r1")) == []
