"""``PAGER``: the program that shows a person a page at a time. Click runs it."""

from __future__ import annotations

import os
import shlex

from janitor.config.mistakes import shown
from janitor.errors import Failure

_PAGER = "PAGER"


class UnreadablePager(Failure):
    """``PAGER`` is no command."""


def check_pager() -> None:
    """Check that ``PAGER`` is a command, before there is anything to lose.

    Raises:
        UnreadablePager: a quote in it is not closed, say.
    """
    said = os.environ.get(_PAGER, "")
    try:
        shlex.split(said)
    except ValueError as error:
        why = str(error).lower()
        raise UnreadablePager(
            f"the variable {_PAGER} is {shown(said)}, which is no command ({why}); correct it,"
            f" or unset it"
        ) from None
