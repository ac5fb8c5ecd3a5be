"""One place in the queue, for somebody who asks or for a run that has just ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from janitor.errors import Failure
from janitor.queue import Queue
from janitor.schedule import (
    CandidateUnavailable,
    do_schedule,
    do_schedule_control,
    estimate_duration,
    schedule_next,
)
from janitor.schedule.recompute import recompute
from janitor.schedule.requests import RequestRun, request_run

MINUTE = timedelta(minutes=1)


def test_a_request_takes_the_candidates_command_and_stands_at_the_front(
    field: Any, session: Session
) -> None:
    for name in ("early", "asked-for"):
        field.codebase(name)
        field.candidate(name)
    recompute(session)
    field.run("asked-for", duration=MINUTE)
    session.commit()

    offset, duration, queue_id, bucket = do_schedule(
        session, "tidy", "asked-for", "default", requester="ada", refresh=True
    )
    session.commit()

    assert (offset, duration, bucket) == (-1.0, MINUTE, "default")
    first, second = field.queue()
    assert (first.id, first.command, first.requester) == (queue_id, "run tidy", "ada")
    assert (first.refresh, first.estimated_duration) == (True, MINUTE)
    assert second.codebase == "early"


def test_what_is_given_goes_before_what_is_known(field: Any, session: Session) -> None:
    field.codebase("hello")
    field.candidate("hello")
    field.run("hello", duration=MINUTE)
    nothing = timedelta()

    found = do_schedule(
        session, "tidy", "hello", "hook", offset=0, command="now", estimated_duration=nothing
    )

    (entry,) = items(session)
    assert found == (0, nothing, entry.id, "hook")
    assert (entry.command, entry.estimated_duration) == ("now", nothing)


def test_a_command_does_without_a_candidate(field: Any, session: Session) -> None:
    field.codebase("hello")
    do_schedule(session, "tidy", "hello", "control", command="brz up")
    (entry,) = items(session)
    assert (entry.command, entry.campaign) == ("brz up", "tidy")


def test_without_candidate_and_command_there_is_nothing_to_run(
    field: Any, session: Session
) -> None:
    field.codebase("hello")
    field.candidate("hello", "other")
    with pytest.raises(CandidateUnavailable, match="hello is no candidate of campaign tidy") as no:
        do_schedule(session, "tidy", "hello", "manual")
    assert (no.value.campaign, no.value.codebase) == ("tidy", "hello")
    assert items(session) == []


def test_a_change_set_has_its_own_candidate_or_that_of_all(field: Any, session: Session) -> None:
    field.codebase("hello")
    for name in ("own", "without"):
        field.change_set(name)
    field.candidate("hello", command="of all")
    field.candidate("hello", command="of own", change_set="own")
    for change_set in (None, "own", "without"):
        do_schedule(session, "tidy", "hello", "manual", change_set=change_set)
    found = {entry.change_set: entry.command for entry in items(session)}
    assert found == {None: "of all", "own": "of own", "without": "of all"}


def test_the_change_set_of_the_only_candidate_is_kept(field: Any, session: Session) -> None:
    field.codebase("hello")
    field.change_set("together")
    field.candidate("hello", change_set="together")
    do_schedule(session, "tidy", "hello", "manual")
    (entry,) = items(session)
    assert (entry.change_set, entry.command) == ("together", "run tidy")


def test_the_candidate_of_another_change_set_is_not_taken(field: Any, session: Session) -> None:
    field.codebase("hello")
    for name in ("one", "other"):
        field.change_set(name)
    field.candidate("hello", change_set="other")
    with pytest.raises(CandidateUnavailable):
        do_schedule(session, "tidy", "hello", "manual", change_set="one")


def test_a_request_for_what_waits_further_on_changes_nothing(field: Any, session: Session) -> None:
    field.codebase("hello")
    field.candidate("hello")
    _, _, asked, _ = do_schedule(session, "tidy", "hello", "manual", command="mine")
    *_, again, bucket = do_schedule(session, "tidy", "hello", "reschedule", command="yours")
    (entry,) = items(session)
    assert (again, bucket, entry.command) == (asked, "manual", "mine")


# The request as a job.


def ask(**columns: Any) -> RequestRun:
    known = {"request": "1", "codebase": "hello", "campaign": "tidy"}
    return RequestRun(**(known | columns))


def test_a_request_that_is_a_job(field: Any, session: Session) -> None:
    field.codebase("hello")
    field.change_set("together")
    request_run(
        session,
        ask(command="now", change_set="together", refresh=True, requester="ada", bucket="hook"),
    )
    session.commit()
    (entry,) = field.queue()
    assert (entry.command, entry.change_set, entry.refresh) == ("now", "together", True)
    assert (entry.requester, entry.bucket) == ("ada", "hook")


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"codebase": "nowhere"}, "there is no codebase nowhere"),
        ({}, "hello is no candidate of campaign tidy"),
        ({"command": "now", "change_set": "none"}, "there is no change set none"),
    ],
)
def test_a_request_that_can_never_be_met_fails_with_a_reason(
    field: Any, session: Session, asked: dict[str, Any], reason: str
) -> None:
    field.codebase("hello")
    with pytest.raises(Failure, match=reason):
        request_run(session, ask(**asked))
    assert items(session) == []  # and the transaction can go on


@pytest.mark.parametrize(
    "wrong", [{"bucket": "sideways"}, {"command": " "}, {"codebase": "../etc"}, {"request": ""}]
)
def test_a_request_is_checked_before_it_is_a_job(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ask(**wrong)


# How long it may take.


def test_the_nearest_runs_tell_the_duration(field: Any, session: Session) -> None:
    for name in ("here", "there"):
        field.codebase(name)

    def estimated() -> timedelta:
        return estimate_duration(session, "here", "tidy")

    assert estimated() == timedelta(seconds=15)
    field.run("there", "tidy", duration=8 * MINUTE)
    assert estimated() == 8 * MINUTE
    field.run("here", "other", duration=4 * MINUTE)
    assert estimated() == 4 * MINUTE
    field.run("here", "tidy", duration=None)
    field.run("here", "tidy", duration=90 * MINUTE, failure_transient=True)
    assert estimated() == 4 * MINUTE
    field.run("here", "tidy", duration=MINUTE)
    field.run("here", "tidy", duration=2 * MINUTE, result_code="build-failed")
    assert estimated() == 1.5 * MINUTE


def test_a_request_and_a_pass_estimate_alike(field: Any, session: Session) -> None:
    """A worker's failure of long ago says nothing of how long a run takes."""
    field.codebase("hello")
    field.candidate("hello")
    field.run("hello", duration=2 * MINUTE)
    field.run("hello", duration=4 * MINUTE, result_code="worker-failure", age=timedelta(hours=2))
    field.run("hello", duration=99 * MINUTE, result_code="worker-failure")
    recompute(session)
    (entry,) = items(session)
    assert estimate_duration(session, "hello", "tidy") == entry.estimated_duration == 3 * MINUTE


# After a run.


def test_a_run_that_ended_gives_its_candidates_their_next_places(
    field: Any, session: Session
) -> None:
    for name in ("done", "other"):
        field.codebase(name)
        field.candidate(name)
        field.candidate(name, "another")
    field.candidate("done", change_set=field.change_set("together"))
    field.run("done")

    schedule_next(session, "done", "tidy")
    session.commit()

    entries = {(entry.codebase, entry.suite, entry.change_set): entry for entry in field.queue()}
    assert set(entries) == {("done", "tidy", None), ("done", "tidy", "together")}
    recompute(session)
    session.commit()
    placed = {(entry.codebase, entry.suite, entry.change_set): entry for entry in field.queue()}
    # A pass over all finds the same place: the campaign's scope does not change an estimate.
    assert {place: placed[place] for place in entries} == entries


def test_without_a_candidate_to_publish_nothing_is_next(field: Any, session: Session) -> None:
    field.codebase("done")
    field.candidate("done", publish_policy=None)
    field.run("done")
    schedule_next(session, "done", "tidy")
    schedule_next(session, "done", "unheard-of")
    assert items(session) == []


def items(session: Session) -> list[Any]:
    """The items in the caller's transaction."""
    return list(Queue(session).iter_queue())


@pytest.mark.parametrize(
    "ask",
    [
        {"campaign": "a\x00b"},
        {"codebase": "\ud800"},
        {"change_set": "a\x00b"},
        {"requester": "\ud800"},
        {"bucket": "sideways"},
        {"offset": float("nan")},
    ],
)
def test_what_cannot_be_asked_for_is_told(
    field: Any, session: Session, ask: dict[str, Any]
) -> None:
    field.codebase("hello")
    field.candidate("hello")
    with pytest.raises(Failure):
        do_schedule(session, **{"campaign": "tidy", "codebase": "hello", "bucket": "manual"} | ask)
    assert field.queue() == []


def test_a_revision_that_is_no_text_is_told(field: Any, session: Session) -> None:
    field.codebase("hello")
    with pytest.raises(Failure, match="no revision: it is not UTF-8"):
        do_schedule_control(session, "hello", main_branch_revision=b"\xff")
