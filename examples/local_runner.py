"""A small stand-in for the platform's runner service, on one machine.

It uses what any service around us would use: it claims an item from the queue, clones the
codebase, runs the campaign's command in it, puts what changed on the campaign's branch in
the local store, leaves ``result.json``, a log and an artifact in the spool, and hands the
run in. Everything after that (storing the run, its log, artifacts and diffs) is ours.

    python examples/local_runner.py --once
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.dialects.postgresql import insert

from checkouts import Checkout, open_checkout
from janitor import splitout_env
from janitor.config import load
from janitor.deployment import Deployment
from janitor.queue import Claim, Queue
from janitor.runs import hand_in
from janitor.state.worker import Worker
from workers.app import open_deployment
from workers.complaints import told_in_a_sentence

LEASE = timedelta(minutes=5)
LONGEST_COMMAND = 240  # seconds, well within the lease
CAMPAIGNS = Path(__file__).with_name("campaigns")
RESULT = "result.json"
LOG = "worker.log"
ARTIFACT = "changed-files.txt"
NO_ONE_LOGS_IN = "!"  # not the hash of any password


@dataclass
class Outcome:
    """What became of a run, as it goes into ``result.json``."""

    code: str
    description: str
    base: str | None = None
    revision: str | None = None
    branches: list[list[str]] = field(default_factory=list)
    stage: str | None = None
    changed: list[str] = field(default_factory=list)


class LocalRunner:
    """Works the queue off, one item after the other.

    Args:
        deployment: the Janitor to work for.
        name: the worker's name, registered on the first use.
    """

    def __init__(self, deployment: Deployment, name: str = "local-runner") -> None:
        self._deployment = deployment
        self._name = name

    def register(self) -> None:
        """Make this worker known, and settle what it held when it was last stopped.

        Results of unknown workers are refused. A run that was complete in the spool is
        handed in (asking twice is asking once); any other claim is given back.
        """
        with self._deployment.sessions.begin() as session:
            session.execute(
                insert(Worker)
                .values(name=self._name, password=NO_ONE_LOGS_IN)
                .on_conflict_do_nothing(index_elements=["name"])
            )
            for claim_id in Queue(session).held_by(self._name):
                if RESULT in self._deployment.spool.files(claim_id):
                    hand_in(session, claim_id)
                else:
                    Queue(session).release(claim_id)

    def run_one(self, campaign: str | None = None) -> str | None:
        """Do the next item of the queue.

        Args:
            campaign: take only items of this one.

        Returns:
            The run's id, or None where the queue has nothing for us.
        """
        with self._deployment.sessions.begin() as session:
            claim = Queue(session).claim(worker=self._name, lease=LEASE, campaign=campaign)
        if claim is None:
            return None
        self._run(claim)
        with self._deployment.sessions.begin() as session:
            hand_in(session, claim.claim_id)
        return claim.claim_id

    def _run(self, claim: Claim) -> None:
        spooled = self._deployment.spool.create(claim.claim_id)
        started = datetime.now(UTC)
        with tempfile.TemporaryDirectory(prefix="run-") as scratch:
            checkout = open_checkout(claim.vcs_info, Path(scratch) / "tree")
            outcome = self._work(claim, checkout, spooled / LOG)
        (spooled / ARTIFACT).write_text("".join(f"{path}\n" for path in outcome.changed))
        result = self._result(claim, outcome, started)
        _write_whole(spooled / RESULT, json.dumps(result, indent=2))

    def _work(self, claim: Claim, checkout: Checkout, log: Path) -> Outcome:
        item = claim.item
        base = checkout.revision()
        environment, command = splitout_env(item.command or "")
        with log.open("w") as output:
            output.write(f"$ {item.command}\n")
            output.flush()
            done = subprocess.run(  # noqa: S602 - a campaign's command is a shell command
                command,
                shell=True,
                cwd=checkout.path,
                env=os.environ | {"PATH": f"{CAMPAIGNS}:{os.environ['PATH']}"} | environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=LONGEST_COMMAND,
                check=False,
            )
        last_line = log.read_text().splitlines()[-1]
        if done.returncode:
            return Outcome("command-failed", last_line, base=base, stage="command")
        changed = checkout.changed_files()
        if not changed:
            return Outcome("nothing-to-do", last_line, base=base)
        branch = f"{item.campaign}/main"
        revision = checkout.commit(last_line)
        checkout.publish(self._store(checkout.vcs_type), item.codebase, branch)
        role = ["main", branch, base, revision]
        return Outcome("success", last_line, base, revision, branches=[role], changed=changed)

    def _store(self, vcs_type: str) -> Path:
        config = self._deployment.config
        location = config.git_location if vcs_type == "git" else config.bzr_location
        if location is None:
            raise SystemExit(f"{vcs_type}_location is not configured")
        return Path(location)

    def _result(self, claim: Claim, outcome: Outcome, started: datetime) -> dict[str, object]:
        return {
            "code": outcome.code,
            "description": outcome.description,
            "codemod": {"changed": len(outcome.changed)},
            "main_branch_revision": outcome.base,
            "revision": outcome.revision,
            "value": len(outcome.changed) or None,
            "branches": outcome.branches,
            "stage": outcome.stage,
            "start_time": started.isoformat(),
            "finish_time": datetime.now(UTC).isoformat(),
            "queue_id": claim.item.id,
            "worker_name": self._name,
            "refreshed": True,  # we always begin from the codebase's own branch
            "branch_url": claim.vcs_info.get("branch_url"),
            "vcs_type": claim.vcs_info.get("vcs_type"),
            "subpath": claim.vcs_info.get("subpath"),
            "codebase": claim.item.codebase,
        }


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that it is either there with all its text or not there."""
    part = path.with_suffix(".part")
    part.write_text(text)
    part.rename(path)


def main() -> None:
    """Do run after run of the configured deployment, until Ctrl-C."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--config", help="janitor.conf (default: JANITOR_CONFIG)")
    options.add_argument("--once", action="store_true", help="do one run and stop")
    chosen = options.parse_args()
    runner = LocalRunner(open_deployment(load(chosen.config)))
    runner.register()
    with suppress(KeyboardInterrupt):
        while True:
            run_id = runner.run_one()
            print(f"handed in run {run_id}" if run_id else "the queue has nothing to do")
            if chosen.once:
                return
            time.sleep(0 if run_id else 2)


if __name__ == "__main__":
    with told_in_a_sentence("local_runner"):
        main()
