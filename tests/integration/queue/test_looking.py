"""Looking at the queue, which takes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from janitor.queue import Queue
from janitor.state.codebase import Codebase

HOUR = timedelta(hours=1)
Put = Callable[..., int]


def test_the_order_of_service_is_bucket_then_priority_then_id(put: Put, session: Session) -> None:
    last = put("ash", offset=20)
    second = put("birch", offset=-5)
    third = put("cedar", offset=0)
    first = put("doum", bucket="reschedule", offset=10_000)
    queue = Queue(session)
    assert [item.id for item in queue.iter_queue()] == [first, second, third, last]
    assert [item.id for item in queue.iter_queue(limit=2)] == [first, second]
    session.rollback()

    served = []
    for _ in range(4):
        item, _vcs = queue.next_item()
        claim = queue.claim(worker="w", lease=HOUR)
        assert claim is not None
        assert claim.item == item  # what is looked at is what will be taken
        served.append(claim.item.id)
    assert served == [first, second, third, last]


def test_a_look_takes_nothing(put: Put, session: Session) -> None:
    put("ash")
    queue = Queue(session)
    assert queue.next_item() == queue.next_item()
    assert queue.next_item()[0] is not None


def test_an_empty_queue(session: Session) -> None:
    queue = Queue(session)
    assert queue.next_item() == (None, {})
    assert queue.claim(worker="w", lease=HOUR) is None
    assert list(queue.iter_queue()) == []
    assert queue.get_buckets() == []
    assert queue.get_position("tidy", "ash") == (None, None)


def test_filters(put: Put, session: Session) -> None:
    ash, other, birch, cedar = put("ash"), put("ash", "other"), put("birch"), put("cedar")
    queue = Queue(session)

    def look(**filters: object) -> int | None:
        item, _vcs = queue.next_item(**filters)  # type: ignore[arg-type]  # by name
        return None if item is None else item.id

    assert look() == ash
    assert look(codebase="birch") == birch
    assert look(campaign="other") == other
    assert look(codebase="birch", campaign="other") is None
    assert look(assigned_queue_items=[ash, other]) == birch
    assert look(assigned_queue_items={ash, other, birch, cedar}) is None
    assert look(exclude_hosts=["one.example"]) == birch
    assert look(exclude_hosts={"one.example", "two.example"}) == cedar  # on no host that is known
    assert look(exclude_hosts=[]) == ash
    assert [item.id for item in queue.iter_queue(campaign="other")] == [other]


@pytest.mark.parametrize("taking", [False, True], ids=["next_item", "claim"])
def test_what_is_known_of_the_codebase_comes_along(
    put: Put, session: Session, *, taking: bool
) -> None:
    place = {"branch_url": "https://x.example/y", "subpath": "debian", "vcs_type": "bzr"}
    session.add(Codebase(name="fig", url=place["branch_url"], **place))
    session.commit()
    for name in ("fig", "ash", "cedar"):
        put(name)
    queue = Queue(session)

    def known(name: str) -> dict[str, str]:
        if not taking:
            return queue.next_item(codebase=name)[1]
        claim = queue.claim(worker="w", lease=HOUR, codebase=name)
        assert claim is not None
        return claim.vcs_info

    assert known("fig") == place
    assert known("ash") == {"branch_url": "https://one.example/ash", "vcs_type": "git"}
    assert known("cedar") == {}


def test_position_counts_from_one_and_sums_what_is_ahead(put: Put, session: Session) -> None:
    put("ash", estimated_duration=HOUR)
    put("birch", estimated_duration=2 * HOUR)
    put("cedar")  # nobody knows how long
    put("doum", bucket="manual", estimated_duration=4 * HOUR)
    queue = Queue(session)
    assert queue.get_position("tidy", "doum") == (1, timedelta())
    assert queue.get_position("tidy", "ash") == (2, 4 * HOUR)
    assert queue.get_position("tidy", "birch") == (3, 5 * HOUR)
    assert queue.get_position("tidy", "cedar") == (4, 7 * HOUR)
    assert queue.get_position("other", "ash") == (None, None)
    assert queue.get_position("tidy", "elm") == (None, None)


def test_nobody_waits_for_what_is_under_way(put: Put, session: Session) -> None:
    put("ash", estimated_duration=HOUR)
    put("birch", estimated_duration=2 * HOUR)
    queue = Queue(session)
    claim = queue.claim(worker="w", lease=HOUR)
    assert claim is not None
    assert claim.item.codebase == "ash"
    assert queue.get_position("tidy", "birch") == (1, timedelta())
    assert [item.codebase for item in queue.iter_queue()] == ["ash", "birch"]


def test_of_several_entries_the_position_is_of_the_first(put: Put, session: Session) -> None:
    put("ash", change_set="together", offset=100)
    put("birch", offset=-50)
    put("ash", offset=-50)
    assert Queue(session).get_position("tidy", "ash") == (1, timedelta())
