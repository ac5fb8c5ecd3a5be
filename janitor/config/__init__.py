"""``janitor.conf``: reading, validation, environment.

The messages are data (:mod:`~janitor.config.model`), read by a parser of their text format
(:mod:`~janitor.config.parser`); :mod:`~janitor.config.loading` puts files and the environment
on top of one another, and :mod:`~janitor.config.printing` makes a text of the outcome.
"""

from janitor.config.loading import explained, load, read_config, read_string
from janitor.config.mistakes import ConfigError
from janitor.config.model import (
    AptRepository,
    BugTracker,
    BugTrackerKind,
    Campaign,
    Config,
    DebianBuild,
    Distribution,
    GenericBuild,
    MergeProposalConfig,
    OAuth2Provider,
    Select,
    get_campaign_config,
    get_distribution,
)

__all__ = [
    "AptRepository",
    "BugTracker",
    "BugTrackerKind",
    "Campaign",
    "Config",
    "ConfigError",
    "DebianBuild",
    "Distribution",
    "GenericBuild",
    "MergeProposalConfig",
    "OAuth2Provider",
    "Select",
    "explained",
    "get_campaign_config",
    "get_distribution",
    "load",
    "read_config",
    "read_string",
]
