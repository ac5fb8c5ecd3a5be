"""The worker pools, as data: what each is shaped like, and why.

One queue a pool. The command line, the embedded stack, the deployment files and the docs
are checked against this list by a test.
"""

from __future__ import annotations

from dataclasses import dataclass

from janitor.errors import Failure

MEBIBYTE = 1024  # in KiB, the unit of Celery's memory limits


@dataclass(frozen=True)
class Pool:
    """One kind of worker process.

    Args:
        name: the middle word of its tasks' names.
        work: what it does, in words.
        concurrency: child processes.
        soft_limit: seconds after which a task is asked to stop; its job is tried again.
        hard_limit: seconds after which the child is killed; the lease takes the job back.
        tasks_per_child: tasks after which a child is replaced, against slow leaks.
        memory_per_child: KiB after which a child is replaced, once its task has ended.
    """

    name: str
    work: str
    concurrency: int
    soft_limit: int
    hard_limit: int
    tasks_per_child: int
    memory_per_child: int

    @property
    def queue(self) -> str:
        """The broker queue that it works on."""
        return f"janitor.{self.name}"


POOLS: tuple[Pool, ...] = (
    Pool(
        name="schedule",
        work="recomputing, one-off requests, taking in runs, upkeep; bound by the database",
        concurrency=2,
        soft_limit=540,
        hard_limit=600,
        tasks_per_child=500,
        memory_per_child=400 * MEBIBYTE,
    ),
    Pool(
        name="logs",
        work="log files from the spool to the store; I/O and compression",
        concurrency=2,
        soft_limit=1740,
        hard_limit=1800,
        tasks_per_child=500,
        memory_per_child=400 * MEBIBYTE,
    ),
    Pool(
        name="artifacts",
        work="artifacts from the spool to the store; I/O",
        concurrency=2,
        soft_limit=1740,
        hard_limit=1800,
        tasks_per_child=500,
        memory_per_child=400 * MEBIBYTE,
    ),
    Pool(
        name="vcs",
        work="diffs of runs; hungry for memory and recycled early",
        concurrency=2,
        soft_limit=1740,
        hard_limit=1800,
        tasks_per_child=50,
        memory_per_child=1024 * MEBIBYTE,
    ),
    Pool(
        name="review",
        work="verdicts, announcements and notifications; short, and somebody is waiting",
        # One works off what is due and one takes messages, while one waits for somebody's server.
        concurrency=3,
        soft_limit=50,
        hard_limit=60,
        tasks_per_child=10_000,
        memory_per_child=400 * MEBIBYTE,
    ),
)


def pool_named(name: str) -> Pool:
    """Return a pool.

    Raises:
        Failure: there is none of that name.
    """
    for pool in POOLS:
        if pool.name == name:
            return pool
    known = ", ".join(pool.name for pool in POOLS)
    raise Failure(f"there is no pool {name!r}; there are {known}")
