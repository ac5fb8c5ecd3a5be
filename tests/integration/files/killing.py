"""Duties in a process of their own that is killed at a chosen call of a store."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from janitor.state import create_pool
from janitor.storage import DirectoryStore
from tests.integration.files.house import House


def die_at(step: int) -> Callable[[Any, str], Any]:
    """A trap in the stores: the process is killed before their nth call."""
    left = step

    def trapped(store: Any, name: str) -> Any:
        nonlocal left
        found = object.__getattribute__(store, name)
        if name in {"put", "open", "stat", "delete", "iter_keys"}:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return found

    return trapped


def ends_unless_killed(
    house: House, step: int, duty: Callable[[sessionmaker[Session], House], None]
) -> bool:
    """Do a duty in a process that dies at one step; returns whether it came to its end."""
    url = house.sessions.kw["bind"].url
    child = os.fork()
    if child == 0:
        try:
            sessions = sessionmaker(create_pool(url.render_as_string(hide_password=False)))
            DirectoryStore.__getattribute__ = die_at(step)  # type: ignore[method-assign, assignment]
            duty(sessions, house)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status)
