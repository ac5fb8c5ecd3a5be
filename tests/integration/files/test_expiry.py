"""What goes, what stays, and that a file goes whole or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from janitor.errors import Failure
from janitor.files.expiring import iter_expiring
from janitor.files.expiry import MOST_REFUSALS, expire
from janitor.files.needed import needed_among, pin, unpin, why_needed
from janitor.files.policies import InvalidExpiry, Policy, policies, remove_policy, set_policy
from janitor.names import UnsafeName
from janitor.state.run import ResultBranch
from janitor.storage.records import NoSuchRun
from tests.integration.files.house import House
from tests.integration.files.killing import ends_unless_killed

DAY = timedelta(days=1)
OLD = 40 * DAY


def keep(house: House, days: int, campaign: str = "*", code: str = "*", newest: int = 0) -> None:
    with house.sessions.begin() as session:
        set_policy(session, Policy(house.kind, campaign, code, days * DAY, newest))


def add(house: House, run_id: str, *, age: timedelta = OLD, **fields: object) -> None:
    house.add_run(run_id, age=age, **fields)
    house.store(run_id, "a.log", b"x" * 1000)


def going(house: House) -> list[str]:
    with house.sessions() as session:
        return [run.run_id for run in iter_expiring(session, house.shelf)]


def left(house: House) -> set[str]:
    rows = {run_id for run_id, _, _ in house.recorded()}
    assert {place.run_id for place in house.stored("primary")} == rows
    return rows


def let_go(sessions: sessionmaker[Session], house: House) -> None:
    expire(sessions, house.shelf)


def execute(house: House, statement: str, **values: object) -> None:
    with house.sessions.begin() as session:
        session.execute(text(statement), values)


def test_without_a_policy_nothing_goes(house: House) -> None:
    add(house, "old")
    expire(house.sessions, house.shelf)
    assert left(house) == {"old"}


def test_what_is_older_than_the_policy_says_goes(house: House) -> None:
    add(house, "old")
    add(house, "young", age=20 * DAY)
    keep(house, 30)
    with house.sessions() as session:
        (told,) = iter_expiring(session, house.shelf)
    assert (told.run_id, told.campaign, told.codebase, told.files) == ("old", "tidy", "hello", 1)
    assert datetime.now(UTC) - told.ended > OLD
    size = house.rows("old")[0].stored_size
    done = expire(house.sessions, house.shelf)
    assert (done.files, done.size, done.left) == (1, size, 0)
    assert told.size == size
    assert left(house) == {"young"}


def test_other_files_have_other_policies(house: House) -> None:
    add(house, "old")
    other = "logs" if house.kind == "artifacts" else "artifacts"
    with house.sessions.begin() as session:
        set_policy(session, Policy(other, "*", "*", DAY))
    assert going(house) == []


def test_the_more_particular_policy_goes_before_the_others(house: House) -> None:
    add(house, "a1")
    add(house, "a2", result_code="failed")
    add(house, "b1", suite="other")
    add(house, "b2", suite="other", result_code="failed")
    keep(house, 100)
    keep(house, 10, code="failed")
    keep(house, 20, campaign="other")
    keep(house, 200, campaign="other", code="failed")
    assert set(going(house)) == {"a2", "b1"}


def test_the_newest_stay_of_each_codebase_and_campaign(house: House) -> None:
    for number in range(4):
        add(house, f"a{number}", age=OLD + number * DAY)
        add(house, f"b{number}", age=OLD + number * DAY, suite="other")
    add(house, "c0", codebase="goodbye") if house.kind == "artifacts" else None
    keep(house, 30, newest=2)
    assert set(going(house)) == {"a2", "a3", "b2", "b3"}


def test_what_is_pinned_stays_until_it_is_unpinned(house: House) -> None:
    add(house, "old")
    keep(house, 30)
    with house.sessions.begin() as session:
        pin(session, (house.shelf,), "old", "a fine example")
        pin(session, (house.shelf,), "old", "still")
        assert why_needed(session, "old") == ["pinned"]
    expire(house.sessions, house.shelf)
    assert left(house) == {"old"}
    with house.sessions.begin() as session:
        assert unpin(session, "old")
        assert not unpin(session, "old")
        with pytest.raises(NoSuchRun):
            pin(session, (house.shelf,), "nobody", None)
    assert going(house) == ["old"]


def test_what_is_to_be_published_stays(house: House) -> None:
    execute(
        house,
        """
        INSERT INTO named_publish_policy (name, per_branch_policy)
            VALUES ('p', ARRAY[ROW('main', 'propose', NULL)]::branch_publish_policy[]);
        INSERT INTO candidate (suite, codebase, command, publish_policy)
            VALUES ('wanted', 'hello', 'x', 'p')
        """,
    )
    for campaign in ("wanted", "idle"):
        add(house, campaign, suite=campaign, revision="new")
        with house.sessions.begin() as session:
            session.add(ResultBranch(run_id=campaign, role="main", revision="new"))
    keep(house, 30)
    assert going(house) == ["idle"]
    execute(house, "UPDATE new_result_branch SET absorbed = true")
    assert set(going(house)) == {"idle", "wanted"}


@pytest.mark.parametrize("status", ["needs-manual-review", "blocked"])
def test_what_is_under_review_stays_until_a_newer_run_is_there(house: House, status: str) -> None:
    add(house, "old", suite="reviewed", publish_status=status)
    keep(house, 30)
    assert going(house) == []
    add(house, "new", suite="reviewed", age=DAY)
    assert going(house) == ["old"]
    execute(
        house,
        "INSERT INTO review_claim (run_id, reviewer, claimed_until)"
        " VALUES ('old', 'jane', now() + interval '1 hour')",
    )
    assert going(house) == []


def test_what_another_run_resumed_from_stays_as_long_as_that_one(house: House) -> None:
    add(house, "first", age=OLD + DAY)
    add(house, "second", resume_from="first")
    add(house, "third", age=DAY, resume_from="second")
    keep(house, 30)
    assert going(house) == []
    execute(house, "UPDATE run SET finish_time = start_time, start_time = start_time WHERE false")
    with house.sessions.begin() as session:
        session.execute(
            house.shelf.table.__table__.delete().where(house.shelf.table.run_id == "third")
        )
    assert going(house) == ["second"]


def test_a_mark_goes_with_its_policy(house: House) -> None:
    for number in range(MOST_REFUSALS + 1):
        add(house, f"old{number}")
    keep(house, 30)
    house.take_away("primary")
    assert expire(house.sessions, house.shelf).left == MOST_REFUSALS + 1
    assert all(row.expires_at for row in house.rows("old0"))
    with house.sessions.begin() as session:
        remove_policy(session, house.kind, "*", "*")
    house.bring_back("primary")
    assert expire(house.sessions, house.shelf).files == 0
    assert [row.expires_at for row in house.rows("old0")] == [None]


def test_a_copy_in_the_other_store_goes_too(house: House) -> None:
    add(house, "old")
    house.leave("old", "a.log", b"x" * 1000, "backup")
    keep(house, 30)
    assert expire(house.sessions, house.shelf).files == 1
    assert house.stored("backup") == {}


def test_what_is_being_moved_or_pinned_is_not_waited_for(house: House) -> None:
    add(house, "old")
    add(house, "older", age=2 * OLD)
    keep(house, 30)
    with house.sessions.begin() as session:
        pin(session, (house.shelf,), "old", None)
        assert expire(house.sessions, house.shelf).files == 1
    assert left(house) == {"old"}


def test_an_expiry_that_is_killed_anywhere_is_done_by_the_next_one(house: House) -> None:
    keep(house, 30)
    for step in range(1, 50):
        add(house, f"a{step}")
        house.store(f"a{step}", "b.log")
        ended = ends_unless_killed(house, step, let_go)
        expire(house.sessions, house.shelf)
        assert left(house) == set()
        if ended:
            break
    assert step > 3


def test_policies_are_set_listed_and_removed(house: House) -> None:
    keep(house, 30)
    keep(house, 60, newest=3)
    keep(house, 10, "tidy", "failed")
    with house.sessions.begin() as session:
        assert [str(policy) for policy in policies(session)] == [
            f"{house.kind} of campaign *, result *: 60 days, and of the newest 3",
            f"{house.kind} of campaign tidy, result failed: 10 days",
        ]
        remove_policy(session, house.kind, "*", "*")
        with pytest.raises(InvalidExpiry, match="no policy"):
            remove_policy(session, house.kind, "*", "*")


@pytest.mark.parametrize(
    "policy",
    [
        Policy("logs", "No Campaign", "*", DAY),
        Policy("logs", "*", "", DAY),
        Policy("logs", "*", "*", -DAY),
        Policy("logs", "*", "*", 10**6 * DAY),
        Policy("logs", "*", "*", DAY, -1),
    ],
)
def test_nonsense_is_refused(house: House, policy: Policy) -> None:
    with house.sessions() as session, pytest.raises((Failure, UnsafeName)):
        set_policy(session, policy)


def test_what_comes_to_be_needed_after_it_was_marked_stays(house: House) -> None:
    add(house, "old")
    add(house, "older", age=2 * OLD)
    keep(house, 30)
    house.take_away("primary")
    assert expire(house.sessions, house.shelf).left == 2
    house.bring_back("primary")
    execute(
        house,
        "INSERT INTO review_claim (run_id, reviewer, claimed_until)"
        " VALUES ('old', 'jane', now() + interval '1 hour')",
    )
    with house.sessions() as session:
        assert needed_among(session, {"old", "older"}) == {"old"}
    assert expire(house.sessions, house.shelf).files == 1
    assert left(house) == {"old"}
