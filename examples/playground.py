"""Six small but real codebases and two campaigns, for the demo and for looking around.

Four codebases are in Git and two in Bazaar, each with some history. The first campaign
finds something to change in every one of them, the second fails where there is no LICENSE.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.dialects.postgresql import insert

from janitor.review.campaign_policy import set_policy
from janitor.review.policy import Policy
from janitor.state import Conn
from janitor.state.candidate import Candidate
from janitor.state.codebase import Codebase
from janitor.state.publish_policy import BranchPublishPolicy, NamedPublishPolicy

AUTHOR = "Ada Example <ada@example.com>"
POLICY = "propose-main"
TWO_REVIEWERS = Policy(approvals=2)


class Upstream(NamedTuple):
    """A codebase to be made."""

    name: str
    vcs_type: str
    value: int
    licensed: bool


CODEBASES = (
    Upstream("sundial", "git", 90, licensed=True),
    Upstream("lighthouse", "bzr", 85, licensed=True),
    Upstream("greeter", "git", 80, licensed=False),
    Upstream("ledger-book", "git", 75, licensed=True),
    Upstream("almanac", "bzr", 70, licensed=False),
    Upstream("tide-table", "git", 60, licensed=True),
)
CAMPAIGNS = ("fix-trailing-whitespace", "declare-licence")


@dataclass(frozen=True)
class Commit:
    """One step of a codebase's history: files by name, and what the author says."""

    files: dict[str, str]
    message: str


def build(conn: Conn, directory: Path) -> None:
    """Create the codebases and ask for both campaigns on each; safe to repeat.

    Args:
        conn: the caller's transaction.
        directory: where the upstream repositories go.
    """
    conn.execute(
        insert(NamedPublishPolicy)
        .values(name=POLICY, per_branch_policy=[BranchPublishPolicy("main", "propose", None)])
        .on_conflict_do_nothing()
    )
    for campaign in CAMPAIGNS:
        set_policy(conn, campaign, TWO_REVIEWERS, actor=AUTHOR)
    for name, vcs_type, value, licensed in CODEBASES:
        path = directory / name
        if not path.exists():
            write = _write_git if vcs_type == "git" else _write_bzr
            write(path, list(_history(name, licensed=licensed)))
        conn.execute(
            insert(Codebase)
            .values(
                name=name,
                branch_url=path.as_uri(),
                url=path.as_uri(),
                vcs_type=vcs_type,
                value=value,
            )
            .on_conflict_do_nothing()
        )
        for campaign in CAMPAIGNS:
            conn.execute(
                insert(Candidate)
                .values(
                    codebase=name,
                    suite=campaign,
                    command=campaign,
                    value=10,
                    publish_policy=POLICY,
                )
                .on_conflict_do_nothing()
            )


def _history(name: str, *, licensed: bool) -> Iterator[Commit]:
    title = name.replace("-", " ").title()
    yield Commit({"README": f"{title}   \n\nA small program.\n"}, "Begin with a README")
    yield Commit(
        {f"{name}.py": f'"""{title}."""  \n\n\ndef main():\t\n    print("{title}")\n'},
        "Say hello",
    )
    if licensed:
        yield Commit({"LICENSE": "MIT\n\nDo what you like.  \n"}, "Choose a licence")


def _write_git(path: Path, history: list[Commit]) -> None:
    from dulwich import porcelain  # noqa: PLC0415 - only the kind that is used is loaded

    path.mkdir(parents=True)
    repository = porcelain.init(path)
    who = AUTHOR.encode()
    for commit in history:
        for name, text in commit.files.items():
            (path / name).write_text(text)
        porcelain.add(repository, [str(path / name) for name in commit.files])
        porcelain.commit(repository, commit.message.encode(), author=who, committer=who)


def _write_bzr(path: Path, history: list[Commit]) -> None:
    import breezy.bzr.bzrdir  # noqa: F401, PLC0415 - sets the default format
    from breezy.controldir import ControlDir  # noqa: PLC0415

    path.mkdir(parents=True)
    tree = ControlDir.create_standalone_workingtree(str(path))
    for commit in history:
        for name, text in commit.files.items():
            (path / name).write_text(text)
        tree.smart_add([str(path)])
        tree.commit(commit.message, committer=AUTHOR)
