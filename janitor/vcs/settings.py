"""The settings of repositories: which of them is wrong, told with its name.

:mod:`.locations` knows places, and not who named them; what is told here can be mended.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from janitor.config import Config
from janitor.config.variables import variable
from janitor.errors import Failure, JanitorError
from janitor.vcs.errors import RepositoryUnavailable, StoreRefused
from janitor.vcs.local_bzr import LocalBzrVcsManager
from janitor.vcs.local_git import LocalGitVcsManager
from janitor.vcs.locations import get_vcs_manager
from janitor.vcs.manager import VcsManager
from janitor.vcs.outside.credentials import Credentials, UnreadableCredentials

SETTINGS = {"git": "git_location", "bzr": "bzr_location"}


class UnusableSetting(Failure):
    """A setting that nothing can be opened with."""


def setting_of(vcs_type: str) -> str:
    """Return what a person sets for repositories of a kind: the field and its variable."""
    name = SETTINGS[vcs_type]
    return f"{name} ({variable(name)})"


def get_vcs_managers_from_config(config: Config) -> dict[str, VcsManager]:
    """Return the managers of the kinds that a configuration has a location for, by kind.

    Raises:
        UnusableSetting: a location is none.
    """
    locations = {kind: getattr(config, name) for kind, name in SETTINGS.items()}
    return {kind: _manager(kind, where) for kind, where in locations.items() if where}


def wrong_settings(config: Config) -> Iterator[str]:
    """Yield a line for each setting that can't be used, with where it stands.

    A directory that is not there yet is none of these: it is made with the first repository.
    """
    for kind, name in SETTINGS.items():
        where = getattr(config, name)
        refusal = _refusal(kind, where) if where else None
        if refusal is not None:
            yield f"{config.origin_of(name)}: {refusal}"
    try:
        Credentials.read(config.vcs_logins)
    except UnreadableCredentials as error:
        yield f"{config.origin_of('vcs_logins')}: {error}; it takes the path of a file like .netrc"


def advice(error: JanitorError, vcs_type: str | None, managers: dict[str, VcsManager]) -> str:
    """Return what to look at, to stand behind a repository's error; empty if that is no setting.

    Args:
        error: what a repository answered.
        vcs_type: the repository's kind.
        managers: those that are configured.
    """
    manager = managers.get(vcs_type or "")
    if manager is None or not isinstance(error, RepositoryUnavailable | StoreRefused):
        return ""
    directory = _directory(manager)
    if directory is None:
        return f"; does {setting_of(manager.vcs_type)} name the store service?"
    if directory.is_dir():
        return ""
    return f"; {directory} is no directory: correct {setting_of(manager.vcs_type)}, or make it"


def _refusal(kind: str, where: str) -> str | None:
    try:
        directory = _directory(_manager(kind, where))
    except UnusableSetting as error:
        return str(error)
    if directory is not None and directory.exists() and not directory.is_dir():
        return f"{setting_of(kind)}: {directory} is no directory"
    return None


def _manager(kind: str, where: str) -> VcsManager:
    try:
        return get_vcs_manager(kind, where)
    except JanitorError as error:
        raise UnusableSetting(f"{setting_of(kind)}: {error}") from None


def _directory(manager: VcsManager) -> Path | None:
    if not isinstance(manager, LocalGitVcsManager | LocalBzrVcsManager):
        return None
    return Path(manager.base_path).absolute()
