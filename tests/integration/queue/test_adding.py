"""What becomes of an entry that is added, once or again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from janitor.errors import Failure
from janitor.queue import Queue, QueueItem, UnknownBucket
from janitor.queue.new_entry import BUCKETS
from janitor.storable import Unstorable

HOUR = timedelta(hours=1)
Put = Callable[..., int]


def entry(session: Session, queue_id: int) -> Row[Any]:
    row = session.execute(text("SELECT * FROM queue WHERE id = :id"), {"id": queue_id}).one()
    session.rollback()
    return row


def test_an_entry_has_what_was_given(put: Put, session: Session) -> None:
    queue_id = put(
        "ash",
        command="run it",
        change_set="together",
        offset=7,
        bucket="hook",
        context="1.0",
        estimated_duration=HOUR,
        refresh=True,
        requester="ada",
    )
    item = Queue(session).get_item(queue_id)
    assert item is not None
    assert vars(item) == {
        "id": queue_id,
        "context": "1.0",
        "command": "run it",
        "estimated_duration": HOUR,
        "campaign": "tidy",
        "refresh": True,
        "requester": "ada",
        "change_set": "together",
        "codebase": "ash",
    }
    row = entry(session, queue_id)
    assert (row.bucket, row.base, row.priority) == ("hook", 0, 7)


def test_items_are_equal_and_ordered_by_id(put: Put, session: Session) -> None:
    first, second = put("ash"), put("birch")
    queue = Queue(session)
    one, again, other = queue.get_item(first), queue.get_item(first), queue.get_item(second)
    assert isinstance(one, QueueItem)
    assert one is not again
    assert one == again
    assert one != other
    assert one < other
    assert len({one, again, other}) == 2
    assert queue.get_item(second + 1) is None


def test_an_offset_counts_from_the_lowest_priority(put: Put, session: Session) -> None:
    assert entry(session, put("ash", offset=5)).priority == 5  # the queue was empty
    assert entry(session, put("birch", offset=10)).priority == 15
    assert entry(session, put("cedar", offset=0)).priority == 5
    assert entry(session, put("doum", offset=-1)).priority == 4
    assert entry(session, put("elm", offset=-1)).priority == 3


@pytest.mark.parametrize(
    ("offset", "priority"),
    [(0.4, 0), (0.6, 1), (-0.6, -1), (1234567.8, 1234568), (9e12, 9 * 10**12)],
)
def test_a_priority_is_a_whole_number(
    put: Put, session: Session, offset: float, priority: int
) -> None:
    assert entry(session, put("ash", offset=offset)).priority == priority


def test_an_offset_of_minus_one_is_the_front_of_its_bucket(put: Put, session: Session) -> None:
    put("ash", offset=-50)
    put("birch", bucket="manual", offset=400)
    put("cedar", bucket="manual", offset=-1)
    put("doum", offset=-1)
    put("elm", bucket="hook", offset=-1)
    order = [item.codebase for item in Queue(session).iter_queue()]
    assert order == ["cedar", "birch", "elm", "doum", "ash"]


def test_adding_again_brings_the_entry_up_to_date(put: Put, session: Session) -> None:
    first = put("ash", offset=30, context="1.0", requester="ada")
    again = put("ash", offset=40, context="2.0", command="run better", estimated_duration=HOUR)
    assert again == first
    row = entry(session, first)
    assert (row.context, row.command, row.estimated_duration) == ("2.0", "run better", HOUR)
    assert (row.requester, row.refresh, row.claims) == (None, False, 0)


def test_adding_again_keeps_the_place_where_the_entry_came_in(put: Put, session: Session) -> None:
    first = put("ash", offset=300)
    put("birch", offset=100)
    put("cedar", offset=50)
    put("ash", offset=250)
    row = entry(session, first)
    assert (row.base, row.priority) == (0, 250)


def test_who_asks_again_for_the_front_gets_it(put: Put, session: Session) -> None:
    first = put("ash", offset=300)
    for name in ("birch", "cedar"):
        put(name, offset=-1)
    put("ash", offset=-1)
    assert next(Queue(session).iter_queue()).id == first


def test_an_entry_goes_to_an_earlier_bucket_and_not_back(put: Put, session: Session) -> None:
    queue = Queue(session)
    first = put("ash", command="in default")
    assert put("ash", bucket="manual", command="in manual") == first
    assert entry(session, first).bucket == "manual"
    before = entry(session, first)

    answer = queue.add(codebase="ash", campaign="tidy", command="in hook", bucket="hook", offset=-9)
    session.commit()

    assert answer == (first, "manual")
    assert entry(session, first) == before


def test_the_order_of_the_buckets(put: Put, session: Session) -> None:
    """As the services in the field have it, first served first."""
    assert BUCKETS == (
        "update-existing-mp",
        "manual",
        "control",
        "hook",
        "reschedule",
        "update-new-mp",
        "missing-deps",
        "default",
    )
    for number, bucket in enumerate(reversed(BUCKETS)):
        put("ash", f"campaign-{number}", bucket=bucket, offset=number * 100)
    put("birch")
    order = [item.campaign for item in Queue(session).iter_queue()]
    assert order == [*(f"campaign-{number}" for number in reversed(range(8))), "tidy"]
    counts = [(bucket, 2 if bucket == "default" else 1) for bucket in BUCKETS]
    assert Queue(session).get_buckets() == counts


def test_a_claimed_entry_is_left_alone(put: Put, session: Session) -> None:
    first = put("ash")
    Queue(session).claim(worker="w", lease=HOUR)
    session.commit()
    before = entry(session, first)

    assert put("ash", bucket="manual", command="something else") == first

    assert entry(session, first) == before


def test_change_sets_and_campaigns_wait_apart(put: Put, session: Session) -> None:
    added = {put("ash"), put("ash", change_set="together"), put("ash", "other"), put("birch")}
    assert len(added) == 4
    assert put("ash", change_set="together") in added
    assert len(list(Queue(session).iter_queue())) == 4


def test_an_unknown_bucket_is_named(put: Put, session: Session) -> None:
    with pytest.raises(UnknownBucket, match=r"there is no bucket 'sideways'; there are .*manual"):
        put("ash", bucket="sideways")
    assert Queue(session).get_buckets() == []


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"command": ""}, "the command is empty"),
        ({"command": " \t"}, "the command is empty"),
        ({"command": "a\0b"}, "NUL"),
        ({"campaign": "No Name"}, "campaign 'No Name' is refused"),
        ({"codebase": "no_name"}, "codebase 'no_name' is refused"),
        ({"codebase": "missing"}, "no such codebase.*missing"),
        ({"change_set": "missing"}, "no such change set.*missing"),
        ({"offset": float("nan")}, "offset of nan"),
        ({"offset": -1e30}, "offset of -1e[+]30"),
        ({"estimated_duration": -HOUR}, "less than no time"),
    ],
)
def test_what_cannot_be_an_entry_is_refused_in_a_sentence(
    put: Put, session: Session, wrong: dict[str, Any], reason: str
) -> None:
    put("ash")
    entry = {"codebase": "ash", "command": "run it", "campaign": "polish"}
    with pytest.raises(Failure, match=reason):
        Queue(session).add(**entry | wrong)
    session.rollback()
    assert [item.campaign for item in Queue(session).iter_queue()] == ["tidy"]


@pytest.mark.parametrize("unkept", ["a\x00b", "\ud800"])
@pytest.mark.parametrize("name", ["command", "context", "change_set", "requester"])
def test_what_the_database_cannot_keep_is_refused(
    put: Put, session: Session, name: str, unkept: str
) -> None:
    with pytest.raises(Unstorable):
        put("ash", **{name: unkept})
    with pytest.raises(Unstorable):
        Queue(session).get_position("tidy", "ash", change_set=unkept)
    assert list(Queue(session).iter_queue()) == []
