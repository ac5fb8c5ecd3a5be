"""The domain of a Janitor: what is true. Knows PostgreSQL, Git, Bazaar and object stores.

Has never heard of Celery: :mod:`tasks` says what can be asked for, :mod:`workers` runs it.
"""

__version__ = (0, 1, 0)
version_string = ".".join(map(str, __version__))
