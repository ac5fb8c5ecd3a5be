"""What transfers to buckets cost a worker in memory, against the servers that the tests use.

    python benchmarks/buckets.py [--mib MIB] [--json]

A process with a worker's modules stores a log and reads it, or an artifact, or four artifacts of
a run at once, in a bucket; its peak against its size before. The servers hold objects in
memory, in a process of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from build_log import build_log
from storage import BLOCK, MIB, Figures, a_file, grown

from janitor.artifacts import get_artifact_manager
from janitor.logs import get_log_manager
from janitor.storage.port import CHUNK

ROOT = Path(__file__).parents[1]
BUCKET = "a-bucket"
AT_ONCE = 4
SERVE = """
import sys, signal
from tests.integration.storage import servers
with getattr(servers, f"{sys.argv[1]}_server")() as url:
    print(url, flush=True)
    signal.pause()
"""


@contextmanager
def served(kind: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Run a server; give the location of its bucket and what a client has to know."""
    server = subprocess.Popen(  # noqa: S603 - this very project
        [sys.executable, "-c", SERVE, kind],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None  # noqa: S101 - for the type
        url = server.stdout.readline().strip()
        if kind == "gcs":
            yield f"gs://{BUCKET}/", {"STORAGE_EMULATOR_HOST": url}
        else:
            yield (
                f"{url}/{BUCKET}",
                dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "benchmark")
                | {"AWS_DEFAULT_REGION": "us-east-1"},
            )
    finally:
        server.kill()
        server.wait()


def transfer(what: str, location: str, directory: Path) -> None:
    """Be what grows."""
    if what == "log":
        logs = get_log_manager(location)
        logs.import_log("codebase", "run", directory / "0")
        with logs.get_log("codebase", "run", "0") as text:
            while text.read(CHUNK):
                pass
        return
    names = [str(number) for number in range(AT_ONCE if what == "artifacts_at_once" else 1)]
    artifacts = get_artifact_manager(location)
    artifacts.store_artifacts(what, directory, names)
    with artifacts.get_artifact(what, "0") as content:
        while content.read(CHUNK):
            pass


def measure(mib: int, directory: Path) -> dict[str, Figures]:
    """Return by how many MiB a process grows, by kind of bucket."""
    block = build_log(BLOCK)
    for number in range(AT_ONCE):
        a_file(directory / str(number), mib * MIB, block)
    figures: dict[str, Figures] = {}
    for kind in ("gcs", "s3"):
        figures[kind] = {"file_mib": mib}
        for what in ("log", "artifact", "artifacts_at_once"):
            with served(kind) as (location, known):
                if kind == "s3":
                    make_bucket(location, known)
                child = subprocess.run(  # noqa: S603 - this very script
                    [sys.executable, __file__, "--grow", what, location, str(directory)],
                    check=True,
                    capture_output=True,
                    env=os.environ | known,
                )
            figures[kind][f"{what}_grew_by_mib"] = json.loads(child.stdout)["grew_by_mib"]
    return figures


def make_bucket(location: str, known: dict[str, str]) -> None:
    """Make the bucket, which our code never does."""
    import boto3  # noqa: PLC0415 - for S3 only

    boto3.client(
        "s3",
        endpoint_url=location.removesuffix(f"/{BUCKET}"),
        region_name=known["AWS_DEFAULT_REGION"],
        aws_access_key_id=known["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=known["AWS_SECRET_ACCESS_KEY"],
    ).create_bucket(Bucket=BUCKET)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--mib", type=int, default=64, help="MiB of each file")
    options.add_argument("--json", action="store_true")
    options.add_argument("--grow", nargs=3, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.grow:
        what, location, directory = chosen.grow
        print(json.dumps(grown(lambda: transfer(what, location, Path(directory)))))
        return
    with tempfile.TemporaryDirectory(prefix="janitor-bench-") as directory:
        figures = measure(chosen.mib, Path(directory))
    if chosen.json:
        print(json.dumps(figures, indent=2))
        return
    for name, row in figures.items():
        print(name, *(f"    {what:34}{figure:>10,}" for what, figure in row.items()), sep="\n")


if __name__ == "__main__":
    main()
