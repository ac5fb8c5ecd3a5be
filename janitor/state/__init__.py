"""The state tables: models (one module for each aggregate), engine, migrations.

The models say what a row is; what may be done with rows is said by the domain packages
beside this one. :mod:`.upgrade` makes a database what the models expect.
"""

from janitor.state.base import Base, Conn
from janitor.state.candidate import iter_publishable_suites
from janitor.state.cotenants import has_cotenants
from janitor.state.engine import create_pool
from janitor.state.run_record import Run, get_result_branch, get_run

__all__ = [
    "Base",
    "Conn",
    "Run",
    "create_pool",
    "get_result_branch",
    "get_run",
    "has_cotenants",
    "iter_publishable_suites",
]
