"""The unprivileged account under which PostgreSQL runs when we are root.

PostgreSQL refuses to run as root. No account is made for it: ``postgres`` is taken where
it exists, else ``nobody``. That account has to reach the data directory and the server's
programs; it gets just that.
"""

from __future__ import annotations

import logging
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

_log = logging.getLogger(__name__)


class Identity(TypedDict, total=False):
    """The keyword arguments of :class:`subprocess.Popen` that change who runs."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """A system account to run a server under."""

    uid: int
    gid: int

    @classmethod
    def for_directory(cls, directory: Path) -> Account | None:
        """Choose the account for a server in ``directory``.

        Returns:
            None when we are not root and simply stay who we are; the owner of the
            directory if an earlier start left it to one; else a common account.
        """
        if os.geteuid() != 0:
            return None
        if directory.exists() and (owner := directory.stat()).st_uid != 0:
            return cls(owner.st_uid, owner.st_gid)
        known = {entry.pw_name: entry for entry in pwd.getpwall()}
        entry = known.get("postgres") or known["nobody"]
        return cls(entry.pw_uid, entry.pw_gid)

    def identity(self) -> Identity:
        """Return the arguments that make a new process run under this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Hand ``path`` over to the account."""
        os.chown(path, self.uid, self.gid)

    def let_reach(self, path: Path) -> None:
        """Let the account walk to ``path``: search permission where a parent lacks it.

        Search only, so the directories on the way still cannot be listed.
        """
        for directory in path.parents:
            mode = directory.stat().st_mode
            if not mode & self._bit(directory, stat.S_IXUSR):
                _log.warning("%s: others may now pass through, for PostgreSQL", directory)
                directory.chmod(stat.S_IMODE(mode) | self._bit(directory, stat.S_IXUSR))

    def let_read(self, tree: Path) -> None:
        """Let everybody read an installed tree (it is private after a umask of 077)."""
        for path in (tree, *tree.rglob("*")):
            if path.is_symlink():
                continue
            mode = stat.S_IMODE(path.stat().st_mode)
            wanted = mode | (mode & (stat.S_IRUSR | stat.S_IXUSR)) >> 6
            if wanted != mode:
                path.chmod(wanted)

    def _bit(self, path: Path, owner_bit: int) -> int:
        """Return the permission bit that counts for this account, given the owner's."""
        status = path.stat()
        if status.st_uid == self.uid:
            return owner_bit
        return owner_bit >> 3 if status.st_gid == self.gid else owner_bit >> 6
