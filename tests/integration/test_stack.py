"""The stack: programs come up again, end together, and strangers are never touched."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from workers.left_over import MARK, Record, marked
from workers.ownership import DataDirectoryInUse, DataDirectoryUnusable
from workers.processes import end, living
from workers.stack import Program, ProgramFailed, Stack, end_left_over

ENVIRONMENT = {"PATH": os.defpath, "GREETING": "good morning"}

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
FAMILY = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print("up", flush=True)
time.sleep(600)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""
POLITE = """
import signal, sys, time
def leave(number, frame):
    print("bye", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("up", flush=True)
time.sleep(600)
"""
OWNER = """
import sys
from pathlib import Path
from workers.stack import Program, Stack
with Stack(Path(sys.argv[1]), {}) as stack:
    try:
        stack.start([Program("family", [sys.executable, "-c", sys.argv[2]])])
        stack.watch()
    finally:
        print("leaving", flush=True)
print("left", flush=True)
"""


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "data"
    yield directory
    end(lambda: marked(directory), [signal.SIGKILL], 10)


def python(name: str, source: str) -> Program:
    return Program(name, [sys.executable, "-c", source])


def eventually(condition: Callable[[], object], stack: Stack | None = None) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        if stack is not None:
            stack.tend()
        time.sleep(0.01)


def said(data: Path, name: str) -> list[str]:
    log = data / "log" / f"{name}.log"
    return log.read_text().splitlines() if log.exists() else []


def running(data: Path) -> set[psutil.Process]:
    return living(marked(data))


def test_programs_run_with_their_environment_and_log(data: Path) -> None:
    source = "import os, sys; print(os.environ['GREETING'], 'HOME' in os.environ); " + SLEEPER
    with Stack(data, ENVIRONMENT) as stack:
        stack.start([python("one", source), python("two", SLEEPER)])
        eventually(lambda: said(data, "one") == ["good morning False", "up"])
        eventually(lambda: said(data, "two") == ["up"])
        recorded = json.loads((data / "processes.json").read_text())
        assert [entry["name"] for entry in recorded] == ["one", "two"]
        for entry in recorded:
            assert psutil.Process(entry["pid"]).create_time() == entry["created"]
    assert stat.S_IMODE((data / "stack.lock").stat().st_mode) == 0o600


def test_a_program_that_is_killed_is_started_again(data: Path) -> None:
    with Stack(data, ENVIRONMENT, pauses=[0.01]) as stack:
        stack.start([python("one", SLEEPER), python("two", SLEEPER)])
        eventually(lambda: said(data, "one") == said(data, "two") == ["up"])
        (first,) = marked(data, "one")
        (other,) = marked(data, "two")
        first.kill()
        eventually(lambda: said(data, "one") == ["up", "up"], stack)
        assert first not in running(data)
        assert marked(data, "two") == {other}
        recorded = {e["pid"] for e in json.loads((data / "processes.json").read_text())}
        assert recorded == {process.pid for process in running(data)}


def test_children_of_a_killed_program_do_not_live_beside_its_successor(data: Path) -> None:
    with Stack(data, ENVIRONMENT, pauses=[0.01]) as stack:
        stack.start([python("family", FAMILY)])
        eventually(lambda: said(data, "family") == ["up"])
        family = running(data)
        assert len(family) == 3
        psutil.Process(json.loads((data / "processes.json").read_text())[0]["pid"]).kill()
        eventually(lambda: said(data, "family") == ["up", "up"], stack)
        assert living(family) == set()


def test_restarts_pause_longer_each_time(data: Path) -> None:
    source = "import time; print(time.monotonic(), flush=True)"
    with Stack(data, ENVIRONMENT, pauses=[0.1, 0.6]) as stack:
        stack.start([python("brief", source)])
        with pytest.raises(ProgramFailed):
            stack.watch()
    first, second, third = map(float, said(data, "brief"))
    assert second - first >= 0.1
    assert third - second >= 0.6


def test_a_program_that_does_not_stay_up_is_given_up_with_its_log(data: Path) -> None:
    with Stack(data, ENVIRONMENT, pauses=[0.01, 0.01]) as stack:
        stack.start(
            [python("good", SLEEPER), python("broken", "raise SystemExit('no such broker')")]
        )
        with pytest.raises(ProgramFailed) as failure:
            stack.watch()
    message = str(failure.value)
    assert re.match(
        r"broken does not stay up: it exited with 1 after \d+ s, as it did 2 times", message
    )
    assert message.endswith("no such broker\nno such broker\nno such broker")
    assert running(data) == set()


def test_a_program_that_does_not_exist_is_named(data: Path) -> None:
    with (
        pytest.raises(ProgramFailed, match=r"ghost cannot be started: .*no-such-program"),
        Stack(data, ENVIRONMENT) as stack,
    ):
        stack.start([python("good", SLEEPER), Program("ghost", ["/no-such-program"])])
    assert running(data) == set()


def test_stopping_asks_first_and_leaves_nothing(data: Path) -> None:
    with Stack(data, ENVIRONMENT) as stack:
        stack.start([python("polite", POLITE), python("family", FAMILY)])
        eventually(lambda: said(data, "polite") == said(data, "family") == ["up"])
        everybody = running(data)
        assert len(everybody) == 4
    assert said(data, "polite") == ["up", "bye"]
    assert living(everybody) == running(data) == set()
    assert not (data / "processes.json").exists()


def test_a_program_that_ignores_sigterm_is_killed_after_the_grace(data: Path) -> None:
    with Stack(data, ENVIRONMENT, grace_seconds=0.2) as stack:
        stack.start([python("stubborn", STUBBORN)])
        eventually(lambda: said(data, "stubborn") == ["up"])
    assert running(data) == set()


def test_stopping_twice_does_nothing_more(data: Path) -> None:
    with Stack(data, ENVIRONMENT) as stack:
        stack.start([python("one", SLEEPER)])
        stack.stop()
        assert running(data) == set()


def test_the_log_of_the_earlier_run_is_kept_beside_the_new_one(data: Path) -> None:
    for word in ("first", "second"):
        with Stack(data, ENVIRONMENT) as stack:
            stack.start([python("one", f"print('{word}', flush=True); " + SLEEPER)])
            eventually(lambda word=word: said(data, "one") == [word, "up"])
    assert (data / "log" / "one.log.1").read_text() == "first\nup\n"


def owner_of(data: Path) -> subprocess.Popen[str]:
    """A stack in another process, up, with a family in it."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(data), FAMILY],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    eventually(lambda: said(data, "family") == ["up"])
    return owner


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, -signal.SIGINT)],
)
def test_a_signal_to_the_owner_ends_the_stack_in_order(
    data: Path, number: signal.Signals, status: int
) -> None:
    owner = owner_of(data)
    os.killpg(owner.pid, number)
    output, _ = owner.communicate(timeout=60)
    assert (output, owner.returncode) == ("leaving\n", status)
    assert running(data) == set()


def test_the_next_stack_ends_what_a_killed_one_left(data: Path) -> None:
    owner = owner_of(data)
    owner.kill()
    owner.communicate()
    left_over = running(data)
    assert len(left_over) == 3
    with Stack(data, ENVIRONMENT) as stack:
        assert living(left_over) == set()
        stack.start([python("family", SLEEPER)])
        eventually(lambda: said(data, "family") == ["up"])


def test_orphans_whose_program_was_killed_too_are_ended(data: Path) -> None:
    owner = owner_of(data)
    owner.kill()
    owner.communicate()
    left_over = running(data)
    psutil.Process(json.loads((data / "processes.json").read_text())[0]["pid"]).kill()
    eventually(lambda: len(living(left_over)) == 2)
    end_left_over(data)
    assert living(left_over) == set()


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"]) as process:
        try:
            yield process
        finally:
            process.kill()


def record(data: Path, *records: dict[str, object]) -> None:
    data.mkdir(exist_ok=True)
    (data / "processes.json").write_text(json.dumps(records))


def test_a_recycled_process_id_is_not_touched(
    data: Path, stranger: subprocess.Popen[bytes]
) -> None:
    created = psutil.Process(stranger.pid).create_time()
    record(data, {"name": "one", "pid": stranger.pid, "created": created - 60})
    end_left_over(data)
    assert stranger.poll() is None


def test_a_recorded_process_is_ended_even_when_its_mark_cannot_be_read(
    data: Path, stranger: subprocess.Popen[bytes]
) -> None:
    entry = Record.of("one", stranger.pid)
    assert entry is not None
    record(data, entry.model_dump())
    end_left_over(data)
    assert stranger.wait(timeout=30) == -signal.SIGTERM


def test_a_record_that_cannot_be_read_is_no_hindrance(data: Path) -> None:
    data.mkdir()
    (data / "processes.json").write_text('[{"name": "one", "pi')
    with Stack(data, ENVIRONMENT) as stack:
        stack.start([python("one", SLEEPER)])


def test_the_stack_of_another_directory_is_left_alone(data: Path, tmp_path: Path) -> None:
    with Stack(tmp_path / "other", ENVIRONMENT) as other:
        other.start([python("one", SLEEPER)])
        (process,) = running(tmp_path / "other")
        with Stack(data, ENVIRONMENT) as stack:
            stack.start([python("one", SLEEPER)])
        assert living([process])


def test_a_directory_that_cannot_be_written_to_is_named(data: Path) -> None:
    data.touch()
    with pytest.raises(DataDirectoryUnusable, match=r"data cannot be used.*choose another"):
        end_left_over(data)


def test_a_living_stack_is_not_taken_for_left_over(data: Path) -> None:
    with Stack(data, ENVIRONMENT) as stack:
        stack.start([python("one", SLEEPER)])
        with pytest.raises(DataDirectoryInUse, match=f"in use by process {os.getpid()}"):
            end_left_over(data)
        assert running(data)


def test_a_stack_started_by_a_program_of_its_own_directory_does_not_end_itself(
    data: Path,
) -> None:
    inner = f"""
from pathlib import Path
from workers.stack import end_left_over
end_left_over(Path({str(data)!r}))
print("alive", flush=True)
"""
    answer = subprocess.check_output(
        [sys.executable, "-c", inner], env=os.environ | {MARK: str(data)}, text=True
    )
    assert answer == "alive\n"
