"""Objects that arrive, apart from a repository's own until they are all there and checked.

So nothing is left of a fetch that was refused, killed or too large. Git does the same for what is
pushed to it; :mod:`.git_fetch` fills a quarantine and releases it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from janitor.vcs.abandoned import remove_abandoned

_PREFIX = "tmp_objdir-janitor-"  # Git takes such directories for nothing of its own


@dataclass(frozen=True)
class Quarantine:
    """A directory of objects that borrows those of a repository.

    Args:
        path: the directory.
        objects: that of the repository.
    """

    path: Path
    objects: Path

    def size(self) -> int:
        """Return how many bytes have arrived."""
        return sum(path.stat().st_size for path in self._arrived())

    def release(self) -> None:
        """Move what arrived to the repository's own; each pack before the index that shows it."""
        for path in sorted(self._arrived(), key=lambda path: path.suffix == ".idx"):
            own = self.objects / path.relative_to(self.path)
            own.parent.mkdir(exist_ok=True)
            path.replace(own)

    def _arrived(self) -> list[Path]:
        return [*self.path.glob("[0-9a-f][0-9a-f]/*"), *self.path.glob("pack/*")]


@contextmanager
def quarantine_in(repository: Path, *, longest: float) -> Iterator[Quarantine]:
    """Keep what arrives apart for a ``with`` block; what is not released is gone after it.

    Args:
        repository: the bare repository.
        longest: seconds after which nobody is filling a quarantine any more: one that a killed
            process left is removed.
    """
    objects = repository.resolve() / "objects"
    remove_abandoned(objects.glob(f"{_PREFIX}*"), longest)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=objects) as directory:
        path = Path(directory)
        for part in ("info", "pack"):
            (path / part).mkdir()
        (path / "info" / "alternates").write_text(f"{objects}\n")
        yield Quarantine(path, objects)
