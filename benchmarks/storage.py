"""Logs and artifacts into a directory, as ratios against plain programs in the same run.

    python benchmarks/storage.py [--log MIB] [--large MIB] [--artifact MIB] [--files N] [--json]

- *log*: ours reads, hashes, compresses, writes and syncs. The baseline is what services do
  today: the whole file in memory, `gzip.GzipFile` at its default level, nothing hashed or synced.
  The text is `build_log.py`'s, or with --text that of a file. The rounds take turns; figures are
  of their medians, by the clock and by the processors' time, which a busy machine spoils less.
- *memory*: a process with a worker's modules stores a large log and reads it, or stores a large
  artifact; its peak against its size before.
- *artifact*: against `cp` and then `sha256sum`.
- *small files*: one batch of them is moved from the backup, listed and deleted, in a store with as
  many files and in one with ten times as many (`small_files.py`).

Everything is in a temporary directory, so TMPDIR says which disk is measured.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from build_log import build_log
from small_files import small_files

from janitor.artifacts import LocalArtifactManager
from janitor.logs import FileSystemLogFileManager
from janitor.storage import Metadata
from janitor.storage.port import CHUNK

MIB = 1024 * 1024
BLOCK = 16 * MIB  # far more than gzip looks back, so that its repetition is new to gzip
NOW = datetime.now(UTC)
METADATA = Metadata("application/octet-stream", NOW, 0o644)

Figures = dict[str, float]


class Taken(NamedTuple):
    """Seconds by the clock, and of processors."""

    clock: float
    processors: float


def timed(work: Callable[[], object]) -> Taken:
    """Return what some work of this process takes."""
    clock, processors = time.perf_counter(), time.process_time()
    work()
    return Taken(time.perf_counter() - clock, time.process_time() - processors)


def in_turns(rounds: int, *works: Callable[[], object]) -> list[Taken]:
    """Return the medians of what each work takes."""
    taken = [[timed(work) for work in works] for _ in range(rounds)]
    each = (zip(*column, strict=True) for column in zip(*taken, strict=True))
    return [Taken(*map(statistics.median, figures)) for figures in each]


def a_file(path: Path, size: int, block: bytes) -> Path:
    """Write a file of that size by repeating a block."""
    with path.open("wb") as file:
        for start in range(0, size, len(block)):
            file.write(block[: size - start])
    return path


def plainly(source: Path, target: Path) -> None:
    """Store a log as services do today."""
    with target.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb") as packed:
        packed.write(source.read_bytes())


def logs(directory: Path, source: Path, rounds: int) -> Figures:
    """Return how fast logs are taken in and read."""
    manager = FileSystemLogFileManager(directory / "logs")
    target = directory / "plain.gz"
    numbers = itertools.count()
    sizes = []

    def store() -> None:
        with source.open("rb") as file:
            log = manager.store_log("codebase", f"run-{next(numbers)}", "build.log", file, NOW)
        sizes.append(log.kept.stored_size)

    def read() -> None:
        with manager.get_log("codebase", "run-0", "build.log") as text:
            while text.read(CHUNK):
                pass

    store()
    ours, plain, reading = in_turns(rounds, store, lambda: plainly(source, target), read)
    megabytes = source.stat().st_size / 1e6
    return {
        "megabytes": round(megabytes, 1),
        "ours_mb_per_second": round(megabytes / ours.clock),
        "plain_mb_per_second": round(megabytes / plain.clock, 1),
        "times_faster": round(plain.clock / ours.clock, 1),
        "times_less_processor": round(plain.processors / ours.processors, 1),
        "size_against_plain": round(sizes[0] / target.stat().st_size, 3),
        "size_against_text": round(sizes[0] / source.stat().st_size, 3),
        "read_mb_per_second": round(megabytes / reading.clock),
    }


def artifact(directory: Path, source: Path, rounds: int) -> Figures:
    """Return how fast an artifact is taken in."""
    manager = LocalArtifactManager(directory / "artifacts")
    numbers = itertools.count()

    def store() -> None:
        with source.open("rb") as file:
            manager.store_artifact(f"run-{next(numbers)}", "artifact", file, METADATA)

    def copy() -> None:
        copied = directory / f"copy-{next(numbers)}"
        subprocess.run(["cp", source, copied], check=True)  # noqa: S603, S607 - the baseline
        subprocess.run(["sha256sum", copied], check=True, stdout=subprocess.DEVNULL)  # noqa: S603, S607 - likewise

    ours, plain = in_turns(rounds, store, copy)
    megabytes = source.stat().st_size / 1e6
    return {
        "megabytes": round(megabytes, 1),
        "ours_mb_per_second": round(megabytes / ours.clock),
        "cp_and_sha256sum_mb_per_second": round(megabytes / plain.clock),
        "time_against_cp_and_sha256sum": round(ours.clock / plain.clock, 2),
    }


def memory(directory: Path, source: Path) -> Figures:
    """Return by how many MiB a process grows with a large file."""
    figures: Figures = {"file_mib": source.stat().st_size // MIB}
    for kind in ("log", "artifact"):
        child = subprocess.run(  # noqa: S603 - this very script
            [sys.executable, __file__, "--grow", kind, source, directory / f"grown-{kind}"],
            check=True,
            capture_output=True,
        )
        figures |= {f"{kind}_{what}": size for what, size in json.loads(child.stdout).items()}
    return figures


def grow(kind: str, source: Path, store: Path) -> Figures:
    """Be the process that grows."""
    return grown(lambda: _transfer(kind, source, store))


def grown(transfer: Callable[[], object]) -> Figures:
    """Return by how many MiB this process grows with a transfer, once it is like a worker."""
    from workers.running import give_back_large  # noqa: PLC0415 - with all of a worker's modules

    give_back_large()
    idle = _kib("VmRSS")
    transfer()
    return {"idle_mib": idle // 1024, "grew_by_mib": round((_kib("VmHWM") - idle) / 1024, 1)}


def _transfer(kind: str, source: Path, store: Path) -> None:
    with source.open("rb") as file:
        if kind == "log":
            manager = FileSystemLogFileManager(store)
            manager.store_log("codebase", "run", "build.log", file, NOW)
            with manager.get_log("codebase", "run", "build.log") as text:
                while text.read(CHUNK):
                    pass
        else:
            LocalArtifactManager(store).store_artifact("run", "artifact", file, METADATA)


def _kib(what: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(rf"{what}:\s+(\d+) kB", status)[0])


def measure(chosen: argparse.Namespace, directory: Path) -> dict[str, Figures]:
    """Return all figures, by what they are of."""
    block = build_log(BLOCK)
    text = chosen.text or a_file(directory / "text", chosen.log * MIB, block)
    figures = {"log": logs(directory, text, chosen.rounds)}
    sized = a_file(directory / "sized", chosen.artifact * MIB, block)
    figures["artifact"] = artifact(directory, sized, chosen.rounds)
    for used in ("logs", "artifacts"):
        shutil.rmtree(directory / used)  # or a large file has no room
    figures["memory"] = memory(directory, a_file(directory / "large", chosen.large * MIB, block))
    return figures | small_files(directory, chosen.files)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--log", type=int, default=64, help="MiB of the log")
    options.add_argument("--text", type=Path, help="a log to take instead")
    options.add_argument("--large", type=int, default=512, help="MiB of the large log and artifact")
    options.add_argument("--artifact", type=int, default=256, help="MiB of the artifact")
    options.add_argument("--files", type=int, default=1000, help="small files in a batch")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--json", action="store_true")
    options.add_argument("--grow", nargs=3, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.grow:
        kind, source, store = chosen.grow
        print(json.dumps(grow(kind, Path(source), Path(store))))
        return
    with tempfile.TemporaryDirectory(prefix="janitor-bench-") as directory:
        figures = measure(chosen, Path(directory))
    if chosen.json:
        print(json.dumps(figures, indent=2))
        return
    for name, row in figures.items():
        print(name, *(f"    {what:34}{figure:>10,}" for what, figure in row.items()), sep="\n")


if __name__ == "__main__":
    main()
