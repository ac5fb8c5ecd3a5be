"""What processes that were killed left half made, found by its age and removed by the next."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def remove_abandoned(found: Iterable[Path], longest: float) -> None:
    """Remove files and directories that nobody is working at any more.

    Args:
        found: what may have been left.
        longest: seconds that whoever made one may have been at it.
    """
    for path in found:
        with suppress(OSError):  # it was finished meanwhile, or is another user's
            if time.time() - path.stat().st_mtime <= longest:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
