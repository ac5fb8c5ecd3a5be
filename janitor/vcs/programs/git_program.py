"""The ``git`` program for what changes a repository, with nothing in force but what we say.

No hook, no prompt, no helper and no settings of this host or its user; a command that reads the
repository's own configuration is told over its head not to run anything of it. What only reads
objects is :mod:`.sealed_git`'s.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from janitor.redaction import redact
from janitor.vcs.programs.run_once import TookTooLong, run_once
from janitor.vcs.programs.sealed_git import GitFailed, GitMissing

# Over the head of whatever a repository's configuration says.
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.logAllRefUpdates": "false",
    "core.fsmonitor": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "credential.helper": "",
    "protocol.allow": "never",
}


class GitEnded(GitFailed):
    """The ``git`` program was ended before its time, and could not tidy up."""


@dataclass(frozen=True)
class Call:
    """One call of Git.

    Args:
        repository: its ``--git-dir``.
        arguments: the command; nothing from outside is unchecked in it.
        told: what it reads from its standard input.
        settings: further settings; they go through the environment, which nobody else reads,
            so that they may be secret.
        environment: further variables.
        inherits: file descriptors that it keeps open.
        patience: seconds after which it is ended, and all that it started.
        largest_file: bytes of a file that it writes; the kernel ends it at more.
    """

    repository: Path
    arguments: Sequence[str]
    told: bytes = b""
    settings: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    inherits: tuple[int, ...] = ()
    patience: float = 60.0
    largest_file: int | None = None


def call_git(call: Call) -> bytes:
    """Return what Git prints.

    Raises:
        GitMissing: there is no such program.
        GitFailed: it ended with an error.
        GitEnded: it took too long, or somebody killed it.
    """
    git = shutil.which("git")
    if git is None:
        raise GitMissing("the program git is not on PATH: install it where vcs workers run")
    what = f"git {call.arguments[0]} in {call.repository}"
    try:
        ended = run_once(
            [git, "--git-dir", str(call.repository), *call.arguments],
            call.repository,
            _environment(call),
            patience=call.patience,
            told=call.told,
            inherits=call.inherits,
            largest_file=call.largest_file,
        )
    except TookTooLong:
        raise GitEnded(f"{what} was ended after {call.patience:g} s") from None
    if ended.code:
        kind = GitEnded if ended.code < 0 else GitFailed
        raise kind(redact(f"{what}: {ended}"))
    return ended.printed


def _environment(call: Call) -> dict[str, str]:
    settings = list((_SETTINGS | dict(call.settings)).items())
    told = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings):
        told |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_COMMITTER_NAME": "Janitor",
        "GIT_COMMITTER_EMAIL": "janitor@localhost",
        **told,
        **call.environment,
    }
