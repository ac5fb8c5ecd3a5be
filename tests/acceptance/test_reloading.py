"""A worker that hears SIGHUP goes on with what its configuration says now."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.acceptance.harness import Janitor, children_of
from tests.acceptance.scenario import RUN, a_run_with_logs, ask_for, content_of

pytestmark = pytest.mark.acceptance


@pytest.fixture
def configured(janitor: Janitor) -> Path:
    """The file that says where logs go; the environment says the rest."""
    file = janitor.directory / "janitor.conf"
    janitor.environment["JANITOR_CONFIG"] = str(file)
    janitor.environment["JANITOR_LOGS_LOCATION"] = ""
    # The broker is named in the file, where it can be given another name.
    file.write_text(f'redis_location: "{janitor.environment["JANITOR_REDIS_LOCATION"]}"\n')
    janitor.environment["JANITOR_REDIS_LOCATION"] = ""
    return file


def stored_in(directory: Path) -> set[str]:
    return {path.name for path in directory.rglob("*.gz")}


def test_sighup_moves_a_worker_to_another_store(janitor: Janitor, configured: Path) -> None:
    broker = configured.read_text()
    old, new = janitor.directory / "old", janitor.directory / "new"
    old.mkdir()
    new.mkdir()
    configured.write_text(f'{broker}logs_location: "{old}"')
    first, *others = a_run_with_logs(janitor, 5)
    worker = janitor.start("worker", "logs", "--concurrency=2")
    ask_for(janitor, [first])
    janitor.wait_for_job("r1/worker.log.1", "done")
    children = {child.pid for child in children_of(worker)}

    configured.write_text("logs_location: /nowhere")
    worker.send_signal(signal.SIGHUP)
    janitor.wait_for_logs("the configuration stays as it was", "takes a string in quotes", of=[0])

    configured.write_text(f'{broker.replace("redis:", "rediss:")}logs_location: "{new}"')
    worker.send_signal(signal.SIGHUP)
    janitor.wait_for_logs("was read again: logs_location;", "redis_location is another now", of=[0])
    spooled = janitor.deployment.spool.create(RUN)  # the first job tidied up behind itself
    for ask in others:
        (spooled / ask.name).write_bytes(content_of(ask.name))
    ask_for(janitor, others)
    for ask in others:
        janitor.wait_for_job(f"r1/{ask.name}", "done")

    assert stored_in(old) == {"worker.log.1.gz"}
    assert stored_in(new) == {f"{ask.name}.gz" for ask in others}
    assert worker.poll() is None
    assert {child.pid for child in children_of(worker)} == children
