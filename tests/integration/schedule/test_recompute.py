"""A pass over all candidates: what it writes, and above all what it leaves alone."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, delete, event, select, text, update
from sqlalchemy.orm import Session

from janitor.errors import Failure
from janitor.queue import Queue
from janitor.schedule.estimates import Scope
from janitor.schedule.recomputation import Recomputation
from janitor.schedule.recompute import recompute
from janitor.schedule.requests import do_schedule
from janitor.state.candidate import Candidate
from janitor.state.queue import QueueEntry
from workers.cli import cli

HOUR = timedelta(hours=1)


def run_pass(session: Session) -> Recomputation:
    done = recompute(session)
    session.commit()
    return done


def test_a_second_pass_writes_nothing(field: Any, session: Session) -> None:
    for number in range(20):
        field.codebase(f"codebase-{number}", value=number)
        field.candidate(f"codebase-{number}", context="1.0" if number % 2 else None)
        field.run(f"codebase-{number}", duration=timedelta(seconds=number / 7))
    assert run_pass(session) == Recomputation(candidates=20, added=20)
    before = field.queue()

    done = run_pass(session)

    assert done == Recomputation(candidates=20)
    assert done.unchanged == 20
    assert field.queue() == before  # xmin and ctid too: no row was written again


def test_a_change_writes_the_rows_that_it_concerns_and_no_others(
    field: Any, session: Session
) -> None:
    for name in ("changed", "same"):
        field.codebase(name)
        field.candidate(name)
    run_pass(session)
    before = {entry.codebase: entry for entry in field.queue()}
    session.execute(
        update(Candidate)
        .where(Candidate.codebase == "changed")
        .values(command="run tidy --hard", context="2.0", value=1000)
    )
    session.commit()

    assert run_pass(session) == Recomputation(candidates=2, changed=1)

    after = {entry.codebase: entry for entry in field.queue()}
    assert after["same"] == before["same"]
    changed = after["changed"]
    assert (changed.id, changed.command, changed.context) == (
        before["changed"].id,
        "run tidy --hard",
        "2.0",
    )
    assert changed.base == before["changed"].base
    assert changed.priority == 23  # (20000 + 15000) / (1000 + 400 + 100)


def test_only_candidates_with_a_policy_and_an_active_codebase_have_a_place(
    field: Any, session: Session
) -> None:
    field.codebase("gone", inactive=True)
    field.codebase("here")
    field.candidate("gone")
    field.candidate("here", "unpublished", publish_policy=None)
    field.candidate("here", "tidy")
    field.candidate("here", "tidy", change_set=field.change_set("together"))

    assert run_pass(session) == Recomputation(candidates=2, added=2)

    places = {(entry.suite, entry.change_set) for entry in field.queue()}
    assert places == {("tidy", None), ("tidy", "together")}


def test_waiting_counts(field: Any, session: Session) -> None:
    """Arrivals come in at the lowest priority of their day, who waits keeps an earlier one."""
    for name in ("first", "long", "early"):
        field.codebase(name)
        field.candidate(name)
    field.run("long", duration=timedelta(seconds=30))
    run_pass(session)
    waiting = {entry.codebase: entry for entry in field.queue()}
    assert {entry.base for entry in waiting.values()} == {0}
    session.execute(text("DELETE FROM queue WHERE codebase IN ('first', 'early')"))
    session.execute(text("DELETE FROM candidate WHERE codebase IN ('first', 'early')"))
    field.codebase("late")
    field.candidate("late")
    field.run("long", duration=timedelta(seconds=90))  # and the estimate changes, too

    run_pass(session)

    after = {entry.codebase: entry for entry in field.queue()}
    assert after["long"].base == 0
    assert after["long"].estimated_duration == timedelta(seconds=60)
    assert after["long"].priority > waiting["long"].priority
    assert after["late"].base == waiting["long"].priority


def test_an_expensive_item_is_served_though_cheap_ones_keep_arriving(
    field: Any, session: Session
) -> None:
    """Each arrival comes in at the lowest place, which each service moves on by its offset.

    So the wait is bounded by offset of the item / offset of an arrival, one place more or
    less; with the place given anew each time it would never end.
    """
    field.codebase("expensive")
    field.candidate("expensive", value=1)
    field.run("expensive", duration=timedelta(seconds=200))
    field.codebase("cheap-0")
    field.candidate("cheap-0", "quick", value=400)
    run_pass(session)
    offsets = {entry.codebase: entry.priority - entry.base for entry in field.queue()}
    bound = offsets["expensive"] // offsets["cheap-0"] + 2
    assert bound > 10  # else nothing would be shown

    served: list[str] = []
    while "expensive" not in served and len(served) <= bound:
        claim = Queue(session).claim(worker="w", lease=HOUR)
        assert claim is not None
        served.append(claim.item.codebase)
        name = f"cheap-{len(served)}"
        field.codebase(name)
        field.candidate(name, "quick", value=400)
        run_pass(session)
        session.execute(text("DELETE FROM queue WHERE claim_id IS NOT NULL"))
        session.execute(
            text("DELETE FROM candidate WHERE codebase = :done"), {"done": claim.item.codebase}
        )
        session.commit()

    assert served[-1] == "expensive"
    assert len(served) > 10


def test_entries_in_an_earlier_bucket_are_left_alone(field: Any, session: Session) -> None:
    field.codebase("asked-for")
    field.candidate("asked-for", context="1.0")
    do_schedule(session, "tidy", "asked-for", "manual", command="something else")
    session.commit()
    before = field.queue()

    assert run_pass(session) == Recomputation(candidates=1)

    assert field.queue() == before


def test_what_somebody_asked_for_stays_in_front(field: Any, session: Session) -> None:
    for name in ("early", "reviewed"):
        field.codebase(name)
        field.candidate(name)
    run_pass(session)
    do_schedule(session, "tidy", "reviewed", "default", requester="reviewer (ada)", refresh=True)
    session.commit()
    before = field.queue()

    run_pass(session)

    assert field.queue() == before
    assert field.order() == ["reviewed", "early"]


def test_however_valuable_an_arrival_it_adds_to_the_lowest_priority(
    field: Any, session: Session
) -> None:
    field.codebase("priceless")
    field.candidate("priceless", value=10**9)
    run_pass(session)
    (entry,) = field.queue()
    assert entry.priority - entry.base == 1


def test_claimed_entries_are_left_alone(field: Any, session: Session) -> None:
    field.codebase("under-way")
    field.candidate("under-way")
    run_pass(session)
    assert Queue(session).claim(worker="w", lease=HOUR) is not None
    session.execute(update(Candidate).values(command="something else", value=77))
    session.commit()
    before = field.queue()

    assert run_pass(session) == Recomputation(candidates=1)

    assert field.queue() == before


@pytest.mark.parametrize("priority", [-5, 0, 123456])
def test_entries_of_other_services_keep_their_place(
    field: Any, session: Session, priority: int
) -> None:
    field.codebase("theirs")
    field.candidate("theirs")
    session.add(QueueEntry(codebase="theirs", suite="tidy", command="old", priority=priority))
    session.commit()

    assert run_pass(session) == Recomputation(candidates=1, changed=1)

    (entry,) = field.queue()
    assert entry.priority == priority
    assert entry.command == "run tidy"
    assert entry.base is not None  # from now on its waiting counts
    field.run("theirs", duration=timedelta(seconds=300))
    run_pass(session)
    (later,) = field.queue()
    assert later.base == entry.base
    assert later.priority != priority


def test_of_two_at_once_the_second_steps_aside(
    field: Any, session: Session, engine: Engine
) -> None:
    field.codebase("hello")
    field.candidate("hello")
    assert recompute(session).added == 1
    with engine.begin() as other:
        other.execute(text("SET LOCAL lock_timeout = '5s'"))  # who waits fails, and hangs not
        aside = recompute(other)
    session.commit()

    assert aside == Recomputation(stepped_aside=True)
    assert str(aside) == "another recomputation is under way"
    assert len(field.queue()) == 1
    with engine.begin() as other:  # and steps in again once the first is done
        assert str(recompute(other)) == "1 candidates: 0 added, 0 changed, 1 unchanged, 0 removed"


@pytest.mark.usefixtures("field")
@pytest.mark.parametrize("known", ["reltuples = reltuples", "reltuples = 0, relpages = 1"])
def test_a_pass_ends_though_nothing_is_known_of_the_queue_but_its_size(
    session: Session, known: str
) -> None:
    """As after a first pass: nobody has looked at what is in the queue since it was empty."""
    session.execute(
        text(
            "INSERT INTO codebase (name, branch_url, url)"
            " SELECT 'c' || n, 'https://x/' || n, 'x' FROM generate_series(1, 5000) AS n;"
            " INSERT INTO candidate (codebase, suite, command, publish_policy)"
            " SELECT name, 'tidy', 'tidy', 'propose' FROM codebase"
        )
    )
    assert run_pass(session).added == 5000
    session.execute(text("DELETE FROM pg_statistic WHERE starelid = 'queue'::regclass"))
    session.execute(text(f"UPDATE pg_class SET {known} WHERE oid = 'queue'::regclass"))  # noqa: S608
    assert compared_with_each_other(session) == []


def compared_with_each_other(session: Session) -> list[str]:
    """The loops in the plan of a pass that meet each entry of the queue with each candidate."""
    plans: list[str] = []

    def note(_conn: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FULL JOIN" in statement and not statement.startswith("EXPLAIN"):
            cursor.execute(f"EXPLAIN {statement}", parameters)
            plans.append("\n".join(line for (line,) in cursor.fetchall()))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    run_pass(session)
    assert len(plans) == 1
    return [line for line in plans[0].splitlines() if "Join Filter: (compared" in line]


def test_what_somebody_puts_in_during_a_pass_stays_and_the_pass_goes_on(
    field: Any, session: Session, engine: Engine
) -> None:
    for name in ("asked-for", "other"):
        field.codebase(name)
        field.candidate(name)
    Queue(session).add(codebase="asked-for", command="mine", campaign="tidy", requester="me")
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(_pass_beside, engine)
        wait_until_blocked(engine, done)  # by our entry, which the pass can't see and can't pass
        session.commit()

    assert done.result() == Recomputation(candidates=2, added=1)
    queue = {entry.codebase: (entry.command, entry.requester) for entry in field.queue()}
    assert queue == {"asked-for": ("mine", "me"), "other": ("run tidy", "scheduler")}


def _pass_beside(engine: Engine) -> Recomputation:
    with engine.begin() as conn:
        conn.execute(text("SET LOCAL lock_timeout = '60s'"))
        return recompute(conn)


def wait_until_blocked(engine: Engine, work: Future[Any]) -> None:
    """Return when some session of the database waits for another's transaction.

    Args:
        engine: on that database.
        work: what should come to wait; fails if it ends.
    """
    blocked = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
    )
    while not work.done():
        with engine.connect() as conn:
            if conn.execute(blocked).scalar_one():
                return
        time.sleep(0.01)
    pytest.fail(f"it waited for nobody: {work.result()}")


def test_the_number_of_statements_does_not_depend_on_the_number_of_candidates(
    field: Any, session: Session, engine: Engine
) -> None:
    session.execute(text("CREATE VIEW all_debian_versions AS SELECT '' AS source, '' AS version"))
    session.commit()
    details = {"relations": [[{"name": "gcc", "version": None}]]}
    statements: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    counted = []
    for first, last in ((0, 1), (1, 40), (40, 41)):
        for number in range(first, last):
            field.codebase(f"codebase-{number}")
            field.candidate(f"codebase-{number}")
            field.run(
                f"codebase-{number}",
                result_code="install-deps-unsatisfied-dependencies",
                failure_details=details,
            )
        statements.clear()
        assert run_pass(session) == Recomputation(last, added=last - first, changed=0)
        counted.append(len(statements))

    assert len(set(counted)) == 1
    assert counted[0] <= 9


def test_entries_of_candidates_that_are_gone_go_too(field: Any, session: Session) -> None:
    for name in ("stays", "goes", "claimed", "asked-for"):
        field.codebase(name)
        field.candidate(name)
    run_pass(session)
    with_claim = session.execute(
        select(QueueEntry.id).where(QueueEntry.codebase == "claimed")
    ).scalar_one()
    session.execute(
        update(QueueEntry).where(QueueEntry.id == with_claim).values(claim_id="c", claimed_by="w")
    )
    Queue(session).add(codebase="asked-for", campaign="tidy", command="x", requester="ada")
    session.execute(delete(Candidate).where(Candidate.codebase != "stays"))
    session.commit()

    assert run_pass(session) == Recomputation(candidates=1, removed=1)

    left = {entry.codebase for entry in field.queue()}
    assert left == {"stays", "claimed", "asked-for"}


def test_a_pass_over_some_leaves_the_others_alone(field: Any, session: Session) -> None:
    for name in ("one", "two"):
        field.codebase(name)
        field.candidate(name)
    recompute(session, Scope(codebases=["one"]))
    session.commit()
    assert [entry.codebase for entry in field.queue()] == ["one"]
    session.execute(delete(Candidate).where(Candidate.codebase == "one"))
    session.commit()
    assert recompute(session, Scope(codebases=["two"])).removed == 0
    assert recompute(session, Scope(campaigns=["other"])) == Recomputation()
    assert recompute(session, Scope(campaigns=["tidy"])).removed == 1


def test_a_dry_run_says_what_a_pass_would_do_and_does_not(field: Any, session: Session) -> None:
    for name in ("changes", "goes"):
        field.codebase(name)
        field.candidate(name)
    run_pass(session)
    before = field.queue()
    field.codebase("comes")
    field.candidate("comes")
    field.run("changes", duration=timedelta(seconds=500))
    session.execute(delete(Candidate).where(Candidate.codebase == "goes"))
    session.commit()

    told = recompute(session, dry_run=True)

    assert field.queue() == before
    assert (told.candidates, told.added, told.changed, told.removed) == (2, 1, 1, 1)
    signs = {difference.codebase: str(difference)[0] for difference in told.differences}
    assert signs == {"comes": "+", "changes": "~", "goes": "-"}
    done = run_pass(session)
    assert (done.added, done.changed, done.removed) == (1, 1, 1)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--campaign", "tidyy"], "campaign 'tidyy' has no candidates; did you mean 'tidy'"),
        (["--codebase", "helo"], "no codebase matches 'helo'"),
        (["--codebase", "he*"], "codebase 'he*' is refused"),
        (["--campaign", "../up"], "campaign '../up' is refused"),
    ],
)
@pytest.mark.parametrize("rehearsal", [[], ["--dry-run"]])
def test_the_command_tells_names_of_nothing(
    field: Any, database_url: str, words: list[str], told: str, rehearsal: list[str]
) -> None:
    field.codebase("hello")
    field.candidate("hello")
    command = CliRunner(env={"JANITOR_DATABASE_LOCATION": database_url})
    done = command.invoke(cli, ["schedule", "recompute", *words, *rehearsal])
    assert isinstance(done.exception, Failure)
    assert told in str(done.exception)
    assert field.queue() == []


def test_a_campaign_without_candidates_can_lose_its_entries(
    field: Any, session: Session, database_url: str
) -> None:
    field.codebase("hello")
    field.candidate("hello")
    recompute(session)
    session.execute(text("DELETE FROM candidate"))
    session.commit()
    command = CliRunner(env={"JANITOR_DATABASE_LOCATION": database_url})
    done = command.invoke(cli, ["schedule", "recompute", "--campaign", "tidy"])
    assert "1 removed" in done.output
    assert field.queue() == []
