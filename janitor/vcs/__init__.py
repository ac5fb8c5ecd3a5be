"""Git and Bazaar repositories, local and remote: branches, diffs, revisions.

:mod:`.manager` is the port; Breezy and Dulwich are loaded by the first call that needs them.
:mod:`.programs` runs Git and Breezy, :mod:`.structured` takes their diffs apart, :mod:`.branches`
changes what is ours, :mod:`.outside` looks at what is not.
"""

from janitor.vcs.branch_failures import is_alioth_url
from janitor.vcs.errors import BranchOpenFailure, UnsupportedVcs
from janitor.vcs.local_bzr import LocalBzrVcsManager
from janitor.vcs.local_git import LocalGitVcsManager
from janitor.vcs.locations import (
    get_local_vcs_manager,
    get_remote_vcs_manager,
    get_vcs_manager,
    get_vcs_managers,
)
from janitor.vcs.manager import RevisionInfo, VcsManager
from janitor.vcs.opening import (
    get_branch_vcs_type,
    is_authenticated_url,
    open_branch_ext,
)
from janitor.vcs.remote import RemoteBzrVcsManager, RemoteGitVcsManager
from janitor.vcs.run_diff import get_run_diff
from janitor.vcs.settings import get_vcs_managers_from_config

__all__ = [
    "BranchOpenFailure",
    "LocalBzrVcsManager",
    "LocalGitVcsManager",
    "RemoteBzrVcsManager",
    "RemoteGitVcsManager",
    "RevisionInfo",
    "UnsupportedVcs",
    "VcsManager",
    "get_branch_vcs_type",
    "get_local_vcs_manager",
    "get_remote_vcs_manager",
    "get_run_diff",
    "get_vcs_manager",
    "get_vcs_managers",
    "get_vcs_managers_from_config",
    "is_alioth_url",
    "is_authenticated_url",
    "open_branch_ext",
]
