"""A Git history with all that a diff can meet, for benchmarks and tests: the same for a seed.

Texts that grow, shrink and move, copies, merges, binary files, modes, symbolic links, submodules,
files that become directories, empty files, files without a newline at the end, and names that
only a machine would choose. It is fed to ``git fast-import``.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PLAIN, EXECUTABLE, LINK, SUBMODULE = b"100644", b"100755", b"120000", b"160000"
BRANCH = b"refs/heads/main"
WHEN = 1_700_000_000
FEWEST = 10  # files that stay
DEEPEST = 20  # directories
WORDS = b"alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu".split()
NAMES = (
    b"plain",
    b"with space",
    b" leading and trailing ",
    b"caf\xe9",  # Latin-1
    "späß".encode(),
    b"\xff\xfe",
    b'quo"ted',
    b"it's",
    b"back\\slash",
    b"tab\there",
    b"new\nline",
    b"bell\x07",
    b"-dash",
    b"b",  # as the prefix of the new side
    b"x b",
    b"dev",
    b"a => b",
    b"@@ -1 +1 @@",
    b"#comment",
    b"...",
    b"{brace}",
    b"*?[",
    b"end.",
)

Entry = tuple[bytes, bytes]
Tree = dict[bytes, Entry]


@dataclass
class OddHistory:
    """Commits in the making.

    Args:
        seed: of the dice.
    """

    seed: int = 1
    _marks: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._names = 0
        self._tree: Tree = {}

    def stream(self, commits: int) -> Iterator[bytes]:
        """Yield the input of ``git fast-import`` for a branch with that many commits."""
        trees: list[Tree] = []
        for number in range(commits):
            merged = None
            if trees and self._once_in(10):
                merged = self._dice.randrange(max(len(trees) - 10, 0), len(trees))
                theirs = sorted(trees[merged].items())
                self._tree |= dict(self._dice.sample(theirs, k=min(1, len(theirs))))
            for _ in range(self._dice.choice((1, 1, 2, 3, 8))):
                self._change()
            self._settle()
            before = trees[-1] if trees else {}
            trees.append(dict(self._tree))
            yield self._commit(number, merged, before)
        yield b"done\n"

    def _change(self) -> None:
        changes: tuple[Callable[[], None], ...] = (
            self._add,
            self._edit,
            self._edit,
            self._edit,
            self._remove,
            self._rename,
            self._rename,
            self._copy,
            self._mode,
            self._link,
            self._submodule,
            self._binary,
            self._swap,
            self._swallow,
        )
        self._dice.choice(changes)()

    def _add(self) -> None:
        shapes = (b"", self._text(1), self._text(40), self._text(300), self._text(12)[:-1])
        crlf = self._text(9).replace(b"\n", b"\r\n")
        self._tree[self._name()] = PLAIN, self._dice.choice((*shapes, crlf, b"x" * 5000, b"\n\n"))

    def _edit(self) -> None:
        path = self._one_of(PLAIN, EXECUTABLE)
        if path is not None:
            mode, content = self._tree[path]
            self._tree[path] = mode, self._edited(content)

    def _remove(self) -> None:
        path = self._one_of(PLAIN, EXECUTABLE, LINK, SUBMODULE)
        if path is not None and len(self._tree) > FEWEST:
            del self._tree[path]

    def _rename(self) -> None:
        path = self._one_of(PLAIN, EXECUTABLE, LINK)
        if path is not None:
            mode, content = self._tree.pop(path)
            edited = mode != LINK and self._once_in(2)
            self._tree[self._name()] = mode, self._edited(content) if edited else content

    def _copy(self) -> None:
        path = self._one_of(PLAIN, EXECUTABLE)
        if path is not None:
            self._tree[self._name()] = self._tree[path]

    def _mode(self) -> None:
        path = self._one_of(PLAIN, EXECUTABLE)
        if path is not None:
            mode, content = self._tree[path]
            self._tree[path] = (PLAIN if mode == EXECUTABLE else EXECUTABLE), content

    def _link(self) -> None:
        path = self._one_of(LINK) or self._name()
        self._tree[path] = LINK, self._dice.choice(NAMES)

    def _submodule(self) -> None:
        path = self._one_of(SUBMODULE) or self._name()
        self._tree[path] = SUBMODULE, self._dice.randbytes(20).hex().encode()

    def _binary(self) -> None:
        content = b"\x00" + self._dice.randbytes(self._dice.choice((10, 3000)))
        self._tree[self._one_of(PLAIN) or self._name()] = PLAIN, content

    def _swap(self) -> None:
        """A file becomes a link, or the other way round."""
        path = self._one_of(PLAIN, LINK)
        if path is not None:
            was = self._tree[path][0]
            self._tree[path] = (LINK, b"plain") if was == PLAIN else (PLAIN, self._text(5))

    def _swallow(self) -> None:
        """A file becomes a directory."""
        path = self._one_of(PLAIN)
        if path is not None and path.count(b"/") < DEEPEST:
            mode, content = self._tree.pop(path)
            self._tree[path + b"/" + self._dice.choice(NAMES)] = mode, content

    def _once_in(self, times: int) -> bool:
        return self._dice.randrange(times) == 0

    def _one_of(self, *modes: bytes) -> bytes | None:
        paths = sorted(path for path, (mode, _) in self._tree.items() if mode in modes)
        return self._dice.choice(paths) if paths else None

    def _name(self) -> bytes:
        depth = self._dice.choice((0, 0, 1, 1, 2, 12))
        self._names += 1
        parts = [self._dice.choice(NAMES) for _ in range(depth)]
        return b"/".join((*parts, self._dice.choice(NAMES) + b"%d" % self._names))

    def _settle(self) -> None:
        """Take out what can't be beside a file of the name of its directory."""
        for path in sorted(self._tree):
            parents = path.split(b"/")[:-1]
            above = (b"/".join(parents[:depth]) for depth in range(1, len(parents) + 1))
            if any(parent in self._tree for parent in above):
                del self._tree[path]

    def _text(self, lines: int) -> bytes:
        return b"".join(self._line() for _ in range(lines))

    def _line(self) -> bytes:
        if self._once_in(20):
            return b"def f%d():\n" % self._dice.randrange(100)
        if self._once_in(50):
            return b"latin \xe9 and \xff\n"
        return b" ".join(self._dice.choices(WORDS, k=self._dice.randrange(8))) + b"\n"

    def _edited(self, content: bytes) -> bytes:
        lines = content.splitlines(keepends=True)
        for _ in range(self._dice.choice((1, 1, 2, 5))):
            at = self._dice.randrange(len(lines) + 1)
            lines[at : at + self._dice.randrange(3)] = [
                self._line() for _ in range(self._dice.randrange(3))
            ]
        edited = b"".join(lines)
        return edited.rstrip(b"\n") if self._once_in(10) else edited

    def _commit(self, number: int, merged: int | None, before: Tree) -> bytes:
        message = b"Change %d.\n\nIt says \xc3\xa4.\n" % number
        head = b"commit %b\nmark :%d\ncommitter Ada <ada@example.com> %d +0000\ndata %d\n%b" % (
            BRANCH,
            number + 1,
            WHEN + number,
            len(message),
            message,
        )
        parents = b"" if merged is None or merged + 1 == number else b"merge :%d\n" % (merged + 1)
        gone = (b"D %b\n" % _quoted(path) for path in sorted(before.keys() - self._tree.keys()))
        came = dict(self._tree.items() - before.items())
        files = (_file(path, *entry) for path, entry in sorted(came.items()))
        return b"".join((head, parents, *gone, *files, b"\n"))


def _file(path: bytes, mode: bytes, content: bytes) -> bytes:
    if mode == SUBMODULE:
        return b"M %b %b %b\n" % (mode, content, _quoted(path))
    return b"M %b inline %b\ndata %d\n%b\n" % (mode, _quoted(path), len(content), content)


def _quoted(path: bytes) -> bytes:
    return b'"%b"' % b"".join(b"\\%03o" % byte for byte in path)


def renamed_in_bulk(files: int) -> bytes:
    """Return two commits for ``git fast-import``, where that many files move and change a little.

    More than ``diff.renameLimit`` of them, and Git gives up on what is not equal.
    """
    texts = [b"".join(b"%d of %d\n" % (line, file) for line in range(12)) for file in range(files)]
    commits = []
    for number, (directory, end) in enumerate(((b"old", b""), (b"new", b"more\n"))):
        committer = b"committer Ada <ada@example.com> %d +0000\ndata 0\n" % (WHEN + number)
        commits.append(b"commit %b\nmark :%d\n%bdeleteall\n" % (BRANCH, number + 1, committer))
        commits += [
            _file(b"%b/%b-%d" % (directory, directory, file), PLAIN, text + end)
            for file, text in enumerate(texts)
        ]
        commits.append(b"\n")
    return b"".join((*commits, b"done\n"))


def write(repository: Path, stream: Iterator[bytes] | list[bytes]) -> list[str]:
    """Make a bare repository; returns its commits in hexadecimal, the oldest first.

    Args:
        repository: where; it is made.
        stream: for ``git fast-import``.
    """
    git = ["git", "--git-dir", str(repository)]
    subprocess.run([*git, "init", "--quiet", "--bare", "--initial-branch=main"], check=True)  # noqa: S603 - our own words
    importing = [*git, "fast-import", "--quiet", "--done"]
    subprocess.run(importing, input=b"".join(stream), check=True)  # noqa: S603
    listing = [*git, "rev-list", "--reverse", "--topo-order", BRANCH.decode()]
    found = subprocess.run(listing, check=True, capture_output=True)  # noqa: S603
    return found.stdout.decode().split()
