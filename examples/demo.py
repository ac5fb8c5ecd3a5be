"""A real campaign through every pool, watched from the outside.

Starts the whole house (servers, beat, all worker pools, Flower), lets a small runner work
the queue off, gives four verdicts, and reports what stands in the database afterwards.
Exits with 1 and the reason if anything that should be there is missing.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

import playground
from janitor.config import Config, load
from janitor.deployment import Deployment
from janitor.jobs import submit
from janitor.schedule.requests import REQUEST, RequestRun
from janitor.state.job import JobRow
from janitor.state.queue import QueueEntry
from janitor.state.run import RunRow
from local_runner import LocalRunner
from receiver import Receiver
from report import Report
from reviewers import FIRST, Missing, Reviewers
from workers.app import open_deployment
from workers.complaints import told_in_a_sentence
from workers.house import House
from workers.signals import leaving_in_order

# Short leases, so that an earlier demo's crash holds up nobody; and its codebases lie here.
_DEMO = {"JANITOR_LEASE_SECONDS": "10", "JANITOR_LOCAL_BRANCHES": "true"}
PATIENCE = 60.0  # seconds for anything that should take one or two


class Demo:
    """The steps of the demo, each told as it happens.

    Args:
        house: the running processes.
        deployment: the same Janitor, as a service beside them sees it.
    """

    def __init__(self, house: House, deployment: Deployment) -> None:
        self._house = house
        self._deployment = deployment
        self._started = time.monotonic()
        self._runs = 0
        with deployment.sessions() as session:
            self._since = session.scalars(select(func.now())).one()

    def run(self) -> None:
        """Take the campaigns from candidates to verdicts."""
        candidates = self._create_codebases()
        self._wait_for_the_schedule(candidates)
        self._work_the_queue_off()
        self._wait_for_jobs()
        sent_back = Reviewers(self._deployment, self._wait, self._say).judge()
        self._wait_for_jobs()
        self._say(f"{sent_back} is in the queue again")

    def report(self, arrived: Mapping[str, str]) -> Report:
        """Return what stands in the database now, beside what arrived at the webhook."""
        with self._deployment.sessions() as session:
            return Report.read(session, self._since, arrived)

    def _create_codebases(self) -> int:
        with self._deployment.sessions.begin() as session:
            playground.build(session, self._house.data / "upstream")
            # An earlier demo's queue would hide whether beat does anything.
            session.execute(
                delete(QueueEntry).where(
                    QueueEntry.suite.in_(playground.CAMPAIGNS), QueueEntry.claim_id.is_(None)
                )
            )
        self._say(f"{len(playground.CODEBASES)} codebases, {len(playground.CAMPAIGNS)} campaigns")
        return len(_candidates())

    def _wait_for_the_schedule(self, candidates: int) -> None:
        self._wait("Flower to be up", lambda _: self._house.flower_answers())
        self._house.start_clock()
        self._wait(
            "beat to have the schedule computed",
            lambda session: _count(session, QueueEntry) >= candidates,
        )
        self._say("beat had the schedule computed; the queue is full")

    def _work_the_queue_off(self) -> None:
        runner = LocalRunner(self._deployment)
        runner.register()
        candidates = _candidates()
        self._do_runs(runner, len(candidates))
        # Cheap candidates come up again before dear ones had their turn: we ask for those.
        asked_for = candidates - self._tried() or {min(candidates)}
        self._ask_for(asked_for)
        self._do_runs(runner, len(asked_for))
        if candidates - self._tried():
            raise Missing(f"no run of {sorted(candidates - self._tried())}, although asked for")

    def _do_runs(self, runner: LocalRunner, number: int) -> None:
        for _ in range(number):
            run_id = runner.run_one()
            if run_id is None:
                raise Missing("the queue was empty although candidates wait for a run")
            self._wait(f"run {run_id} to be taken in", lambda session: session.get(RunRow, run_id))  # noqa: B023 - called at once
            self._runs += 1
            self._progress(f"{self._runs} runs, {len(self._tried())} candidates tried")
        print()

    def _ask_for(self, candidates: set[tuple[str, str]]) -> None:
        jobs = []
        with self._deployment.sessions.begin() as session:
            for codebase, campaign in sorted(candidates):
                ask = RequestRun(
                    request=uuid.uuid4().hex,
                    codebase=codebase,
                    campaign=campaign,
                    requester=FIRST,
                )
                jobs.append(submit(session, REQUEST, ask)[0])
        done = select(func.count()).where(JobRow.id.in_(jobs), JobRow.state == "done")
        self._wait("the requests to be met", lambda session: session.scalar(done) == len(jobs))
        self._say(f"asked for {len(jobs)} more by name")

    def _tried(self) -> set[tuple[str, str]]:
        new = select(RunRow.codebase, RunRow.suite).where(RunRow.start_time >= self._since)
        with self._deployment.sessions() as session:
            return {(row.codebase, row.suite) for row in session.execute(new.distinct())}

    def _wait_for_jobs(self) -> None:
        unfinished = (
            select(func.count()).select_from(JobRow).where(JobRow.state.in_(("pending", "leased")))
        )
        self._wait("all jobs to end", lambda session: session.scalar(unfinished) == 0)
        self._say("every job that was asked for has ended")

    def _wait(self, what: str, there: Callable[[Session], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self._house.tend()
            with self._deployment.sessions() as session:
                if there(session):
                    return
            time.sleep(0.1)
        raise Missing(f"waited {PATIENCE:.0f} s for {what}")

    def _say(self, sentence: str) -> None:
        print(f"[{time.monotonic() - self._started:5.1f} s] {sentence}", flush=True)

    def _progress(self, sentence: str) -> None:
        end = "" if sys.stdout.isatty() else "\n"
        start = "\r" if sys.stdout.isatty() else ""
        print(f"{start}[{time.monotonic() - self._started:5.1f} s] {sentence}", end=end, flush=True)


def _candidates() -> set[tuple[str, str]]:
    names = [codebase.name for codebase in playground.CODEBASES]
    return {(name, campaign) for name in names for campaign in playground.CAMPAIGNS}


def _impatient() -> Config:
    """The configuration, made fit for a demo where it does not say."""
    return load(environ=_DEMO | os.environ)


def _count(session: Session, table: type) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def main() -> int:
    """Run the demo; returns the exit code."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, default=Path("data/demo"), help="where data goes")
    options.add_argument("--flower-port", type=int, default=5555)
    options.add_argument("--stay", action="store_true", help="stay up until Ctrl-C afterwards")
    chosen = options.parse_args()
    # The stand-ins for workers commit by Breezy, which would write into the user's own directory.
    os.environ["BRZ_HOME"] = str(chosen.data.absolute() / "breezy")
    # The signals around all of it: a server that is just starting has to be ended too.
    with (
        leaving_in_order(),
        Receiver() as receiver,
        House(chosen.data, _impatient(), flower_port=chosen.flower_port) as house,
    ):
        print(house.description(), flush=True)
        deployment = open_deployment(house.config)
        with receiver.subscribed(deployment):
            demo = Demo(house, deployment)
            demo.run()
            report = demo.report(receiver.titles)
            print(f"\n{report}\n\nFlower {'is' if chosen.stay else 'was'} at {house.flower_url}")
            if chosen.stay:
                house.watch()
    missing = report.missing()
    for what in missing:
        print(f"demo: missing: {what}", file=sys.stderr)
    print("The demo failed." if missing else "Everything the demo promises was there.")
    return 1 if missing else 0


if __name__ == "__main__":
    with told_in_a_sentence("demo"):
        sys.exit(main())
