"""Verdicts that wait are worked off together, each as if it were alone."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from janitor.config import Config
from janitor.deployment import Deployment
from janitor.jobs import LeaseLost, submit
from janitor.jobs.together import finish_all, lease_due
from janitor.review import RECORD, RecordVerdict
from janitor.state.job import JobRow
from janitor.state.review import ReviewHistory
from janitor.state.run import RunRow
from tasks import review
from tasks.together import TogetherTask, carries_together
from tests.integration.notifications.carrying import NO_BROKER, carry_out
from tests.integration.review.scenario import add_policy, add_run
from workers.app import create_app


@pytest.fixture
def house(session: Session) -> Session:
    """Three runs that need a review."""
    add_policy(session)
    for number in (1, 2, 3):
        add_run(session, f"r{number}", f"hello-{number}")
    session.commit()
    return session


def ask(run_id: str, verdict: str = "approved", submission: str = "1") -> RecordVerdict:
    return RECORD.read(
        {
            "run_id": run_id,
            "verdict": verdict,
            "reviewer": "ada",
            "is_qa_reviewer": True,
            "submission": submission,
        }
    )


def wait_in_line(session: Session, *asks: RecordVerdict) -> None:
    for each in asks:
        submit(session, RECORD, each)
    session.commit()


def ends(session: Session) -> dict[str, tuple[str, int, str | None]]:
    session.expire_all()
    rows = session.scalars(select(JobRow).where(JobRow.kind == RECORD.name))
    return {row.key: (row.state, row.attempts, row.error_kind) for row in rows}


def statuses(session: Session) -> dict[str, str]:
    rows = session.execute(select(RunRow.id, RunRow.publish_status))
    return {row.id: row.publish_status for row in rows}


def test_one_message_does_all_that_wait(house: Session, engine: Engine) -> None:
    wait_in_line(house, ask("r1"), ask("r2"))
    carry_out(engine, review.record, ask("r3"))
    assert set(ends(house).values()) == {("done", 1, None)}
    assert statuses(house) == dict.fromkeys(("r1", "r2", "r3"), "approved")
    moments = set(house.scalars(select(JobRow.finished_at).where(JobRow.kind == RECORD.name)))
    assert len(moments) == 1, "in one transaction"


def test_verdicts_on_one_run_are_given_one_after_the_other(house: Session, engine: Engine) -> None:
    said = ("approved", "rejected", "abstained", "reschedule", "approved")
    wait_in_line(house, *(ask("r1", verdict, str(n)) for n, verdict in enumerate(said)))
    carry_out(engine, review.record, ask("r2"))
    history = house.scalars(
        select(ReviewHistory.verdict).where(ReviewHistory.run_id == "r1").order_by(ReviewHistory.id)
    )
    assert list(history) == ["approved", "rejected", "abstained", "rejected", "approved"]
    assert statuses(house)["r1"] == "approved"
    changes = "SELECT after, actor FROM publish_status_change WHERE run_id = 'r1' ORDER BY id"
    assert [tuple(row) for row in house.execute(text(changes))][1:] == [
        ("approved", "ada"),
        ("rejected", "ada"),
        ("approved", "ada"),
    ]


def test_what_is_refused_fails_alone_with_its_reason(house: Session, engine: Engine) -> None:
    house.execute(text("DELETE FROM candidate WHERE codebase = 'hello-2'"))
    wait_in_line(house, ask("r9"), ask("r2", "reschedule"))
    carry_out(engine, review.record, ask("r1"))
    assert ends(house) == {
        "r9/ada/1": ("failed", 1, "failure"),
        "r2/ada/1": ("failed", 1, "failure"),
        "r1/ada/1": ("done", 1, None),
    }
    assert statuses(house)["r2"] == "needs-manual-review"


def test_an_error_of_one_lets_the_others_be_done(house: Session, engine: Engine) -> None:
    house.execute(
        text(
            "CREATE FUNCTION break_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'broken on purpose'; END $$;"
            "CREATE TRIGGER break_it BEFORE INSERT ON review_history FOR EACH ROW"
            " WHEN (NEW.run_id = 'r2') EXECUTE FUNCTION break_it()"
        )
    )
    wait_in_line(house, ask("r2"), ask("r3"))
    carry_out(engine, review.record, ask("r1"))
    assert ends(house) == {
        "r2/ada/1": ("pending", 1, "error"),
        "r3/ada/1": ("done", 1, None),
        "r1/ada/1": ("done", 1, None),
    }


def test_a_row_that_can_not_be_read_fails_and_stops_nobody(house: Session, engine: Engine) -> None:
    wait_in_line(house, ask("r1"))
    house.execute(text("UPDATE job SET payload = :odd"), {"odd": json.dumps({"run_id": 5})})
    house.commit()
    carry_out(engine, review.record, ask("r2"))
    assert ends(house) == {
        "r1/ada/1": ("failed", 1, "invalid"),
        "r2/ada/1": ("done", 1, None),
    }


def test_who_lost_one_lease_ends_none(house: Session) -> None:
    wait_in_line(house, ask("r1"), ask("r2"))
    minute = timedelta(minutes=1)
    leases = [each.lease for each in lease_due(house, RECORD, most=9, owner="x", duration=minute)]
    assert lease_due(house, RECORD, most=9, owner="y", duration=minute) == []
    house.execute(
        text(
            "UPDATE job SET state = 'pending', lease_owner = NULL, lease_until = NULL"
            " WHERE id = :id"
        ),
        {"id": leases[0].job_id},
    )
    house.commit()
    with pytest.raises(LeaseLost):
        finish_all(house, leases)


def test_who_does_not_get_the_turn_leaves_a_row_that_the_other_does(
    house: Session, engine: Engine
) -> None:
    url = engine.url.render_as_string(hide_password=False)
    app = create_app(Config(database_location=url, redis_location=NO_BROKER))
    task = app.tasks[RECORD.name]
    assert isinstance(task, TogetherTask)
    task.share()
    # Another process has the turn, on the file that children inherit.
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            (
                "import fcntl, sys; fcntl.lockf(int(sys.argv[1]), fcntl.LOCK_EX);"
                " print('held', flush=True); sys.stdin.read()"
            ),
            str(task._turns.fileno()),  # noqa: SLF001 - what children inherit
        ],
        pass_fds=[task._turns.fileno()],  # noqa: SLF001 - likewise
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    task(**ask("r1").model_dump())
    assert ends(house) == {"r1/ada/1": ("pending", 0, None)}
    holder.kill()
    holder.communicate()
    task(**ask("r2").model_dump())
    assert set(ends(house).values()) == {("done", 1, None)}
    app.deployment.close()
    app.close()


def test_leases_of_a_batch_are_renewed_while_it_lasts(house: Session, engine: Engine) -> None:
    ends_of_leases = select(JobRow.key, JobRow.lease_until).where(JobRow.state == "leased")
    seen = []

    def last_until_renewed(
        _session: Session, here: Deployment, asks: Sequence[RecordVerdict]
    ) -> Sequence[None]:
        def look() -> dict[str, Any]:
            with here.engine.connect() as conn:
                return {row.key: row.lease_until for row in conn.execute(ends_of_leases)}

        first, deadline = look(), time.monotonic() + 20
        while any(until <= first[key] for key, until in look().items()):
            assert time.monotonic() < deadline, "nobody renews"
            time.sleep(0.05)
        seen.append(sorted(first))
        return [None for _ in asks]

    wait_in_line(house, ask("r1"), ask("r2"))
    url = engine.url.render_as_string(hide_password=False)
    config = Config(database_location=url, redis_location=NO_BROKER, lease_seconds=0.5)
    app = create_app(config, [carries_together(RECORD, most=9)(last_until_renewed)])
    app.tasks[RECORD.name](**ask("r3").model_dump())
    assert seen == [["r1/ada/1", "r2/ada/1", "r3/ada/1"]]
    assert set(ends(house).values()) == {("done", 1, None)}
    app.deployment.close()
    app.close()
