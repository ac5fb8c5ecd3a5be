"""The files of a configuration: one, those that it includes, the overlay of a profile.

An include is written ``#janitor: include: "FILE"`` and read below the file that names it:
what every service reads in that file, holds for us, too.
"""

from __future__ import annotations

import re
from glob import glob
from pathlib import Path

from janitor.config.casting import cast
from janitor.config.checks import duplicates
from janitor.config.merging import merged, put
from janitor.config.mistakes import Lines, nearest, shown
from janitor.config.model import Config
from janitor.config.parser import Parser
from janitor.named_files import content_of

DEEPEST = 20  # files that include one another; more is a mistake
_PROFILE = re.compile(r"[A-Za-z0-9_-]{1,60}")


class Unreadable(Exception):
    """A file, or what is in it, cannot be read; its text says why, with the file's name."""

    @classmethod
    def at(cls, error: UnicodeDecodeError, name: str) -> Unreadable:
        """Return the complaint about bytes that are no text."""
        before = error.object[: error.start].decode(errors="replace")
        line, column = Lines(before).place(len(before))
        return cls(f"{name}:{line}:{column}: the file is not UTF-8 from here on")


class Files:
    """Reads the files of one configuration.

    Args:
        traced: let each message know where its values come from; otherwise :attr:`told` says
            only that something is wrong, not what.
    """

    def __init__(self, *, traced: bool) -> None:
        self.told: list[str] = []
        self._traced = traced
        self._seen: set[Path] = set()

    def read(self, path: str | Path | None, profile: str | None) -> Config:
        """Return what a file says, with the overlay of a profile over it.

        Args:
            path: the file; None if there is none.
            profile: ``production`` for ``janitor.production.conf`` beside ``janitor.conf``.
        """
        config = Config() if path is None else self._file(Path(path), "", 0)
        if profile is not None:
            overlay = self._overlay(path, profile)
            if overlay is not None:
                config = merged(config, self._file(overlay, "", 0))
        return put(config, Config.FIELDS["include"], (), "" if self._traced else None)

    def _file(self, path: Path, named_at: str, depth: int) -> Config:
        try:
            text = decoded(content_of(path), str(path))
        except OSError as error:
            self.told.append(_missing(path, error, named_at))
            return Config()
        except UnicodeDecodeError as error:
            self.told.append(str(Unreadable.at(error, str(path))))
            return Config()
        return self._with_includes(self._parsed(text, str(path)), path, depth)

    def _parsed(self, text: str, name: str) -> Config:
        config = None if self._traced else cast(Config, text)
        if config is None:
            parser = Parser(text, name, traced=self._traced)
            config = parser.read(Config)
            self.told += parser.mistakes.told()
        self.told += duplicates(config)
        return config

    def _with_includes(self, config: Config, path: Path, depth: int) -> Config:
        below = Config()
        for index, pattern in enumerate(config.include):
            named_at = config.origin_of("include", index)
            if depth == DEEPEST:
                self.told.append(f"{named_at}: more than {DEEPEST} files include one another")
                break
            for included, whole in self._included(path, pattern, named_at):
                if whole not in self._seen:
                    self._seen.add(whole)
                    below = merged(below, self._file(included, named_at, depth + 1))
        return merged(below, config) if config.include else config

    def _included(self, path: Path, pattern: str, named_at: str) -> list[tuple[Path, Path]]:
        """The files that a pattern names, each with where it really is."""
        try:
            found = [path.parent / name for name in _names(path.parent, pattern)]
            return [(each, each.resolve()) for each in found]
        except (OSError, ValueError, RuntimeError) as error:  # NUL, links that go in a circle
            self.told.append(f"{named_at}: nothing can be included by {shown(pattern)}: {error}")
            return []

    def _overlay(self, path: str | Path | None, profile: str) -> Path | None:
        if path is None or not _PROFILE.fullmatch(profile):
            self.told.append(
                f"the profile {shown(profile)} (JANITOR_PROFILE) "
                + (
                    "needs a file that it lies beside; name one with --config or JANITOR_CONFIG"
                    if path is None
                    else "may have letters, digits, '_' and '-' only"
                )
            )
            return None
        if not Path(path).name:
            return None  # a directory: it was told when it was read
        overlay = overlay_of(Path(path), profile)
        try:
            overlay.stat()
        except FileNotFoundError:
            pass
        except OSError as error:
            self.told.append(_missing(overlay, error, ""))
            return None
        else:
            return overlay
        hint = nearest(profile, profiles_beside(Path(path)))
        self.told.append(
            f"the profile {shown(profile)} (JANITOR_PROFILE) has no file {overlay};"
            f" {hint}make it, or name another"
        )
        return None


def overlay_of(path: Path, profile: str) -> Path:
    """Return where the overlay of a profile is: ``janitor.production.conf``."""
    return path.with_name(f"{path.stem}.{profile}{path.suffix}")


def profiles_beside(path: Path) -> list[str]:
    """Return the profiles that a file has overlays for."""
    names = path.parent.glob(f"{path.stem}.*{path.suffix}")
    return sorted(name.stem.removeprefix(f"{path.stem}.") for name in names)


def decoded(content: bytes, name: str) -> str:
    """Return the text that a file's bytes are; line ends stay as they are.

    Raises:
        UnicodeDecodeError: they are no UTF-8.
    """
    del name
    return content.decode()


def _names(directory: Path, pattern: str) -> list[str]:
    if any(mark in pattern for mark in "*?["):
        # Unlike Path.glob, it takes patterns of whole paths.
        return sorted(glob(pattern, root_dir=directory, recursive=True, include_hidden=True))  # noqa: PTH207
    return [pattern]


def _missing(path: Path, error: OSError, named_at: str) -> str:
    if named_at:
        return f"{named_at}: the included file {path} cannot be read: {error.strerror}"
    return (
        f"the configuration {path} cannot be read: {error.strerror}; name another with"
        " --config or JANITOR_CONFIG"
    )
