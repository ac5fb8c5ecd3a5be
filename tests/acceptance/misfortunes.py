"""Runs on their way into the stores while workers are killed and stores go away.

Misfortunes come when so many jobs are done, not after so many seconds, so that a fast machine
and a slow one see the same of them.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

import psutil
from sqlalchemy import func, select, text

from janitor.files import KINDS, Kind, shelf_of
from janitor.files.orphans import find_orphans
from janitor.runs import hand_in
from janitor.state.job import JobRow
from janitor.storage.directory import INCOMING
from tests.acceptance.harness import Janitor, children_of

LOGS = ("build.log", "dist.log", "worker.log.1")
ARTIFACTS = ("hello.deb", "hello.dsc", "übersicht.json")
JOBS_OF_A_RUN = 1 + len(LOGS) + 1  # taking it in, each log, the artifacts
LARGE_EACH = 50  # runs; the others' files are small
PROCESSES = (
    ("beat",),
    ("worker", "schedule", "review"),
    ("worker", "logs"),
    ("worker", "artifacts"),
)
DUTIES = (
    "janitor.logs.bring_back",
    "janitor.artifacts.bring_back",
    "janitor.schedule.mend_jobs",
    "janitor.schedule.sweep_spool",
)
UNDER_WAY = 500  # jobs at most, so that duties of the clock have their turn, too
RESULT = {
    "code": "success",
    "start_time": "2026-01-02T03:04:05",
    "finish_time": "2026-01-02T03:05:35",
}

Source = tuple[Kind, str, str]  # the kind of file, its run, its name
Stores = Literal["primary", "backup"]


@dataclass
class Misfortunes:
    """A house that takes in runs, and what happens to it meanwhile.

    Args:
        janitor: the house; it has both stores of both kinds in directories.
        runs: how many runs come.
        dice: chooses victims and moments.
    """

    janitor: Janitor
    runs: int
    dice: random.Random
    sources: dict[Source, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    handed_in: int = 0

    @property
    def jobs(self) -> int:
        """How many there will be in all, news left aside."""
        return self.runs * JOBS_OF_A_RUN

    def prepare(self) -> None:
        """Give each run a claim, and each store a place that it can be taken from."""
        for place in (*self._store("primary"), *self._store("backup")):
            _elsewhere(place).mkdir()
            place.symlink_to(_elsewhere(place))
        with self.janitor.session() as session:
            session.execute(text(_CLAIMS), {"runs": self.runs})
            session.commit()

    def begin(self) -> None:
        """Start the house."""
        self.processes = [self.janitor.start(*command) for command in PROCESSES]

    def happen(self, kills: int) -> None:
        """Let it all happen, one thing after the other.

        Args:
            kills: how many of workers' processes.
        """
        events: list[tuple[float, Callable[[], None]]] = [
            (0.15, lambda: self._take_away("primary")),
            (0.35, lambda: self._bring_back("primary")),
            (0.50, self._both_go),
            (0.65, lambda: self._take_away("primary")),
            (0.80, lambda: self._bring_back("primary")),
            *((self.dice.uniform(0, 0.95), self._kill) for _ in range(kills)),
        ]
        for share, event in sorted(events, key=lambda each: each[0]):
            self._wait_until_done(int(share * self.jobs))
            event()
            self._ask_for_duties()

    def end(self) -> None:
        """Wait until every job is done, everything is where it belongs and nothing waits."""
        self._wait_until_done(self.jobs)
        self.janitor.wait("the backup and the spool to be empty", lambda _: self._is_settled())

    def differences(self) -> Iterator[str]:
        """Yield what is not as it should be at the end."""
        with self.janitor.session() as session:
            unfinished = session.execute(
                select(JobRow.kind, JobRow.key, JobRow.state, JobRow.last_error).where(
                    JobRow.state != "done"
                )
            )
            yield from (f"job {' '.join(map(str, row))}" for row in unfinished)
            codes = session.execute(text("SELECT result_code, count(*) FROM run GROUP BY 1")).all()
            if [tuple(code) for code in codes] != [("success", self.runs)]:
                yield f"runs: {codes}"
        yield from self._differing_rows()
        yield from self._differing_files()
        yield from self._orphans()

    def _leave(self, run_id: str, size: int) -> None:
        directory = self.janitor.deployment.spool.create(run_id)
        (directory / "result.json").write_text(json.dumps(RESULT))
        for kind, names in (("logs", LOGS), ("artifacts", ARTIFACTS)):
            for name in names:
                content = f"{run_id} {name}\n".encode() + self.dice.randbytes(size)
                (directory / name).write_bytes(content)
                self.sources[kind, run_id, name] = hashlib.sha256(content).hexdigest()

    def _done(self) -> int:
        with self.janitor.session() as session:
            ours = select(func.count()).where(JobRow.run_id.is_not(None), JobRow.state == "done")
            return session.scalar(ours) or 0

    def _wait_until_done(self, number: int) -> None:
        # Progress is what is waited for, not the end of it all: that takes minutes.
        while (done := self._done()) < number:
            self._hand_in(done)
            self.janitor.wait(
                f"more than {done} of {self.jobs} jobs to be done",
                lambda _, done=done: self._done() > done,  # type: ignore[misc]
            )

    def _hand_in(self, done: int) -> None:
        """Hand in as many runs as there is work for."""
        last = min(self.runs, (done + UNDER_WAY) // JOBS_OF_A_RUN)
        with self.janitor.session() as session:
            for number in range(self.handed_in + 1, last + 1):
                self._leave(f"run-{number}", 400_000 if number % LARGE_EACH == 0 else 4_000)
                hand_in(session, f"run-{number}")
            session.commit()
        self.handed_in = max(last, self.handed_in)

    def _ask_for_duties(self) -> None:
        """Have done more often what the clock has done every few minutes."""
        for duty in DUTIES:
            self.janitor.send(duty)

    def _kill(self) -> None:
        """End a process as a power cut would: a child, or now and then all of a pool, or beat."""
        place = self.dice.randrange(len(self.processes))
        process = self.processes[place]
        children = sorted(children_of(process), key=lambda child: child.pid)
        if children and self.dice.random() < 0.8:
            with suppress(psutil.NoSuchProcess):
                self.dice.choice(children).kill()
            return
        self.janitor.kill(process)
        self.processes[place] = self.janitor.start(*PROCESSES[place])

    def _store(self, store: Stores) -> list[Path]:
        return [self.janitor.directory / f"{store}-{kind}" for kind in KINDS]

    def _take_away(self, store: Stores) -> None:
        """Leave a file where the directories were: nobody can use it, root neither."""
        for place in self._store(store):
            # In one step: a worker would make a directory that is missing anew.
            nothing = place.with_suffix(".file")
            nothing.touch()
            nothing.replace(place)

    def _bring_back(self, store: Stores) -> None:
        for place in self._store(store):
            link = place.with_suffix(".link")
            link.symlink_to(_elsewhere(place))
            link.replace(place)

    def _both_go(self) -> None:
        """Leave files nowhere to go but the spool, until jobs have said so."""
        self._take_away("primary")
        self._take_away("backup")
        waits = select(func.count()).where(
            JobRow.state == "pending", JobRow.last_error.contains("Not a directory")
        )
        self.janitor.wait("a job to say that no store takes its file", lambda s: s.scalar(waits))
        self._bring_back("backup")
        self._bring_back("primary")

    def _is_settled(self) -> bool:
        self._ask_for_duties()
        spooled = self.janitor.deployment.spool.run_ids()
        return not spooled and not any(list(_files(place)) for place in self._store("backup"))

    def _differing_rows(self) -> Iterator[str]:
        found: dict[Source, str] = {}
        with self.janitor.session() as session:
            for kind in KINDS:
                table = shelf_of(self.janitor.deployment, kind).table
                for row in session.scalars(select(table)):
                    found[kind, row.run_id, row.name] = row.sha256
                    if (row.location, row.stored_name) != ("primary", row.name):
                        yield f"{row.run_id}: {row.name} is {row.stored_name} in {row.location}"
        yield from _differing(self.sources, found, "row")

    def _differing_files(self) -> Iterator[str]:
        """Compare the primary store's files, read without our code, with what there was."""
        found: dict[Source, str] = {}
        for kind, place in zip(KINDS, self._store("primary"), strict=True):
            for path in _files(place):
                run_id, name = path.relative_to(place).parts[-2:]
                content = path.read_bytes()
                if kind == "logs":
                    content, name = gzip.decompress(content), name.removesuffix(".gz")
                source: Source = (kind, run_id, name)
                if source in found:
                    yield f"{path} is there twice"
                found[source] = hashlib.sha256(content).hexdigest()
        yield from _differing(self.sources, found, "file")

    def _orphans(self) -> Iterator[str]:
        for kind in KINDS:
            shelf = shelf_of(self.janitor.deployment, kind)
            with self.janitor.deployment.engine.connect() as conn:
                yield from map(str, find_orphans(conn, shelf, young=timedelta()))


def _elsewhere(place: Path) -> Path:
    return place.with_name(f"{place.name}-elsewhere")


def _files(store: Path) -> Iterator[Path]:
    """The files that readers of a store see."""
    for directory, below, names in os.walk(store):
        if INCOMING in below:
            below.remove(INCOMING)
        yield from (Path(directory) / name for name in names)


def _differing(expected: dict[Source, str], found: dict[Source, str], what: str) -> Iterator[str]:
    for source in expected.keys() | found.keys():
        if expected.get(source) != found.get(source):
            yield f"{what} of {source}: {found.get(source)} and not {expected.get(source)}"


_CLAIMS = """
INSERT INTO worker (name, password) VALUES ('worker', 'x');
INSERT INTO codebase (name, branch_url, url)
SELECT 'codebase-' || n, 'https://example.com/' || n, 'https://example.com/' || n
FROM generate_series(1, :runs) AS n;
INSERT INTO queue (codebase, suite, command, claim_id, claimed_by, claimed_until, claims)
SELECT 'codebase-' || n, 'tidy', 'tidy', 'run-' || n, 'worker', now() + interval '1 day', 1
FROM generate_series(1, :runs) AS n;
"""
