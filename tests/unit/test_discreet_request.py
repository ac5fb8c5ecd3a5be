"""What a worker tells others about a message that it received."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from janitor.config import Config
from workers.app import create_app
from workers.request import LONGEST_SHOWN, DiscreetRequest

TASK = "janitor.logs.ingest"
URL = "https://me:hunter2@example.com/x"


class Eventer:
    """Keeps what would be sent."""

    enabled = True

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send(self, kind: str, **fields: Any) -> None:
        self.sent.append({"kind": kind, **fields})


def request(kwargs: dict[str, Any], eventer: Eventer | None = None) -> DiscreetRequest:
    payload = ([], kwargs, {})
    headers = {"id": "1", "task": TASK, "argsrepr": f"('{URL}',)", "kwargsrepr": repr(kwargs)}
    message = SimpleNamespace(
        body=json.dumps(payload),
        payload=payload,
        headers=headers,
        content_type="application/json",
        content_encoding="utf-8",
        delivery_info={},
        properties={},
    )
    app = create_app(Config(redis_location="redis://127.0.0.1:1/0"))
    return DiscreetRequest(message, app=app, eventer=eventer, hostname="h", task=app.tasks[TASK])


def test_arguments_are_readable_and_their_secrets_masked() -> None:
    asked = request({"run_id": "r1", "origin": URL})
    assert asked.argsrepr == "[]"
    assert asked.kwargsrepr == "{'run_id': 'r1', 'origin': 'https://me:***@example.com/x'}"
    assert asked.kwargs["origin"] == URL  # the work itself gets what was sent


@pytest.mark.parametrize("safe", [False, True])
def test_remote_control_is_told_no_secret(safe: bool) -> None:
    told = str(request({"run_id": "r1", "origin": URL}).info(safe=safe))
    assert "r1" in told
    assert "hunter2" not in told


def test_a_secret_at_the_cut_is_masked_before_the_cut() -> None:
    for length in range(LONGEST_SHOWN - 60, LONGEST_SHOWN):
        shown = request({"a": "x" * length, "origin": URL}).kwargsrepr
        assert len(shown) <= LONGEST_SHOWN
        assert "hunt" not in shown


def test_events_carry_no_secret_of_an_exception() -> None:
    eventer = Eventer()
    failed = request({}, eventer)
    failed.send_event("task-failed", exception=f"cannot reach {URL}", traceback=URL, runtime=1.5)
    (event,) = eventer.sent
    assert event["exception"] == "cannot reach https://me:***@example.com/x"
    assert event["runtime"] == 1.5
    assert "hunter2" not in str(event)


def test_every_task_of_a_worker_is_received_discreetly() -> None:
    app = create_app(Config(redis_location="redis://127.0.0.1:1/0"))
    ours = [task for name, task in app.tasks.items() if name.startswith("janitor.")]
    assert ours
    assert {task.Request for task in ours} == {"workers.request:DiscreetRequest"}
