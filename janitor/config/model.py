"""The messages of ``janitor.conf`` as values; each field's type is its schema.

``str | None``, ``int | None`` and ``bool`` are scalars, a tuple is a repeated field, and a
message is one of the classes here. :mod:`janitor.config.message` reads these types and
marks, so a new field is one entry in this module: parser, environment, checks, template and
``config show`` know it from here.
"""

import enum

from janitor.config.message import Message, field

DEFAULT_LEASE_SECONDS = 60.0
LONGEST_LEASE = 86400.0  # seconds; a dead worker's job should not wait for another day
DEFAULT_LOOK_EVERY = 86400.0  # seconds
LONGEST_COOL_DOWN = 366 * 86400.0  # seconds; who rests longer is better taken out

_WEB = ("http", "https")
_STORE = ("", "gs", "s3", *_WEB)
_REPOSITORIES = ("", "file", *_WEB)
_DATABASE = ("postgresql", "postgres", "postgresql+psycopg2")


class BugTrackerKind(enum.IntEnum):
    """What software a bug tracker is."""

    gitlab = 1
    debian = 2
    github = 3


class BugTracker(Message):
    """A place where bugs are reported."""

    kind: BugTrackerKind | None = field("what software it is")
    url: str | None = field("where it is", schemes=("", *_WEB))
    name: str | None = field("what it is called")


class Distribution(Message):
    """A distribution that packages are built for."""

    name: str | None = field("what it is called")
    archive_mirror_uri: str | None = field("where its packages are")
    component: tuple[str, ...] = field("parts of the archive to use")
    chroot: str | None = field("where packages are built")
    lintian_profile: str | None = field("the profile that lintian uses")
    build_command: str | None = field("what builds a package")
    lintian_suppress_tag: tuple[str, ...] = field("tags that lintian keeps quiet", extends=True)
    vendor: str | None = field("whose distribution it is")
    extra: tuple[str, ...] = field("further lines of APT's sources", extends=True)
    signed_by: str | None = field("the key of the archive")
    chroot_alias: tuple[str, ...] = field("other names of the chroot", extends=True)


class MergeProposalConfig(Message):
    """How a campaign proposes its changes."""

    value_threshold: int | None = field("changes of less value are not proposed alone")
    commit_message: str | None = field("the message of the merge")
    title: str | None = field("the title of the proposal")
    label: tuple[str, ...] = field("labels of the proposal", extends=True)


class GenericBuild(Message):
    """A build that is not Debian's."""

    chroot: str | None = field("where to build")


class DebianBuild(Message):
    """A build of Debian packages."""

    extra_build_distribution: tuple[str, ...] = field("where dependencies may come from, besides")
    base_distribution: str | None = field("the distribution to build on", refers="distribution")
    chroot: str | None = field("where to build")
    build_distribution: str | None = field("what the built packages are said to be for")
    build_suffix: str | None = field("what is added to their version")
    build_command: str | None = field("what builds them")


class Campaign(Message):
    """An effort to fix one thing across codebases with a command."""

    name: str | None = field("what it is called")
    branch_name: str | None = field("the branch that its changes go to")
    debian_build: DebianBuild | None = field("how Debian packages are built", one_of="build")
    generic_build: GenericBuild | None = field("how anything else is built", one_of="build")
    merge_proposal: MergeProposalConfig | None = field("how its changes are proposed")
    force_build: bool = field("build even where nothing changed")
    bugtracker: tuple[BugTracker, ...] = field("where its bugs are")
    command: str | None = field("what makes the change")
    skip_setup_validation: bool = field("trust the command to be there")
    default_empty: bool = field("runs that change nothing are the rule")


class OAuth2Provider(Message):
    """Who tells the web site who somebody is."""

    client_id: str | None = field("who the web site is to it")
    client_secret: str | None = field("the web site's password there", secret=True)
    base_url: str | None = field("where it is", schemes=("", *_WEB))
    qa_reviewer_group: str | None = field("who may review")
    admin_group: str | None = field("who may do everything")


class Select(Message):
    """Which runs go into an APT repository."""

    campaign: str | None = field("those of this campaign", refers="campaign")


class AptRepository(Message):
    """A repository of packages that campaigns built."""

    name: str | None = field("what it is called")
    select: tuple[Select, ...] = field("which runs it has", extends=True)
    base: str | None = field("the distribution that it adds to", refers="distribution")
    description: str | None = field("what it is, for people")


class Config(Message):
    """A deployment: where everything is, and what is done there.

    The fields from ``include`` on are ours alone. ``lease_seconds`` is how long a worker may
    be silent before its job is taken back. ``success_model``, ``fair_shares`` and
    ``cool_down_seconds`` say how places in the queue are
    given (:class:`janitor.schedule.Options`).
    """

    logs_location: str | None = field("where logs are stored", schemes=_STORE)
    database_location: str | None = field("the state database", schemes=_DATABASE)
    committer: str | None = field("who commits: NAME <ADDRESS>")
    distribution: tuple[Distribution, ...] = field("what packages are built for")
    origin: str | None = field("the origin that published archives name")
    oauth2_provider: OAuth2Provider | None = field("who knows the web site's users")
    artifact_location: str | None = field("where artifacts are stored", schemes=_STORE)
    zipkin_address: str | None = field("where traces go", schemes=("", *_WEB))
    campaign: tuple[Campaign, ...] = field("what is done")
    git_location: str | None = field("Git repositories", schemes=_REPOSITORIES)
    bzr_location: str | None = field("Bazaar repositories", schemes=_REPOSITORIES)
    redis_location: str | None = field("broker and news", schemes=("redis", "rediss"))
    bugtracker: tuple[BugTracker, ...] = field("where bugs are reported")
    user_agent: str | None = field("who we say we are to web servers")
    apt_repository: tuple[AptRepository, ...] = field("repositories of what campaigns built")

    include: tuple[str, ...] = field("files that are read below this one", ours=True)
    spool_location: str | None = field("where files of runs wait: a directory", ours=True)
    logs_backup_location: str | None = field(
        "where logs go while their store is away", ours=True, schemes=_STORE
    )
    artifact_backup_location: str | None = field(
        "where artifacts go while their store is away", ours=True, schemes=_STORE
    )
    runner_url: str | None = field("the runner, told of verdicts", ours=True, schemes=_WEB)
    lease_seconds: float = field(
        "how long a worker may be silent",
        ours=True,
        default=DEFAULT_LEASE_SECONDS,
        least=0.001,
        most=LONGEST_LEASE,
    )
    success_model: str = field(
        "how likely a run succeeds", ours=True, default="parity", choices=("parity", "calibrated")
    )
    fair_shares: bool = field("campaigns take turns", ours=True)
    cool_down_seconds: float = field(
        "rest between runs", ours=True, default=0.0, least=0.0, most=LONGEST_COOL_DOWN
    )

    local_branches: bool = field(
        "codebases may be file: URLs and on hosts of our own network", ours=True
    )
    look_every_seconds: float = field(
        "how long a codebase rests between two looks at its branch; 0: none is looked at",
        ours=True,
        default=DEFAULT_LOOK_EVERY,
        least=0.0,
        most=LONGEST_COOL_DOWN,
    )
    vcs_logins: str | None = field("a file of logins, in the form of .netrc", ours=True)

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
