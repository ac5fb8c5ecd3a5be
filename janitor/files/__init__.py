"""The life of stored files: found, indexed, brought back from the backup, let go.

Logs (:mod:`janitor.logs`) and artifacts (:mod:`janitor.artifacts`) live alike: a
:class:`~janitor.files.shelf.Shelf` is one kind of them, with its table and its two stores.
"""

from janitor.files.shelf import KINDS, Kind, Place, Shelf
from janitor.files.shelves import shelf_of

__all__ = ["KINDS", "Kind", "Place", "Shelf", "shelf_of"]
