"""A codebase's own branch, brought into our repository of it as the branch ``main``.

That is where workers of the field look for a copy that is near. :mod:`.visitor` says where the
branch is, :mod:`.git_fetch` and :mod:`.bzr_fetch` bring what is new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from pydantic import Field
from sqlalchemy import select

from janitor.errors import Failure
from janitor.jobs import JobKind, Payload, RetryPolicy
from janitor.names import CodebaseName
from janitor.state import Conn
from janitor.state.codebase import Codebase
from janitor.vcs.branches.port import BranchExists, BranchMoved
from janitor.vcs.errors import RepositoryUnavailable, UnsupportedVcs
from janitor.vcs.local_bzr import LocalBzrVcsManager
from janitor.vcs.local_git import LocalGitVcsManager
from janitor.vcs.manager import VcsManager
from janitor.vcs.outside.bzr_fetch import fetch_bzr
from janitor.vcs.outside.git_fetch import Limits, fetch_git
from janitor.vcs.outside.shallow import is_cut_off
from janitor.vcs.outside.visitor import Visitor

MIRROR_BRANCH = "main"


class MirrorCodebase(Payload):
    """Which codebase's branch to bring; ``request`` tells one request from the next."""

    request: str = Field(min_length=1, max_length=200)
    codebase: CodebaseName
    depth: int | None = Field(default=None, ge=1, lt=2**31)


MIRROR = JobKind(
    "janitor.vcs.mirror",
    MirrorCodebase,
    key=lambda ask: ask.request,
    # A host that rests is waited for, and asked again some times after that.
    retry=RetryPolicy(max_attempts=12, longest_pause=timedelta(hours=1)),
)


def branch_to_mirror(conn: Conn, codebase: str) -> tuple[str, str | None]:
    """Return where a codebase's branch is, and its kind if it is known.

    Raises:
        Failure: there is no such codebase, or it has no branch.
    """
    row = conn.execute(
        select(Codebase.branch_url, Codebase.vcs_type).where(Codebase.name == codebase)
    ).one_or_none()
    if row is None or row.branch_url is None:
        raise Failure(f"there is no codebase {codebase} with a branch_url; add it before")
    return row.branch_url, row.vcs_type


def mirror(
    codebase: str,
    branch_url: str,
    vcs_type: str | None,
    *,
    managers: Mapping[str, VcsManager],
    visitor: Visitor,
    limits: Limits,
) -> bytes:
    """Let the branch ``main`` of our repository be where a codebase's branch is.

    Args:
        codebase: whose repository; it is made if there is none.
        branch_url: where the branch is.
        vcs_type: its kind, if it is known.
        managers: our repositories, by kind.
        visitor: how we go outside.
        limits: how much may be brought.

    Returns:
        The revision.

    Raises:
        BranchOpenFailure: the branch could not be seen or brought.
        UnsupportedVcs: our repositories of that kind are behind a store service.
        BranchMoved: somebody else mirrored it at the same time.
    """
    visitor = replace(visitor, credentials=visitor.credentials.beside(branch_url))
    local = {
        kind: manager
        for kind, manager in managers.items()
        if isinstance(manager, (LocalGitVcsManager, LocalBzrVcsManager))
    }
    # Before anybody is asked: what others bring while we ask is newer than what we are told.
    seen = {kind: _main_of(manager, codebase) for kind, manager in local.items()}
    place = visitor.find(branch_url, vcs_type)
    if place.vcs_type not in local:
        raise UnsupportedVcs(
            f"{codebase}: no directory of {place.vcs_type} repositories is configured to mirror to"
        )
    manager, there = local[place.vcs_type], seen[place.vcs_type]
    branches = manager.branches(codebase)
    manager.make_repository(codebase)
    repository = manager.repository_path(codebase)
    if there != place.revision or (limits.depth is None and is_cut_off(repository)):
        bring = fetch_git if place.vcs_type == "git" else fetch_bzr
        bring(place, visitor, repository, limits)
        try:
            branches.set(MIRROR_BRANCH, place.revision, expected=there)
        except BranchExists as exists:  # since we looked
            raise BranchMoved(str(exists)) from None
    return place.revision


def _main_of(manager: LocalGitVcsManager | LocalBzrVcsManager, codebase: str) -> bytes | None:
    try:
        return manager.branches(codebase).get(MIRROR_BRANCH)
    except RepositoryUnavailable:
        return None
