"""Where a codebase's branch is now, asked of its host in one or two small requests.

Not by opening the branch: what is asked for is one line. Only the web is gone to, and by
:mod:`.guarded_web`, and files of this host where the configuration allows them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import import_module  # Breezy and Dulwich are loaded where they are used
from pathlib import Path
from urllib.parse import unquote, urlsplit

from janitor.vcs.branch_failures import MISSING, branch_failure, failures_named
from janitor.vcs.branches.bzr import tip_in
from janitor.vcs.errors import BranchOpenFailure
from janitor.vcs.outside.border import Outside
from janitor.vcs.outside.credentials import Credentials, without_login
from janitor.vcs.outside.deadline import Deadline
from janitor.vcs.outside.guarded_web import GuardedWeb
from janitor.vcs.revisions import git_revision, is_bzr_revision

PATIENCE = 30.0  # seconds for a branch, with all redirects

_NONSENSE = "branch-unavailable"  # code: what answers is not what it should be, or not now
_LAST_REVISION = ".bzr/branch/last-revision"


@dataclass(frozen=True)
class Place:
    """A branch as it was found.

    Args:
        vcs_type: ``git`` or ``bzr``.
        url: of its repository or branch, without login, after the redirects that were met.
        ref: the reference of a Git branch; empty for Bazaar.
        revision: where it is.
        files_alone: of Git: whoever answered there knows nothing of Git, and has its files.
    """

    vcs_type: str
    url: str
    ref: bytes
    revision: bytes
    files_alone: bool = False


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
        with (
            failures_named(branch_url),
            Deadline(self.patience) as deadline,
            self._web(branch_url, deadline) as web,
        ):
            urlutils = import_module("breezy.urlutils")
            url, named = urlutils.split_segment_parameters(branch_url)
            self.outside.check(url)
            if vcs_type == "bzr":
                return _find_bzr(url, named, web)
            try:
                return _find_git(url, _ref(named), web)
            except BranchOpenFailure as failure:
                if vcs_type or named or failure.code != MISSING:
                    raise
            return _find_bzr(url, named, web)

    def _web(self, url: str, deadline: Deadline) -> GuardedWeb:
        return GuardedWeb(
            self.outside,
            self.credentials.beside(url),
            user_agent=self.user_agent,
            deadline=deadline,
        )


def _find_git(url: str, ref: bytes, web: GuardedWeb) -> Place:
    found = _read_git(url, ref) if urlsplit(url).scheme == "file" else _ask_git(url, ref, web)
    sha = found.revision
    if not sha:
        raise branch_failure(MISSING, url, f"there is no {ref.decode(errors='replace')}")
    if _SHA256.fullmatch(sha):
        raise branch_failure("unsupported-vcs", url, "Git with SHA-256 is not read here")
    if not _SHA1.fullmatch(sha):
        raise branch_failure(_NONSENSE, url, f"{sha[:80]!r} is no commit")
    return replace(found, revision=git_revision(sha.decode()))


def _read_git(url: str, ref: bytes) -> Place:
    path = _path(url)
    for directory in (path, path / ".git"):
        if (directory / "objects").is_dir():
            with (
                import_module("dulwich.repo").Repo(str(directory)) as repository,
                suppress(KeyError),  # there is none of that name, or it leads to none
            ):
                return Place("git", url, ref, repository.get_peeled(ref))
            return Place("git", url, ref, b"")
    raise branch_failure(MISSING, url, "there is no Git repository")


def _ask_git(url: str, ref: bytes, web: GuardedWeb) -> Place:
    """Return a place whose revision is what was said of it, if anything."""
    client = import_module("dulwich.client").Urllib3HttpGitClient(
        without_login(url), pool_manager=web
    )
    try:
        refs = client.get_refs("", protocol_version=2, ref_prefix=[ref]).refs
    except ValueError:
        if not client.dumb:
            raise
        # A page of a website, which has an answer to everything.
        raise branch_failure(MISSING, url, "there are no references of Git") from None
    final = (web.answered or url).partition("/info/refs")[0].removesuffix("/git-upload-pack")
    sha = refs.get(ref + _PEELED) or refs.get(ref) or b""
    if client.dumb and ref == b"HEAD":  # which is in no file of references
        sha = web.request("GET", f"{final}/HEAD").data.strip()
        if sha.startswith(_LEADS_TO):
            return replace(_ask_git(final, sha[len("ref: ") :], web), ref=ref)
    return Place("git", final, ref, sha, files_alone=client.dumb)


def _find_bzr(url: str, named: Mapping[str, str], web: GuardedWeb) -> Place:
    if named:
        raise branch_failure(MISSING, url, "branches within a Bazaar branch are not looked at")
    if urlsplit(url).scheme == "file":
        tip, final = tip_in(_path(url)), url
        if tip is None:
            raise branch_failure(MISSING, url, "there is no Bazaar branch")
        return Place("bzr", final, b"", tip)
    asked = f"{without_login(url).rstrip('/')}/{_LAST_REVISION}"
    said = web.request("GET", asked).data
    number, _, tip = said.rstrip(b"\n").partition(b" ")
    if not number.isdigit() or not is_bzr_revision(tip):
        raise branch_failure(_NONSENSE, asked, "that is no last revision")
    final = (web.answered or asked).removesuffix(f"/{_LAST_REVISION}")
    return Place("bzr", final, b"", tip)


_KINDS = ("git", "bzr")
_SHA1, _SHA256 = re.compile(rb"[0-9a-f]{40}"), re.compile(rb"[0-9a-f]{64}")
_LEADS_TO = b"ref: refs/"
_PEELED = b"^{}"  # behind the name of a tag: the commit that it is of


def _ref(named: Mapping[str, str]) -> bytes:
    if "ref" in named:
        return unquote(named["ref"]).encode()
    if "branch" in named:
        return b"refs/heads/" + unquote(named["branch"]).encode()
    return b"HEAD"


def _path(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))
