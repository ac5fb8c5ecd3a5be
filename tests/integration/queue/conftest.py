"""Codebases to wait in the queue, on two hosts and on none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from janitor.queue import Queue
from janitor.state.change_set import ChangeSet
from janitor.state.codebase import Codebase

HOSTS = {"ash": "https://one.example/ash", "birch": "git+ssh://git@two.example/birch"}
NAMES = ("ash", "birch", "cedar", "doum", "elm")


@pytest.fixture
def codebases(session: Session) -> None:
    """``ash`` on one.example, ``birch`` on two.example, the others without a branch."""
    for name in NAMES:
        url = HOSTS.get(name)
        vcs_type = "git" if url else None
        session.execute(
            insert(Codebase).values(name=name, branch_url=url, url=url, vcs_type=vcs_type)
        )
    session.execute(insert(ChangeSet).values(id="together", campaign="tidy"))
    session.commit()


@pytest.fixture
def put(session: Session, codebases: None) -> Callable[..., int]:  # noqa: ARG001 - its rows
    """Add an entry and commit; gives its id."""

    def put(codebase: str, campaign: str = "tidy", **given: Any) -> int:
        arguments: dict[str, Any] = {"command": "run", "estimated_duration": None} | given
        added, _bucket = Queue(session).add(codebase=codebase, campaign=campaign, **arguments)
        session.commit()
        return added

    return put
