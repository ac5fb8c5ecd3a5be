"""How far something long has come: a bar on a terminal, nothing anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def progress(label: str, length: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error for the length of a block.

    Args:
        label: what is going on.
        length: how much there is to do; None is not known.

    Yields:
        What to call with how much more is done.
    """
    if not sys.stderr.isatty():
        yield lambda _more: None
        return
    with click.progressbar(length=length or 0, label=label, file=sys.stderr) as bar:
        yield bar.update
