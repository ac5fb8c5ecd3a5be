"""Reviewing by command, as a person at a terminal does it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.exceptions import Abort
from click.testing import CliRunner, Result
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from janitor.errors import Failure
from janitor.logs import FileSystemLogFileManager
from janitor.review.bulk import TooMuchWanted
from janitor.review.policy import InvalidPolicy
from janitor.review.recording import VerdictRefused
from janitor.review.waiting import Wanted, waiting_runs
from janitor.state.review import ReviewHistory
from janitor.state.run import RunRow
from janitor.vcs.run_diff import MadeDiff, record_diff
from janitor.vcs.structured import DiffCounts
from tests.integration.review.scenario import CAMPAIGN, CODEBASE, add_another_run, add_run
from workers.cli import cli


@pytest.fixture
def house(
    reviewed_house: Session,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Session:
    """Two runs that wait: ``r1`` with a diff and a log, and ``r2``."""
    monkeypatch.setenv("JANITOR_DATABASE_LOCATION", database_url)
    monkeypatch.setenv("JANITOR_LOGS_LOCATION", str(tmp_path / "logs"))
    add_run(reviewed_house, "r1", value=9, logfilenames=["worker.log"], vcs_type="git")
    add_run(reviewed_house, "r2", "hello-2", suite="polish", description="Polished\x1b[2J it")
    body = b"--- a/x\n+++ b/x\n+new\n" + b"+line\n" * 100
    record_diff(reviewed_house, MadeDiff("r1", "main", b"a", b"b", body, DiffCounts(1, 1, 0)))
    reviewed_house.commit()
    log = tmp_path / "worker.log"
    log.write_text("".join(f"step {number}\n" for number in range(100)))
    FileSystemLogFileManager(tmp_path / "logs").import_log(CODEBASE, "r1", str(log))
    return reviewed_house


def review(*words: str, stdin: str | None = None) -> Result:
    result = CliRunner().invoke(cli, ["review", *words], input=stdin, standalone_mode=False)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def status(session: Session, run_id: str) -> str:
    session.rollback()
    return session.scalars(select(RunRow.publish_status).where(RunRow.id == run_id)).one()


@pytest.mark.usefixtures("house")
def test_what_waits_is_listed_by_pages() -> None:
    first = review("list", "--limit", "1")
    assert first.stdout == f"r1  {CAMPAIGN}  {CODEBASE}  value 9  0 reviews\n"
    place = first.stderr.split()[-1]
    assert review("list", "--after", place).stdout.startswith("r2  polish  hello-2  value -")
    nothing = review("list", "--campaign", "unheard-of")
    assert (nothing.stdout, nothing.stderr) == ("", "no run of these waits for a verdict\n")
    (told,) = json.loads(review("list", "--campaign", "polish", "--json").stdout)
    assert (told["run"], told["codebase"], told["reviews"]) == ("r2", "hello-2", 0)


@pytest.mark.usefixtures("house")
def test_a_run_is_shown_on_one_screen() -> None:
    review("approve", "r1", "--reviewer", "eve", "--comment", "looks good")
    shown = review("show", "r1", "--lines", "3", "--log-lines", "2").stdout
    assert shown.startswith(f"{CAMPAIGN} on {CODEBASE}\n")
    assert "policy   needs a verdict by a QA reviewer\n" in shown
    assert "eve approved: looks good\n" in shown
    assert "--- diff of main, 103 lines\n--- a/x\n+++ b/x\n+new\n… 100 more lines\n" in shown
    assert shown.endswith("--- end of worker.log\nstep 98\nstep 99\n")


def test_what_can_not_be_had_is_told_in_its_place(house: Session) -> None:
    shown = review("show", "r2").stdout
    assert "--- diff of main, run r2: its vcs_type is None" in shown
    assert "\x1b" not in shown, "what a run says does not move the cursor"
    assert "Polished\N{REPLACEMENT CHARACTER}[2J it" in shown
    house.execute(RunRow.__table__.update().values(logfilenames=["gone.log"]))  # type: ignore[attr-defined]  # a Table
    house.commit()
    shown = review("show", "r2").stdout
    assert "--- end of gone.log: " in shown
    assert "run r2 of hello-2 has no log gone.log" in shown


@pytest.mark.usefixtures("house")
def test_a_run_that_is_not_there_is_told() -> None:
    with pytest.raises(VerdictRefused, match="there is no run r9"):
        review("show", "r9")


def test_a_verdict_says_what_it_comes_to(house: Session) -> None:
    done = review("approve", "r1", "r2", "--reviewer", "ada", "--qa")
    assert done.stdout == "r1: recorded; approved by ada\nr2: recorded; approved by ada\n"
    assert status(house, "r1") == status(house, "r2") == "approved"
    done = review("reject", "r1", "r9", "--reviewer", "ada", "--qa")
    assert done.return_value == 1
    assert done.stdout == "r1: recorded; rejected by ada\n"
    assert "r9: refused: there is no run r9" in done.stderr


def test_the_same_submission_is_recorded_once(house: Session) -> None:
    words = ("abstain", "r1", "--reviewer", "ada", "--submission", "form-1")
    assert review(*words).stdout == "r1: recorded; needs a verdict by a QA reviewer\n"
    assert review(*words).stdout == "r1: was recorded before\n"
    assert len(house.scalars(select(ReviewHistory)).all()) == 1


def test_a_verdict_on_a_replaced_run_warns(house: Session) -> None:
    add_another_run(house, "r3", CODEBASE, age=-1)
    house.commit()
    done = review("reject", "r1", "--reviewer", "ada", "--qa")
    assert "warning: run r1 was replaced by run r3" in done.stderr
    assert "REPLACED by run r3" in review("show", "r1").stdout


@pytest.mark.usefixtures("house")
def test_a_run_is_claimed_and_given_back() -> None:
    assert review("claim", "--reviewer", "ada").stdout.startswith("r1  ")
    assert "(claimed by ada)" in review("list").stdout
    assert review("release", "r1", "--reviewer", "ada").stdout == "r1 is free again\n"
    assert review("claim", "--reviewer", "bob").stdout.startswith("r1  ")


def test_many_are_counted_before_they_are_judged(house: Session) -> None:
    bulk = ("bulk", "approve", "--campaign", CAMPAIGN, "--campaign", "polish", "--qa")
    counted = review(*bulk, "--reviewer", "ada", "--count").stdout
    assert counted == f"2 run(s) wait\n  1 of {CAMPAIGN}\n  1 of polish\n"
    with pytest.raises(Abort):
        review(*bulk, "--reviewer", "ada", stdin="n\n")
    assert status(house, "r1") == "needs-manual-review"
    done = review(*bulk, "--reviewer", "ada", stdin="y\n").stdout
    assert "r1: recorded; approved by ada\nr2: recorded; approved by ada\n" in done
    assert status(house, "r1") == status(house, "r2") == "approved"
    assert review(*bulk, "--reviewer", "ada", "--yes").stdout == "0 run(s) wait\n"


def test_one_refusal_stops_no_other(house: Session) -> None:
    add_run(house, "r0", "hello-0", value=99, revision=None)
    house.commit()
    done = review("bulk", "approve", "--campaign", CAMPAIGN, "--qa", "--yes", "--reviewer", "ada")
    assert "r0: refused: run r0 can't be approved" in done.stderr
    assert status(house, "r1") == "approved"


def test_not_everything_is_judged_by_slip(house: Session) -> None:
    with pytest.raises(TooMuchWanted, match="say which runs"):
        review("bulk", "reject", "--yes")
    assert len(waiting_runs(house, Wanted())) == 2


@pytest.mark.usefixtures("house")
def test_a_policy_is_checked_set_shown_and_taken_away(tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text('{"approvals": 2}')
    assert review("policy", "check", str(file)).stdout == "the policy makes sense\n"
    assert "every other campaign: the latest verdict" in review("policy", "show").stdout
    review("policy", "set", CAMPAIGN, str(file), "--actor", "ada")
    assert json.loads(review("policy", "show", CAMPAIGN).stdout) == {"approvals": 2}
    assert "needs 2 more approvals" in review("show", "r1").stdout
    file.write_text('{"approvals": 0, "weights": {"boss": 1}}')
    with pytest.raises(InvalidPolicy, match="approvals"):
        review("policy", "set", CAMPAIGN, str(file))
    with pytest.raises(Failure, match="campaign 'No Name' is refused"):
        review("policy", "set", "No Name", "-", stdin="{}")
    assert json.loads(review("policy", "show", CAMPAIGN).stdout) == {"approvals": 2}
    review("policy", "unset", CAMPAIGN)
    assert json.loads(review("policy", "show", CAMPAIGN).stdout) == {}


@pytest.mark.usefixtures("house")
def test_statistics_say_what_waits_and_who_decided() -> None:
    review("approve", "r1", "--reviewer", "ada", "--qa")
    told = review("stats").stdout.splitlines()
    assert told[0].startswith("waiting   polish: 1, the oldest since 2026-01-01 00:01")
    assert told[1].startswith("approved  1 in 30 days, half of them within ")
    assert told[2] == "reviewer  ada: 1 approved, 0 rejected, 0 abstained"
    assert json.loads(review("stats", "--json").stdout)["backlog"][0]["campaign"] == "polish"


def test_a_policy_that_is_none_stops_no_other_campaign(house: Session) -> None:
    broken = "INSERT INTO verdict_policy (campaign, policy, changed_by) VALUES ('polish', '7', 'x')"
    house.execute(text(broken))
    house.commit()
    done = review("approve", "r2", "r1", "--qa", "--reviewer", "ada")
    assert done.stdout == "r1: recorded; approved by ada\n"
    assert done.stderr.startswith("r2: refused: this is no policy")
    assert (status(house, "r1"), status(house, "r2")) == ("approved", "needs-manual-review")
