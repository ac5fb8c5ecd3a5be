"""Bringing the revisions of a Bazaar branch from outside into a shared repository of ours.

A process of its own does it (:mod:`.bzr_pull`), without plugins and settings, so that it ends in
time, writes no file that is too large, and goes nowhere but where it is sent.
"""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from pathlib import Path

from janitor.redaction import redact
from janitor.vcs.abandoned import remove_abandoned
from janitor.vcs.branch_failures import branch_failure, too_large
from janitor.vcs.outside.git_fetch import Limits
from janitor.vcs.outside.visitor import Place, Visitor
from janitor.vcs.programs.run_once import TookTooLong, run_once

_ARRIVING = Path(".bzr/repository/upload")  # where Bazaar keeps a pack until it is whole
_PULL = str(Path(__file__).with_name("bzr_pull.py"))


def fetch_bzr(place: Place, visitor: Visitor, repository: Path, limits: Limits) -> None:
    """Bring the revision of a place into a repository, whatever branches it has.

    Args:
        place: what the visitor found.
        visitor: how we go there.
        repository: the shared repository.
        limits: how much may be brought.

    Raises:
        BranchOpenFailure: it could not be brought.
    """
    addresses = visitor.outside.check(place.url)
    remove_abandoned((repository / _ARRIVING).glob("*"), 2 * limits.patience)
    with tempfile.TemporaryDirectory(prefix="janitor-fetch-") as directory:
        ours = repository.as_uri()
        words = [sys.executable, "-I", _PULL, ours, place.revision.decode(), *addresses]
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C.UTF-8",
            "HOME": directory,
            "BRZ_HOME": directory,
        }
        try:
            ended = run_once(
                words,
                Path(directory),
                environment,
                told=visitor.credentials.within(place.url).encode(),
                patience=limits.patience,
                largest_file=limits.size,
            )
        except TookTooLong:
            told = f"not in {limits.patience:g} s"
            raise branch_failure("branch-unavailable", place.url, told) from None
    if ended.code:
        reason = redact(str(ended).splitlines()[-1])
        if os.strerror(errno.EFBIG) in reason:  # the kernel's word for what goes beyond the limit
            raise too_large(place.url, limits.size)
        raise branch_failure("branch-unavailable", place.url, reason)
