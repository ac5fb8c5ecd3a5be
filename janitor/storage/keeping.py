"""Storing the same thing twice is storing it once.

The store itself only knows whether a key is taken (:mod:`janitor.storage.port`); here the
content decides what that means.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import BinaryIO

from janitor.storage.ahead import read_ahead
from janitor.storage.measured import Measured, measure
from janitor.storage.port import (
    BlobStore,
    Damaged,
    Digest,
    KeyTaken,
    Metadata,
    ServiceUnavailable,
)


@dataclass(frozen=True)
class Encoding:
    """How content is turned into what is stored, and back, a piece at a time."""

    encode: Callable[[BinaryIO], BinaryIO]
    decode: Callable[[BinaryIO], BinaryIO]


AS_IT_IS = Encoding(encode=lambda content: content, decode=lambda stored: stored)


@dataclass(frozen=True)
class Kept:
    """Content that is in a store now.

    Args:
        size: of the content before encoding, in bytes.
        sha256: of the content before encoding, in hex.
        stored_size: in the store, in bytes.
    """

    size: int
    sha256: str
    stored_size: int


def keep(
    store: BlobStore,
    key: str,
    content: BinaryIO,
    metadata: Metadata,
    *,
    encoding: Encoding = AS_IT_IS,
    timeout: float | None = None,
) -> Kept:
    """Store a file's content under a key, unless it is there already.

    Args:
        store: where to.
        key: under which name.
        content: a seekable file, read from its beginning.
        metadata: kept with it as far as the store can.
        encoding: how it is stored.
        timeout: of each call of the store, in seconds.

    Raises:
        KeyTaken: other content is stored under that key.
        ServiceUnavailable: the store doesn't answer.
    """
    if store.stat(key, timeout=timeout) is None:
        content.seek(0)
        if store.keeps_digest:
            # It goes there before the content; a local file is soon read twice.
            metadata = replace(metadata, digest=measure(content))
            content.seek(0)
        measured = Measured(content)
        try:
            with read_ahead(measured) as plain:
                stored_size = store.put(key, encoding.encode(plain), metadata, timeout=timeout)
        except KeyTaken:
            pass  # somebody was faster; look at what they stored
        else:
            return Kept(*measured.digest, stored_size)
    return _kept_already(store, key, content, encoding, timeout)


def _kept_already(
    store: BlobStore, key: str, content: BinaryIO, encoding: Encoding, timeout: float | None
) -> Kept:
    found = store.stat(key, timeout=timeout)
    if found is None:
        raise ServiceUnavailable(f"{store.location}: {key} was deleted while we stored it")
    content.seek(0)
    ours = measure(content)
    if (found.digest or _stored(store, key, encoding, timeout)) != ours:
        raise KeyTaken(f"{store.location}: {key} is stored already, with other content")
    return Kept(*ours, found.size)


def _stored(store: BlobStore, key: str, encoding: Encoding, timeout: float | None) -> Digest | None:
    """What is stored under a key; None where it can't be decoded."""
    try:
        with encoding.decode(store.open(key, timeout=timeout)) as stored:
            return measure(stored)
    except Damaged:
        return None
