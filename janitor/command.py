"""The shell commands of campaigns, as far as we look into them."""

from __future__ import annotations

import re
import shlex

from janitor.errors import Failure

# KEY=value up to the next space, the value as a shell reads one word. What only a shell can
# work out ($, backticks) is left to it; and behind ";", "|" and the like another command
# begins, so that an assignment before it is not this one's.
_ASSIGNMENT = re.compile(
    r"""
    \s*+ (?P<key> [a-zA-Z_][a-zA-Z0-9_]*+ ) =
    (?P<value> (?: [^\s'"\\;&|<>()$`] | \\. | '[^']*+' | "(?: [^"\\$`] | \\. )*+" )*+ )
    (?: \s++ | \Z )
    """,
    re.VERBOSE | re.DOTALL,
)


class BrokenCommand(Failure, ValueError):
    """A command that no shell could read."""


def splitout_env(command: str) -> tuple[dict[str, str], str]:
    """Split the variables that a shell command sets for itself from what it runs.

    Args:
        command: a shell command such as ``DEBFULLNAME='A B' brz up --quiet``.

    Returns:
        The variables of the leading ``KEY=value`` words, without quotes, and the rest of
        the command as it was written. A word whose value needs a shell (``A=$HOME/a``)
        begins the rest.

    Raises:
        BrokenCommand: a quote is not closed.
    """
    try:
        shlex.split(command)
    except ValueError as error:
        # Without the command itself: its variables may be secrets.
        raise BrokenCommand(f"a command cannot be read: {error}") from None
    variables = {}
    at = 0
    while found := _ASSIGNMENT.match(command, at):
        variables[found["key"]] = "".join(shlex.split(found["value"]))
        at = found.end()
    return variables, command[at:].strip()
