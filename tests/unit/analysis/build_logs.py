"""Logs as builders write them, short."""

from __future__ import annotations

RULE = "+" + "-" * 78 + "+"
END = "-" * 80 + "\nBuild finished at 2026-01-02T03:04:05Z\n"
NO_HEADER = "x.c:1:10: fatal error: foo.h: No such file or directory"
UNMET = " sbuild-build-depends : Depends: libfoo-dev (>= 2) but it is not installable"


def sbuild_log(stage: str, *, space: str = "n/a", **sections: str) -> bytes:
    """A log of sbuild whose summary says that a stage failed.

    Args:
        stage: which.
        space: what the summary says of it.
        sections: text by title, ``_`` for a space.
    """
    titled = {"Update_chroot": "Hit:1 http://deb.example.org sid InRelease\n"} | sections
    titled["Summary"] = f"Build Architecture: amd64\nFail-Stage: {stage}\nSpace: {space}\n"
    parts = ["sbuild (Debian sbuild) 0.85.0 on builder\n"]
    for title, text in titled.items():
        head = f"| {title.replace('_', ' '):76} |"
        parts.append(f"\n{RULE}\n{head}\n{RULE}\n\n{text}")
    return "".join(parts).encode()


def failed_build(error: str = NO_HEADER) -> bytes:
    """A log of a build that ended with an error."""
    return sbuild_log(
        "build", Build=f"dpkg-buildpackage\ncc -c x.c\n{error}\nmake: *** [x.o] Error 1\n{END}"
    )
