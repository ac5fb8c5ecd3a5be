"""What log managers and artifact managers have in common: one store, and a ``with`` block."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from janitor.storage.port import BlobStore


class BlobManager:
    """A key scheme and a policy over one store.

    Args:
        store: where the bytes are.
    """

    def __init__(self, store: BlobStore) -> None:
        self._store = store

    @property
    def location(self) -> str:
        """Where the store is, for messages."""
        return self._store.location

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing stays open between calls."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.location!r})"
