"""The life of stored files: found, indexed, brought back from the backup, let go.

Logs (:mod:`janitor.logs`) and artifacts (:mod:`janitor.artifacts`) live alike: a
:class:`~janitor.files.shelf.Shelf` is one kind of them, with its table and its two stores.
"""

from janitor.files.shelf import Kind, Place, Shelf, shelf_of

__all__ = ["Kind", "Place", "Shelf", "shelf_of"]
