"""Where a codebase's branch is now, asked of its host in one or two small requests.

Not by opening the branch: what is asked for is one line. Only the web is gone to, and by
:mod:`.guarded_web`, and files of this host where the configuration allows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module  # Breezy and Dulwich are loaded where they are used
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from janitor.vcs.branch_failures import MISSING, branch_failure, failures_named
from janitor.vcs.branches.bzr import tip_in
from janitor.vcs.errors import BranchOpenFailure
from janitor.vcs.outside.border import Outside
from janitor.vcs.outside.credentials import Credentials, without_login
from janitor.vcs.outside.guarded_web import PATIENCE, GuardedWeb
from janitor.vcs.revisions import bzr_revision, git_revision

_LAST_REVISION = ".bzr/branch/last-revision"


@dataclass(frozen=True)
class Place:
    """A branch as it was found.

    Args:
        vcs_type: ``git`` or ``bzr``.
        url: of its repository or branch, without login, after the redirects that were met.
        ref: the reference of a Git branch; empty for Bazaar.
        revision: where it is.
    """

    vcs_type: str
    url: str
    ref: bytes
    revision: bytes


@dataclass(frozen=True)
class Visitor:
    """How this deployment goes to hosts outside.

    Args:
        outside: the border.
        credentials: who we are there.
        user_agent: who we say we are.
        patience: seconds for one branch.
    """

    outside: Outside
    credentials: Credentials
    user_agent: str
    patience: float = PATIENCE

    def find(self, branch_url: str, vcs_type: str | None = None) -> Place:
        """Return where a branch is.

        Args:
            branch_url: as Breezy writes it; ``,branch=NAME`` names a branch of a Git repository.
            vcs_type: the kind of version control; None: either.

        Raises:
            BranchOpenFailure: it could not be seen, with the reason as a code.
        """
        if vcs_type not in {None, *_KINDS}:
            raise branch_failure(
                f"unsupported-vcs-{vcs_type}", branch_url, "neither Git nor Bazaar"
            )
        with failures_named(branch_url):
            urlutils = import_module("breezy.urlutils")
            url, named = urlutils.split_segment_parameters(branch_url)
            self.outside.check(url)
            if vcs_type == "bzr":
                return self._find_bzr(url, named)
            try:
                return self._find_git(url, named)
            except BranchOpenFailure as failure:
                if vcs_type or named or failure.code != MISSING:
                    raise
            return self._find_bzr(url, named)

    def _find_git(self, url: str, named: Mapping[str, str]) -> Place:
        ref = _ref(named)
        if urlsplit(url).scheme == "file":
            refs, final = _refs_in(_path(url)), url
        else:
            refs, final = self._ask_git(url, ref)
        sha = refs.get(ref)
        if sha is None:
            raise branch_failure(MISSING, url, f"there is no {ref.decode(errors='replace')}")
        return Place("git", final, ref, git_revision(sha.decode()))

    def _ask_git(self, url: str, ref: bytes) -> tuple[Mapping[bytes, bytes], str]:
        web = self._web(url)
        client = import_module("dulwich.client").Urllib3HttpGitClient(
            without_login(url), pool_manager=web
        )
        refs = client.get_refs("", protocol_version=2, ref_prefix=[ref]).refs
        final = (web.answered or url).partition("/info/refs")[0].removesuffix("/git-upload-pack")
        return refs, final

    def _find_bzr(self, url: str, named: Mapping[str, str]) -> Place:
        if named:
            raise branch_failure(MISSING, url, "branches within a Bazaar branch are not looked at")
        if urlsplit(url).scheme == "file":
            tip, final = tip_in(_path(url)), url
            if tip is None:
                raise branch_failure(MISSING, url, "there is no Bazaar branch")
            return Place("bzr", final, b"", tip)
        web = self._web(url)
        asked = f"{without_login(url).rstrip('/')}/{_LAST_REVISION}"
        said = web.request("GET", asked).data
        number, _, tip = said.rstrip(b"\n").partition(b" ")
        if not number.isdigit() or not tip:
            raise branch_failure("branch-unavailable", asked, "that is no last revision")
        bzr_revision(tip)
        final = (web.answered or asked).removesuffix(f"/{_LAST_REVISION}")
        return Place("bzr", final, b"", tip)

    def _web(self, url: str) -> GuardedWeb:
        return GuardedWeb(
            self.outside,
            self.credentials.beside(url),
            user_agent=self.user_agent,
            patience=self.patience,
        )


_KINDS = ("git", "bzr")


def _ref(named: Mapping[str, str]) -> bytes:
    if "ref" in named:
        return unquote(named["ref"]).encode()
    if "branch" in named:
        return b"refs/heads/" + unquote(named["branch"]).encode()
    return b"HEAD"


def _path(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))


def _refs_in(path: Path) -> Mapping[bytes, bytes]:
    for directory in (path, path / ".git"):
        if (directory / "objects").is_dir():
            refs: Any = import_module("dulwich.refs").DiskRefsContainer(str(directory))
            found: dict[bytes, bytes] = refs.as_dict()
            return found
    raise branch_failure(MISSING, path.as_uri(), "there is no Git repository")
