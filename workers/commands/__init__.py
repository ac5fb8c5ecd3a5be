"""The command line's commands, one noun a module; :mod:`workers.cli` lists them.

Each imports what it needs when it runs, so that ``--help`` is quick and a worker can set its
environment before Celery reads it.
"""
