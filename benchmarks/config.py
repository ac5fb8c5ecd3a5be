"""How long reading janitor.conf takes, as a ratio against protobuf's text_format.

Run it with ``make bench``. Both read the same text in the same run, by turns, and the best
of each counts: other load on the machine only ever adds. The last two lines are a whole
configuration of 500 campaigns, ours with the overlay of a profile and an environment over
it, the baseline without: warm in a process that has read others, cold from the start of an
interpreter to its end. They should stay under 5 and 50 ms; a bare interpreter is shown, too.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from google.protobuf.message import Message

from janitor.config import load, read_string

DESCRIPTOR = Path(__file__).parents[1] / "tests" / "unit" / "config" / "descriptor.txtpb"
ROUNDS = 25
PROCESSES = 15

HEAD = """\
# A deployment.
logs_location: "gs://logs/"
database_location: "postgresql://janitor@db.example/janitor"
committer: "Janitor Bot <bot@janitor.example>"
bugtracker { kind: gitlab name: "salsa" url: "https://salsa.example/" }
distribution { name: "unstable" component: ["main", "contrib"] chroot: "unstable-amd64" }
"""
OUR_PROGRAM = """\
from janitor.config import read_string
read_string(text)
"""
PROTOBUF_PROGRAM = """\
from google.protobuf import descriptor_pool, message_factory, text_format
pool = descriptor_pool.DescriptorPool()
pool.AddSerializedFile({descriptor!r})
message = message_factory.GetMessageClass(pool.FindMessageTypeByName("Config"))
text_format.Parse(text, message())
"""
CAMPAIGN = """
campaign {{
  name: "campaign-{number}"
  branch_name: "campaign-{number}"
  command: "lintian-brush --modern --tag=\\"{number}\\""  # what is run
  debian_build {{ build_distribution: "c{number}" build_suffix: "~c{number}" }}
  merge_proposal {{ value_threshold: 30 commit_message: "Fix it.\\n" label: ["bot"] }}
}}
"""

OVERLAY = """\
logs_location: "/srv/logs"
distribution { name: "unstable" component: "main" lintian_suppress_tag: "no-changelog" }
campaign { name: "campaign-7" command: "another" merge_proposal { label: "urgent" } }
campaign { name: "production-only" command: "true" }
#janitor: lease_seconds: 30
"""
ENVIRONMENT = {
    "JANITOR_PROFILE": "production",
    "JANITOR_DATABASE_LOCATION": "postgresql://janitor@production.example/janitor",
    "JANITOR_DISTRIBUTION__UNSTABLE__COMPONENT": "main, contrib",
    "JANITOR_CAMPAIGN__CAMPAIGN_9__MERGE_PROPOSAL__VALUE_THRESHOLD": "50",
}
LOAD_PROGRAM = "import sys; from janitor.config import load; load(sys.argv[1])"
PARSE_PROGRAM = "import sys; text = open(sys.argv[1]).read()\n" + PROTOBUF_PROGRAM


def deployment(campaigns: int) -> str:
    """Return a configuration with so many campaigns."""
    return HEAD + "".join(CAMPAIGN.format(number=number) for number in range(campaigns))


def descriptor() -> descriptor_pb2.FileDescriptorProto:
    """Return what protobuf has to know of the messages."""
    return text_format.Parse(DESCRIPTOR.read_text(), descriptor_pb2.FileDescriptorProto())


def protobuf_config() -> type[Message]:
    """Return the class of ``Config`` as protobuf makes it."""
    pool = descriptor_pool.DescriptorPool()
    pool.Add(descriptor())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("Config"))


def seconds(work: Callable[[], object]) -> float:
    """Return how long a call takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def best(*works: Callable[[], float], rounds: int) -> list[float]:
    """Return the shortest measured time of each, taken by turns."""
    taken = [[work() for work in works] for _ in range(rounds)]
    return [min(times) for times in zip(*taken, strict=True)]


def process_seconds(program: str, path: Path) -> float:
    """Return how long a new interpreter takes with a program, from its start to its end."""
    argv = [sys.executable, "-c", program, str(path)]
    return seconds(lambda: subprocess.run(argv, check=True, env=ENVIRONMENT))  # noqa: S603 - as above


def whole_configuration(directory: Path, message: type[Message]) -> None:
    """Print how long a configuration of several layers takes, warm and cold."""
    path = directory / "janitor.conf"
    path.write_text(deployment(500))
    (directory / "janitor.production.conf").write_text(OVERLAY)
    text = path.read_text()
    ours, baseline = best(
        lambda: seconds(lambda: load(path, ENVIRONMENT)),
        lambda: seconds(lambda: text_format.Parse(text, message())),
        rounds=4 * ROUNDS,
    )
    report("500 in layers, warm", ours, baseline)
    parse_program = PARSE_PROGRAM.format(descriptor=descriptor().SerializeToString())
    ours, baseline, bare = best(
        lambda: process_seconds(LOAD_PROGRAM, path),
        lambda: process_seconds(parse_program, path),
        lambda: process_seconds("", path),
        rounds=PROCESSES,
    )
    report("500 in layers, cold", ours, baseline)
    print(f"{'a bare interpreter':<28}{bare * 1e3:9.2f} ms")


def first_read_seconds(program: str, text: str) -> float:
    """Return how long a program in a new process takes to import its parser and read."""
    timed = (
        "import sys, time; text = sys.stdin.read(); begin = time.perf_counter()\n"
        f"{program}\nprint(time.perf_counter() - begin)"
    )
    run = subprocess.run(  # noqa: S603 - this very Python, and a program from above
        [sys.executable, "-c", timed], input=text, check=True, capture_output=True, text=True
    )
    return float(run.stdout)


def report(what: str, ours: float, baseline: float) -> None:
    """Print one line of the comparison."""
    print(
        f"{what:<28}{ours * 1e3:9.2f} ms   text_format {baseline * 1e3:9.2f} ms"
        f"   ratio {ours / baseline:.2f}"
    )


def main() -> None:
    """Print each comparison."""
    message = protobuf_config()
    for campaigns in (10, 1000):
        text = deployment(campaigns)
        ours, baseline = best(
            lambda text=text: seconds(lambda: read_string(text)),  # type: ignore[misc]  # a default of a lambda has no type
            lambda text=text: seconds(lambda: text_format.Parse(text, message())),  # type: ignore[misc]
            rounds=ROUNDS,
        )
        report(f"reading {campaigns} campaigns", ours, baseline)
    text = deployment(10)
    baseline_program = PROTOBUF_PROGRAM.format(descriptor=descriptor().SerializeToString())
    ours, baseline = best(
        lambda: first_read_seconds(OUR_PROGRAM, text),
        lambda: first_read_seconds(baseline_program, text),
        rounds=PROCESSES,
    )
    report("new process, 10 campaigns", ours, baseline)
    with tempfile.TemporaryDirectory() as directory:
        whole_configuration(Path(directory), message)


if __name__ == "__main__":
    main()
