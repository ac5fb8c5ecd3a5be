"""Every diff is that of ``brz diff`` to the byte, and turns the old files into the new ones.

JANITOR_VCS_PAIRS=1000 compares so many pairs, of histories of at most fifty. Unless that is set
they are three: a ``brz`` process takes its time.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from janitor.vcs.structured import StructuredDiff

if TYPE_CHECKING:
    from conftest import BzrStore

PAIRS = int(os.environ.get("JANITOR_VCS_PAIRS", "3"))
LONGEST = 50
NAMES = ("plain", "with space", "späß", "it's", "dir/deep/er", "-dash", "b", "end.", "日本")


class OddTree:
    """Files of a Bazaar branch that change, all kinds of them.

    Args:
        store: the repository.
        seed: which history; each is another.
    """

    def __init__(self, store: BzrStore, seed: int) -> None:
        self._store = store
        self._dice = random.Random(seed)
        self._names = 0

    def change(self) -> bytes:
        """Change a good deal at once; returns the revision id."""
        if self._names:
            self._rename()  # while all that is there is known
        for work in (self._add, self._add, self._add, self._edit, self._edit, self._remove):
            work()
        for work in (self._mode, self._link, self._binary):
            work()
        return self._store.commit({})

    def texts(self) -> dict[str, bytes]:
        """What every text is by now."""
        files = {str(path.relative_to(self._root)): path.read_bytes() for path in self._files()}
        return {name: content for name, content in files.items() if b"\0" not in content}

    @property
    def _root(self) -> Path:
        return self._store.trees

    def _files(self) -> list[Path]:
        found = sorted(self._root.rglob("*"))
        return [
            path
            for path in found
            if path.is_file() and not path.is_symlink() and ".bzr" not in path.parts
        ]

    def _new(self) -> Path:
        self._names += 1
        path = self._root / f"{self._dice.choice(NAMES)}{self._names}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _lines(self, number: int) -> bytes:
        return b"".join(b"line %d\n" % self._dice.randrange(50) for _ in range(number))

    def _add(self) -> None:
        self._new().write_bytes(self._dice.choice((b"", self._lines(30), self._lines(8)[:-1])))

    def _edit(self) -> None:
        path = self._dice.choice(self._files())
        lines = path.read_bytes().splitlines(keepends=True)
        at = self._dice.randrange(len(lines) + 1)
        lines[at : at + 2] = [b"changed\n", b"latin \xe9\n"]
        path.write_bytes(b"".join(lines))

    def _remove(self) -> None:
        self._dice.choice(self._files()).unlink()  # a commit takes it out then

    def _rename(self) -> None:
        old = self._dice.choice(self._files()).relative_to(self._root)
        self._store.tree.rename_one(str(old), f"moved-{self._names}")

    def _mode(self) -> None:
        path = self._dice.choice(self._files())
        path.chmod(path.stat().st_mode ^ 0o111)

    def _link(self) -> None:
        link = self._root / "link"
        link.unlink(missing_ok=True)
        link.symlink_to(f"target {self._names}")

    def _binary(self) -> None:
        (self._root / "image").write_bytes(b"\0" + self._dice.randbytes(100))


def patched(texts: dict[str, bytes], diff: bytes, directory: Path) -> dict[str, bytes]:
    """What ``patch`` makes of files, told of each under which name it is by then."""
    shutil.rmtree(directory, ignore_errors=True)
    for name, content in texts.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for part in re.split(rb"^(?==== (?!target))", diff, flags=re.MULTILINE)[1:]:
        (file,) = StructuredDiff([part])
        if file.kind == "file" and file.hunks:
            path = directory / (file.new_path or file.old_path or b"").decode()
            path.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["patch", "--force", "--silent", str(path)], input=part, check=True)
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


def renamed(texts: dict[str, bytes], diff: bytes) -> dict[str, bytes]:
    """Files under the names that they have in the end; ``patch`` knows nothing of renames."""
    names = {
        (file.old_path or b"").decode(): (file.new_path or b"").decode()
        for file in StructuredDiff([diff])
        if file.status == "renamed"
    }
    moved = {}
    for name, content in texts.items():
        moved[names.get(name, name)] = content
    return moved


@pytest.mark.parametrize("first", range(0, PAIRS, LONGEST))
def test_of_a_history_with_all_that_a_diff_can_meet(
    bzr_store: BzrStore, tmp_path: Path, first: int
) -> None:
    tree = OddTree(bzr_store, first)
    revisions, texts = [], []
    for _ in range(min(PAIRS - first, LONGEST) + 1):
        revisions.append(tree.change())
        texts.append(tree.texts())
    for number, (old, new) in enumerate(itertools.pairwise(revisions), start=1):
        diff = bzr_store.manager.get_diff("hello", old, new)
        assert diff == bzr_store.brz("diff", f"-r{number}..{number + 1}")
        files = list(StructuredDiff([diff]))
        assert len(files) == len(re.findall(rb"^=== (?!target)", diff, re.MULTILINE))
        assert {"link", "image"} <= {(file.new_path or b"").decode() for file in files}
        if shutil.which("patch") is None:
            pytest.skip("there is no program patch")
        before, after = renamed(texts[number - 1], diff), texts[number]
        made = patched(before, diff, tmp_path / "patched")
        binary = {(file.new_path or b"").decode() for file in files if file.binary}
        shown = after.keys() - binary
        assert {name: made.get(name, b"") for name in shown} == {
            name: after[name] for name in shown
        }
        assert set(made) - set(after) <= {name for name in before if not before[name]}
