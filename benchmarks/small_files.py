"""Many small files in a store, and whether more of them slow it down; for `storage.py`."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from janitor.artifacts import LocalArtifactManager, upload_backup_artifacts

FILES_EACH = 5  # of a run
PARTS = 10  # of a batch; they go through one store and the other in turns


def small_files(directory: Path, batch: int) -> dict[str, dict[str, float]]:
    """Return files a second of a batch, in stores where as many and ten times as many are."""
    stores = {size: LocalArtifactManager(directory / f"{size}") for size in (batch, 10 * batch)}
    for size, store in stores.items():
        _fill(Path(store.location), "other", size)
    rates: dict[int, dict[str, list[float]]] = {
        size: {"moved": [], "listed": [], "deleted": []} for size in stores
    }

    def rate(what: str, size: int, files: int, work: Callable[[], object]) -> None:
        began = time.perf_counter()
        work()
        rates[size][what].append(files / (time.perf_counter() - began))

    part = batch // PARTS
    for turn, (size, store) in itertools.product(range(PARTS), stores.items()):
        backup = LocalArtifactManager(directory / f"backup-{size}-{turn}")
        _fill(Path(backup.location), f"run-{turn}", part)
        rate("moved", size, part, partial(upload_backup_artifacts, backup, store))
    for _, (size, store) in itertools.product(range(PARTS), stores.items()):
        rate("listed", size, size + batch, partial(_list_all, store, size + batch))
    for turn, (size, store) in itertools.product(range(PARTS), stores.items()):
        runs = [f"run-{turn}-{number}" for number in range(part // FILES_EACH)]
        rate("deleted", size, part, partial(_delete, store, runs))
    return {
        f"{size} small files": {
            f"{what}_per_second": round(statistics.median(each)) for what, each in found.items()
        }
        for size, found in rates.items()
    }


def _list_all(store: LocalArtifactManager, expected: int) -> None:
    if sum(len(list(names)) for _, names in store.iter_artifacts()) != expected:
        raise SystemExit("files are missing, or were not moved")


def _delete(store: LocalArtifactManager, runs: list[str]) -> None:
    for run_id in runs:
        store.delete_artifacts(run_id)


def _fill(root: Path, runs: str, files: int) -> None:
    for number in range(files // FILES_EACH):
        directory = root / f"{runs}-{number}"
        directory.mkdir(parents=True)
        for name in range(FILES_EACH):
            (directory / f"file-{name}").write_bytes(b"small" * 200)
