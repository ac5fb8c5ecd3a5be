"""Which runs wait for a verdict, and in which order a reviewer sees them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from janitor.review import runs_needing_review
from janitor.state.publish_policy import BranchPublishPolicy, NamedPublishPolicy
from janitor.state.run import ResultBranch
from tests.integration.review.scenario import (
    CAMPAIGN,
    add_another_run,
    add_policy,
    add_review,
    add_run,
)


@pytest.fixture
def house(reviewed_house: Session) -> Session:
    """One run that waits: ``waits``."""
    add_run(reviewed_house, "waits", "hello-waits")
    return reviewed_house


def waiting(session: Session, **wishes: Any) -> list[str]:
    session.flush()
    return [run.id for run in runs_needing_review(session, **wishes)]


def test_a_run_is_told_with_its_branches(house: Session) -> None:
    (run,) = runs_needing_review(house)
    assert (run.id, run.campaign, run.revision) == ("waits", CAMPAIGN, b"rev-of-waits")
    assert run.get_result_branch("main") == (None, b"a", b"b")


@pytest.mark.parametrize(
    "fields",
    [
        {"publish_status": "unknown"},
        {"publish_status": "approved"},
        {"publish_status": "rejected"},
        {"publish_status": "blocked"},
        {"result_code": "build-failed"},
        {"result_code": "nothing-to-do"},
        {"policy": None},
        {"roles": ()},
        {"absorbed": True},
        {"roles": ("debian",)},  # nothing is said of how to publish it
    ],
)
def test_what_needs_no_review_is_left_out(house: Session, fields: dict[str, Any]) -> None:
    add_run(house, "other", "hello-other", **fields)
    assert waiting(house) == ["waits"]


@pytest.mark.parametrize(
    ("mode", "publishable"),
    [
        ("push", True),
        ("attempt-push", True),
        ("propose", True),
        ("push-derived", True),
        ("build-only", False),
        ("skip", False),
        ("bts", False),
    ],
)
def test_only_what_would_be_published_waits(house: Session, mode: str, publishable: bool) -> None:
    add_policy(house, f"to-{mode}", mode)
    add_run(house, "other", "hello-other", policy=f"to-{mode}")
    assert ("other" in waiting(house)) is publishable


def test_only_branches_that_are_not_published_yet_count(house: Session) -> None:
    modes = [BranchPublishPolicy("main", "propose", None), BranchPublishPolicy("x", "skip", None)]
    house.execute(insert(NamedPublishPolicy).values(name="both", per_branch_policy=modes))
    add_run(house, "other", "hello-other", roles=("main", "x"), policy="both")
    assert set(waiting(house)) == {"waits", "other"}
    published = update(ResultBranch).where(ResultBranch.run_id == "other")
    house.execute(published.where(ResultBranch.role == "main").values(absorbed=True))
    assert waiting(house) == ["waits"]


def test_an_earlier_run_makes_way_for_the_last_one(house: Session) -> None:
    add_run(house, "old", "hello-other", age=1)
    assert "old" in waiting(house)
    add_another_run(house, "new", "hello-other")
    assert set(waiting(house)) == {"waits", "new"}


def test_campaigns_can_be_chosen(house: Session) -> None:
    add_run(house, "other", "hello-other", suite="polish")
    assert set(waiting(house)) == {"waits", "other"}
    assert waiting(house, campaigns=["polish"]) == ["other"]
    assert set(waiting(house, campaigns=["polish", CAMPAIGN])) == {"waits", "other"}
    assert waiting(house, campaigns=[]) == []


def test_what_i_reviewed_is_not_shown_to_me_again(house: Session) -> None:
    add_review(house, "waits", "ada")
    assert waiting(house, reviewer="ada") == []
    assert waiting(house, reviewer="bob") == ["waits"]
    assert waiting(house) == ["waits"]


def test_the_order_is_reviews_then_visibility_then_value_then_age(reviewed_house: Session) -> None:
    """Each run is before the next by one rule, though each later rule says the opposite."""
    house = reviewed_house
    add_policy(house, "deriving", "push-derived")
    add_run(house, "newest", "hello-1", value=10, age=1)
    add_run(house, "older", "hello-2", value=10, age=2)
    add_run(house, "low", "hello-3", value=5, age=0)
    add_run(house, "no-value", "hello-4", value=None, age=0)
    add_run(house, "derived", "hello-5", value=99, age=0, policy="deriving")
    add_run(house, "seen-once", "hello-6", value=100, age=0)
    add_run(house, "seen-twice", "hello-7", value=200, age=0)
    add_review(house, "seen-once", "bob")
    add_review(house, "seen-twice", "bob")
    add_review(house, "seen-twice", "eve", "rejected")
    order = ["newest", "older", "low", "no-value", "derived", "seen-once", "seen-twice"]
    assert waiting(house, reviewer="ada") == order
    assert waiting(house, limit=3) == order[:3]
    assert waiting(house, limit=0) == []


@pytest.mark.parametrize("mode", ["propose", "attempt-push", "push"])
def test_what_will_be_proposed_or_pushed_is_seen_first(reviewed_house: Session, mode: str) -> None:
    add_policy(reviewed_house, "deriving", "push-derived")
    add_policy(reviewed_house, "visible", mode)
    add_run(reviewed_house, "derived", "hello-1", policy="deriving", value=99)
    add_run(reviewed_house, "visible", "hello-2", policy="visible", value=1)
    assert waiting(reviewed_house) == ["visible", "derived"]
