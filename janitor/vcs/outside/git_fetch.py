"""Bringing one branch of a Git repository from outside into ours: its objects, and nothing else.

``git fetch`` works in an empty repository of our own that borrows ours its objects, and knows
where its branches are: so it asks for what is new, and reads no configuration but what we say.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module  # Dulwich is loaded where it is used
from pathlib import Path
from urllib.parse import urlsplit

from janitor.vcs.branch_failures import branch_failure
from janitor.vcs.branches.turn import turn_in
from janitor.vcs.outside.visitor import Place, Visitor
from janitor.vcs.programs.git_program import Call, GitEnded, call_git
from janitor.vcs.programs.sealed_git import GitFailed
from janitor.vcs.revisions import git_sha

_SHALLOW = "shallow"  # the file where Git keeps which commits' parents it does not have
_ALL_OF_IT = 2**31 - 1  # commits; Git's own way to say so
# Old repositories are full of these, and no harm is in them.
_FORGIVEN = ("zeroPaddedFilemode", "missingSpaceBeforeDate", "badTimezone", "zeroPaddedDate")


@dataclass(frozen=True)
class Limits:
    """How much may be brought.

    Args:
        depth: commits of the history; None: all of it. Git's alone.
        size: bytes of one file that arrives, and so of all that comes at once.
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
    _clear_what_killed_ones_left(repository, limits)
    sha = git_sha(place.revision, null="")
    depth = limits.depth or (_ALL_OF_IT if is_cut_off(repository) else None)
    how_much = [f"--depth={depth}"] if depth else []
    with _borrowing(repository) as home:
        shallow = _lines(home / _SHALLOW)
        call = Call(
            home,
            (
                *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc"),
                *("--no-recurse-submodules", *how_much, "--", place.url, sha),
            ),
            settings=_settings(place.url, visitor),
            environment={"GIT_OBJECT_DIRECTORY": str(repository / "objects")},
            patience=limits.patience,
            largest_file=limits.size,
        )
        try:
            call_git(call)
        except GitEnded as ended:
            told = f"more than {limits.size} bytes, or not in {limits.patience:g} s; {ended}"
            raise branch_failure("branch-unavailable", place.url, told) from None
        except GitFailed as failed:
            raise branch_failure("branch-unavailable", place.url, str(failed)) from None
        _let_be_shallow(repository, shallow, _lines(home / _SHALLOW))


def is_cut_off(repository: Path) -> bool:
    """Return whether a part of its history was left where it came from."""
    return bool(_lines(repository / _SHALLOW))


def _clear_what_killed_ones_left(repository: Path, limits: Limits) -> None:
    """Remove packs that nobody is receiving any more: whoever did has been ended since."""
    for part in (repository / "objects" / "pack").glob("tmp_*"):
        with suppress(OSError):  # gone, or another user's
            if time.time() - part.stat().st_mtime > 2 * limits.patience:
                part.unlink()


@contextmanager
def _borrowing(repository: Path) -> Iterator[Path]:
    refs = import_module("dulwich.refs").DiskRefsContainer(str(repository)).as_dict()
    known = b"".join(
        b"%s %s\n" % (sha, name) for name, sha in sorted(refs.items()) if name != b"HEAD"
    )
    with tempfile.TemporaryDirectory(prefix="janitor-fetch-") as directory:
        home = Path(directory)
        (home / "refs").mkdir()
        (home / "objects").mkdir()
        (home / "HEAD").write_text("ref: refs/heads/none\n")
        (home / "packed-refs").write_bytes(known)
        (home / _SHALLOW).write_text("".join(sorted(_lines(repository / _SHALLOW))))
        yield home


def _let_be_shallow(repository: Path, before: set[str], after: set[str]) -> None:
    """Write down where our history ends by now, beside what others brought meanwhile."""
    if before == after:
        return
    with turn_in(repository):
        lines = (_lines(repository / _SHALLOW) - (before - after)) | after
        if not lines:  # all of history is there
            (repository / _SHALLOW).unlink(missing_ok=True)
            return
        part = repository / f"{_SHALLOW}.janitor"
        part.write_text("".join(sorted(lines)))
        part.replace(repository / _SHALLOW)


def _lines(shallow: Path) -> set[str]:
    try:
        return set(shallow.read_text().splitlines(keepends=True))
    except FileNotFoundError:
        return set()


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
    } | {f"fetch.fsck.{message}": "ignore" for message in _FORGIVEN}
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
