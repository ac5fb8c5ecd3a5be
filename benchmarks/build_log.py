"""Text like the logs of builds, for benchmarks: always the same for a seed.

A log is one project after the other. A project has names of its own for directories, sources,
functions and packages, and goes through the phases of a build, of about a quarter of the
text each: build dependencies are fetched, unpacked and set up, with dpkg's lines of time and
status; long compiler and libtool lines share their flags, with warnings between them; tests
are listed with outcome and time; a worker tells with timestamps and hashes what it does.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

WORDS = """
    array audio block branch buffer cache cipher client codec color commit config delta digest
    driver event filter font frame glyph graph group handle header image index inode iter key
    layout lexer list local lock map matrix merge module mount node number object option pack
    page parse path pixel point pool queue range reader record remote render sample scan sector
    server session shape signal socket sort stream string symbol sync table task text thread
    token trace tree tuple type value vector view visitor widget window writer
""".split()  # noqa: SIM905 - a list of a hundred strings is harder to read
STATES = ("half-installed", "unpacked", "half-configured", "installed")
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def build_log(size: int, seed: int = 1) -> bytes:
    """Return that many bytes of log."""
    dice = random.Random(seed)
    pieces, length = [], 0
    while length < size:
        piece = "".join(f"{line}\n" for line in _Project(dice).lines()).encode()
        pieces.append(piece)
        length += len(piece)
    return b"".join(pieces)[:size]


class _Project:
    """The build of one project."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._moment = BEGAN + timedelta(seconds=dice.randrange(10_000_000))
        self._name = f"lib{self._two_words('')}-{self._version()}"
        self._sources = [
            f"{folder}/{self._two_words()}" for folder in dice.sample(WORDS, 4) for _ in range(15)
        ]
        self._functions = [self._two_words() for _ in range(60)]

    def lines(self) -> Iterator[str]:
        """Yield the lines of its log."""
        yield from self._dependencies()
        for source in self._sources:
            yield from self._compiled(source)
        yield from self._tested()
        yield from self._worked()

    def _dependencies(self) -> Iterator[str]:
        dice = self._dice
        chosen = [(f"lib{self._two_words('-')}-dev", self._version()) for _ in range(100)]
        for number, (package, version) in enumerate(chosen):
            yield (
                f"Get:{number} http://deb.example.org/debian sid/main amd64 {package} amd64"
                f" {version} [{dice.randrange(10, 90_000) / 10} kB]"
            )
        for package, version in chosen:
            yield f"Preparing to unpack .../{package}_{version}_amd64.deb ..."
            yield f"Unpacking {package} ({version}) ..."
            yield f"Setting up {package} ({version}) ..."
            for state in STATES:
                yield f"{self._later():%Y-%m-%d %H:%M:%S} status {state} {package}:amd64 {version}"

    def _compiled(self, source: str) -> Iterator[str]:
        dice = self._dice
        folder, stem = source.split("/")
        gcc = (
            f"gcc -DHAVE_CONFIG_H -I. -I../../src/{folder} -I../.. -I/usr/include/glib-2.0"
            " -Wdate-time -D_FORTIFY_SOURCE=2 -g -O2 -fstack-protector-strong -Wformat"
            f" -ffile-prefix-map=/build/reproducible-path/{self._name}=. -Werror=format-security"
            f" -MT {stem}.lo -MD -MP -MF .deps/{stem}.Tpo -c ../../src/{source}.c"
        )
        yield f"/bin/bash ../libtool  --tag=CC   --mode=compile {gcc} -o {stem}.lo"
        yield f"libtool: compile:  {gcc}  -fPIC -DPIC -o .libs/{stem}.o"
        yield f"mv -f .deps/{stem}.Tpo .deps/{stem}.Plo"
        for _ in range(dice.choice((0, 0, 0, 1, 3))):
            called = dice.choice(self._functions)
            line, column = dice.randrange(1, 4000), dice.randrange(5, 60)
            yield f"../../src/{source}.c: In function '{dice.choice(self._functions)}':"
            yield (
                f"../../src/{source}.c:{line}:{column}: warning: ignoring return value of"
                f" '{called}' declared with attribute 'warn_unused_result' [-Wunused-result]"
            )
            yield f"{line:5} |         {called} (self, {dice.choice(WORDS)});"
            yield f"      |         ^{'~' * (len(called) + 8)}"

    def _tested(self) -> Iterator[str]:
        dice = self._dice
        for source in self._sources:
            for _ in range(15):
                outcome = dice.choice(("PASS", "PASS", "PASS", "PASS", "SKIP", "FAIL"))
                test = f"tests/{source}.c: test_{self._two_words()}"
                yield f"{outcome}: {test} ({dice.random() * 3:.3f}s)"

    def _worked(self) -> Iterator[str]:
        dice = self._dice
        for source in self._sources:
            for step in dice.sample(WORDS, 9):
                level = dice.choice(("INFO", "INFO", "DEBUG", "WARNING"))
                yield (
                    f"{self._later():%Y-%m-%d %H:%M:%S,%f} {level} janitor.worker: {self._name}:"
                    f" {step} of {source}: {dice.randrange(10_000)} lines"
                )
            yield f"committed revision {dice.randbytes(20).hex()}"

    def _later(self) -> datetime:
        self._moment += timedelta(milliseconds=self._dice.randrange(600))
        return self._moment

    def _two_words(self, between: str = "_") -> str:
        return between.join(self._dice.sample(WORDS, 2))

    def _version(self) -> str:
        dice = self._dice
        return (
            f"{dice.randrange(9)}.{dice.randrange(40)}.{dice.randrange(12)}-{dice.randrange(1, 6)}"
        )
