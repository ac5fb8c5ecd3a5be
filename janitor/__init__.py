"""The domain of a Janitor: what is true. Knows PostgreSQL, Git, Bazaar and object stores.

Has never heard of Celery: :mod:`tasks` says what can be asked for, :mod:`workers` runs it.
"""

# What is imported here needs nothing but the standard library: a build reads the version.
from janitor.command import splitout_env
from janitor.schema import get_core_schema, get_debian_schema
from janitor.user_agent import set_user_agent

__all__ = [
    "CAMPAIGN_REGEX",
    "__version__",
    "get_core_schema",
    "get_debian_schema",
    "set_user_agent",
    "splitout_env",
    "version_string",
]

__version__ = (0, 1, 0)
version_string = ".".join(map(str, __version__))

# What a campaign may be called, as a part of other patterns such as a web service's routes;
# the same as in janitor.names, which checks names.
CAMPAIGN_REGEX = r"[a-z0-9][a-z0-9+,\-.]+"
