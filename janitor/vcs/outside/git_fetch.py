"""Bringing one branch of a Git repository from outside into ours: its objects, and nothing else.

``git fetch`` works in an empty repository of our own that borrows ours its objects, and knows
where its branches are: so it asks for what is new, and reads no configuration but what we say. What
it brings is in a :mod:`.quarantine` until all of it has come; :mod:`.shallow` knows where history
ends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module  # Dulwich is loaded where it is used
from pathlib import Path
from urllib.parse import urlsplit

from janitor.vcs.branch_failures import branch_failure, too_large
from janitor.vcs.outside.quarantine import quarantine_in
from janitor.vcs.outside.shallow import ends_of, release, settled_ends, write_ends
from janitor.vcs.outside.visitor import Place, Visitor
from janitor.vcs.programs.git_program import Call, call_git
from janitor.vcs.programs.run_once import LIMIT_UNIT
from janitor.vcs.programs.sealed_git import GitFailed
from janitor.vcs.revisions import git_sha

_ALL_OF_IT = 2**31 - 1  # commits; Git's own way to say so
# Old repositories are full of these, and no harm is in them.
_FORGIVEN = ("zeroPaddedFilemode", "missingSpaceBeforeDate", "badTimezone", "zeroPaddedDate")


@dataclass(frozen=True)
class Limits:
    """How much may be brought.

    Args:
        depth: commits of the history that are brought, what is there stays; None: all of it.
            Git's alone, and not from servers that have files alone.
        size: bytes of all that comes at once, in one file as a rule.
        patience: seconds.
    """

    depth: int | None = None
    size: int = 2 * 1024**3
    patience: float = 1200.0


def fetch_git(place: Place, visitor: Visitor, repository: Path, limits: Limits) -> None:
    """Bring the commit of a place into a repository, whatever branches it has.

    Args:
        place: what the visitor found.
        visitor: how we go there.
        repository: the bare repository.
        limits: how much may be brought.

    Raises:
        BranchOpenFailure: it could not be brought.
    """
    # In this order: where the history of these branches ends is known by then.
    known = _branches_of(repository)
    ends = settled_ends(repository)
    sha = git_sha(place.revision, null="")
    depth = limits.depth or (_ALL_OF_IT if ends else None)
    how_much = [f"--depth={depth}"] if depth and not place.files_alone else []
    with quarantine_in(repository, longest=3 * limits.patience) as arriving:
        home = arriving.path / "home"
        _make_home(home, known, ends)
        fetch = Call(
            home,
            (
                *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc"),
                *("--no-recurse-submodules", *how_much, "--", place.url, sha),
            ),
            settings=_settings(place.url, visitor),
            environment={"GIT_OBJECT_DIRECTORY": str(arriving.path)},
            patience=limits.patience,
            largest_file=limits.size,
        )
        failed = None
        try:
            call_git(fetch)
            if place.files_alone:  # nothing of what came so was looked at
                call_git(replace(fetch, arguments=("fsck", "--strict", "--no-dangling")))
        except GitFailed as failure:
            failed = failure
        # Whoever goes on writing to a file beyond that is ended by the kernel, and can't say why.
        if arriving.size() > limits.size - LIMIT_UNIT:
            raise too_large(place.url, limits.size)
        if failed:
            raise branch_failure("branch-unavailable", place.url, str(failed))
        release(arriving, repository, ends_of(home))


def _branches_of(repository: Path) -> bytes:
    """Return the references of a repository as Git packs them."""
    refs = import_module("dulwich.refs").DiskRefsContainer(str(repository)).as_dict()
    return b"".join(
        b"%s %s\n" % (sha, name) for name, sha in sorted(refs.items()) if name != b"HEAD"
    )


def _make_home(home: Path, known: bytes, ends: set[bytes]) -> None:
    """Make the empty repository that Git works in."""
    for part in ("refs", "objects"):
        (home / part).mkdir(parents=True)
    (home / "HEAD").write_text("ref: refs/heads/none\n")
    (home / "packed-refs").write_bytes(known)
    write_ends(home, ends)


def _settings(url: str, visitor: Visitor) -> dict[str, str]:
    split = urlsplit(url)
    settings = {
        f"protocol.{split.scheme}.allow": "always",
        "http.followRedirects": "false",  # the visitor has followed them
        "http.userAgent": visitor.user_agent,
        "http.proxy": "",
        "http.lowSpeedLimit": "1000",
        "http.lowSpeedTime": "60",
        "fetch.fsckObjects": "true",
        "fetch.unpackLimit": "1",  # all that comes is one file, and the limit is of files
        "uploadpack.packObjectsHook": "",
        # What is borrowed from has references, too; those of now are not those that we know of.
        "core.alternateRefsCommand": "true",
    } | {f"{of}fsck.{each}": "ignore" for of in ("", "fetch.") for each in _FORGIVEN}
    addresses = visitor.outside.check(url)
    if addresses:
        port = split.port or {"http": 80, "https": 443}[split.scheme]
        # These and no others: the name may have another address by the time that Git asks.
        places = ",".join(f"[{each}]" if ":" in each else each for each in addresses)
        if ":" not in (split.hostname or ""):  # an address is no name
            settings["http.curloptResolve"] = f"{split.hostname}:{port}:{places}"
    login = visitor.credentials.header_for(url)
    if login:
        settings[f"http.{split.scheme}://{split.netloc}/.extraHeader"] = f"Authorization: {login}"
    return settings
