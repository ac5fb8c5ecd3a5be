"""The messages of ``janitor.conf`` as values; each field's type is its schema.

``str | None``, ``int | None`` and ``bool`` are scalars, a tuple is a repeated field, and a
message is one of the classes here. :mod:`janitor.config.schema` reads these types, so a new
field is one line in this module.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, fields
from typing import Literal

from janitor.redaction import MASK, redact

# What a field's metadata may say: it excludes the other fields of a group; it must not be
# shown; it is not in the file's schema.
ONE_OF = "one_of"
SECRET = "secret"  # noqa: S105 - the name of a mark, not a password
ENVIRONMENT_ONLY = "environment_only"

DEFAULT_LEASE_SECONDS = 60.0

SuccessModel = Literal["parity", "calibrated"]


class Message:
    """A part of the configuration; its repr shows what is set, without secrets."""

    def __repr__(self) -> str:
        shown = [
            f"{entry.name}={MASK if SECRET in entry.metadata else redact(repr(value))}"
            for entry in fields(self)  # type: ignore[arg-type]  # every subclass is a dataclass
            if (value := getattr(self, entry.name)) != entry.default
        ]
        return f"{type(self).__name__}({', '.join(shown)})"


class BugTrackerKind(enum.IntEnum):
    """What software a bug tracker is."""

    gitlab = 1
    debian = 2
    github = 3


@dataclass(frozen=True, kw_only=True, repr=False)
class BugTracker(Message):
    """A place where bugs are reported."""

    kind: BugTrackerKind | None = None
    url: str | None = None
    name: str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Distribution(Message):
    """A distribution that packages are built for."""

    name: str | None = None
    archive_mirror_uri: str | None = None
    component: tuple[str, ...] = ()
    chroot: str | None = None
    lintian_profile: str | None = None
    build_command: str | None = None
    lintian_suppress_tag: tuple[str, ...] = ()
    vendor: str | None = None
    extra: tuple[str, ...] = ()
    signed_by: str | None = None
    chroot_alias: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, repr=False)
class MergeProposalConfig(Message):
    """How a campaign proposes its changes."""

    value_threshold: int | None = None
    commit_message: str | None = None
    title: str | None = None
    label: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, repr=False)
class GenericBuild(Message):
    """A build that is not Debian's."""

    chroot: str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class DebianBuild(Message):
    """A build of Debian packages."""

    extra_build_distribution: tuple[str, ...] = ()
    base_distribution: str | None = None
    chroot: str | None = None
    build_distribution: str | None = None
    build_suffix: str | None = None
    build_command: str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Campaign(Message):
    """An effort to fix one thing across codebases with a command."""

    name: str | None = None
    branch_name: str | None = None
    debian_build: DebianBuild | None = field(default=None, metadata={ONE_OF: "build"})
    generic_build: GenericBuild | None = field(default=None, metadata={ONE_OF: "build"})
    merge_proposal: MergeProposalConfig | None = None
    force_build: bool = False
    bugtracker: tuple[BugTracker, ...] = ()
    command: str | None = None
    skip_setup_validation: bool = False
    default_empty: bool = False


@dataclass(frozen=True, kw_only=True, repr=False)
class OAuth2Provider(Message):
    """Who tells the web site who somebody is."""

    client_id: str | None = None
    client_secret: str | None = field(default=None, metadata={SECRET: True})
    base_url: str | None = None
    qa_reviewer_group: str | None = None
    admin_group: str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Select(Message):
    """Which runs go into an APT repository."""

    campaign: str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class AptRepository(Message):
    """A repository of packages that campaigns built."""

    name: str | None = None
    select: tuple[Select, ...] = ()
    base: str | None = None
    description: str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Config(Message):
    """A deployment: where everything is, and what is done there.

    The fields from ``spool_location`` on are ours alone; only the environment sets them.
    ``lease_seconds`` is how long a worker may be silent before its job is taken back. The last
    three say how places in the queue are given (:class:`janitor.schedule.Options`).
    """

    logs_location: str | None = None
    database_location: str | None = None
    committer: str | None = None
    distribution: tuple[Distribution, ...] = ()
    origin: str | None = None
    oauth2_provider: OAuth2Provider | None = None
    artifact_location: str | None = None
    zipkin_address: str | None = None
    campaign: tuple[Campaign, ...] = ()
    git_location: str | None = None
    bzr_location: str | None = None
    redis_location: str | None = None
    bugtracker: tuple[BugTracker, ...] = ()
    user_agent: str | None = None
    apt_repository: tuple[AptRepository, ...] = ()

    spool_location: str | None = field(default=None, metadata={ENVIRONMENT_ONLY: True})
    logs_backup_location: str | None = field(default=None, metadata={ENVIRONMENT_ONLY: True})
    artifact_backup_location: str | None = field(default=None, metadata={ENVIRONMENT_ONLY: True})
    runner_url: str | None = field(default=None, metadata={ENVIRONMENT_ONLY: True})
    lease_seconds: float = field(default=DEFAULT_LEASE_SECONDS, metadata={ENVIRONMENT_ONLY: True})
    success_model: SuccessModel = field(default="parity", metadata={ENVIRONMENT_ONLY: True})
    fair_shares: bool = field(default=False, metadata={ENVIRONMENT_ONLY: True})
    cool_down_seconds: float = field(default=0.0, metadata={ENVIRONMENT_ONLY: True})

    def find_distribution(self, name: str) -> Distribution | None:
        """Return the first distribution of that name, or None."""
        return next((known for known in self.distribution if known.name == name), None)

    def find_campaign(self, name: str) -> Campaign | None:
        """Return the first campaign of that name, else of that branch name, or None."""
        named = (known for known in self.campaign if known.name == name)
        on_branch = (known for known in self.campaign if known.branch_name == name)
        return next(named, None) or next(on_branch, None)


def get_distribution(config: Config, name: str) -> Distribution:
    """Return the distribution of that name.

    Raises:
        KeyError: there is none.
    """
    distribution = config.find_distribution(name)
    if distribution is None:
        raise KeyError(name)
    return distribution


def get_campaign_config(config: Config, name: str) -> Campaign:
    """Return the campaign of that name; a branch name is none.

    Raises:
        KeyError: there is none.
    """
    for campaign in config.campaign:
        if campaign.name == name:
            return campaign
    raise KeyError(name)
