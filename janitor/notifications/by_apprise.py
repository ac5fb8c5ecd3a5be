"""Mail, Matrix, Slack and the like: whatever Apprise knows by the beginning of a URL.

Apprise is an extra (``janitor-workers[notifications]``) and imported where it is needed. It logs
URLs when something is wrong with them; nothing of that leaves this module unmasked.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from janitor.errors import Failure, PassingError
from janitor.notifications.message import Message
from janitor.notifications.targets import Target

if TYPE_CHECKING:
    from apprise import Apprise

PATIENCE = 30.0  # seconds in all; less than the pool's limit


def send(target: Target, message: Message) -> None:
    """Hand a message to the service of a target once.

    Args:
        target: which service.
        message: what; its id is the last line of the text.

    Raises:
        Failure: Apprise is not installed, or the URL is none that it knows.
        PassingError: it was not delivered. Apprise does not say whether that may pass.
    """
    with _overheard() as said:
        service = _service(target)
        if service is None:
            raise Failure(f"target {target.name} has no URL that Apprise takes{_why(target, said)}")
        body = f"{message.body}\n\nmessage {message.id}"
        if not service.notify(title=message.title, body=body, body_format="text"):
            raise PassingError(f"target {target.name} did not take it{_why(target, said)}")


def _service(target: Target) -> Apprise | None:
    try:
        from apprise import Apprise, AppriseAsset, OverflowMode  # noqa: PLC0415 - slow, optional
    except ImportError:
        raise Failure(
            f"target {target.name} needs Apprise: install janitor-workers[notifications]"
        ) from None
    asset = AppriseAsset(
        app_id="Janitor",
        app_desc="Janitor",
        async_mode=False,
        http_redirects=False,
        service_timeout=PATIENCE,
    )
    service = Apprise(asset=asset)
    if not service.add(target.url):
        return None
    for each in service:
        if each.overflow_mode == OverflowMode.UPSTREAM:  # which refuses what is too long for it
            each.overflow_mode = OverflowMode.SPLIT
    return service


def _why(target: Target, said: list[str]) -> str:
    return f": {target.masked('; '.join(dict.fromkeys(said)))}" if said else ""


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """Keep what Apprise complains of, and let nothing of it into the log.

    Nor what the libraries below it say of each request: URLs are in it.
    """
    said: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    ear = Ear(logging.WARNING)
    theirs = logging.getLogger("apprise")
    before, silenced = theirs.propagate, logging.root.manager.disable
    theirs.addHandler(ear)
    theirs.propagate = False
    logging.disable(max(silenced, logging.INFO))
    try:
        yield said
    finally:
        logging.disable(silenced)
        theirs.propagate = before
        theirs.removeHandler(ear)
