"""How long files stay: policies as rows, the more particular one before the others.

Without a policy nothing expires. :mod:`janitor.files.expiry` carries them out.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import cast

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from janitor.errors import Failure
from janitor.files.shelf import Kind
from janitor.names import checked_slug
from janitor.state import Conn
from janitor.state.expiry import ExpiryPolicy

ANY = "*"
LONGEST = timedelta(days=36500)


class InvalidExpiry(Failure):
    """A policy that says nothing sensible."""


@dataclass(frozen=True)
class Policy:
    """How long files of one kind stay.

    Args:
        files: which kind.
        campaign: of which campaign's runs; ``*`` is any.
        result_code: of runs with which result; ``*`` is any.
        keep_for: how long after the end of the run.
        keep_newest: of how many runs of each codebase and campaign, the newest of those that
            the policy speaks of, they stay however old they are.
    """

    files: Kind
    campaign: str
    result_code: str
    keep_for: timedelta
    keep_newest: int = 0

    def __str__(self) -> str:
        newest = f", and of the newest {self.keep_newest}" if self.keep_newest else ""
        return (
            f"{self.files} of campaign {self.campaign}, result {self.result_code}:"
            f" {self.keep_for.total_seconds() / 86400:g} days{newest}"
        )


def policies(conn: Conn) -> list[Policy]:
    """Return every policy, by kind and campaign."""
    columns = (
        ExpiryPolicy.files,
        ExpiryPolicy.campaign,
        ExpiryPolicy.result_code,
        ExpiryPolicy.keep_for,
        ExpiryPolicy.keep_newest,
    )
    rows = conn.execute(select(*columns).order_by(*columns[:3]))
    return [
        Policy(cast("Kind", files), campaign, result_code, keep_for, keep_newest)
        for files, campaign, result_code, keep_for, keep_newest in rows
    ]


def set_policy(conn: Conn, policy: Policy) -> None:
    """Store a policy, in place of one for the same files.

    Raises:
        InvalidExpiry: a number is out of range, or the result code is empty.
        UnsafeName: no campaign can have that name.
    """
    if policy.campaign != ANY:
        checked_slug(policy.campaign, "campaign")
    if not policy.result_code or not policy.result_code.isprintable():
        raise InvalidExpiry("the result code is empty or unprintable; * is any")
    if not timedelta() <= policy.keep_for <= LONGEST or policy.keep_newest < 0:
        raise InvalidExpiry(f"{policy}: days and runs go from 0, days to {LONGEST.days}")
    values = asdict(policy)
    conn.execute(
        insert(ExpiryPolicy)
        .values(values)
        .on_conflict_do_update(
            index_elements=["files", "campaign", "result_code"],
            set_=values | {"changed_at": func.now()},
        )
    )


def remove_policy(conn: Conn, files: Kind, campaign: str, result_code: str) -> None:
    """Delete a policy.

    Raises:
        InvalidExpiry: there is none for just these files.
    """
    gone = conn.execute(
        delete(ExpiryPolicy)
        .where(ExpiryPolicy.files == files)
        .where(ExpiryPolicy.campaign == campaign, ExpiryPolicy.result_code == result_code)
        .returning(ExpiryPolicy.files)
    )
    if gone.first() is None:
        raise InvalidExpiry(
            f"there is no policy for {files} of campaign {campaign} with result {result_code};"
            " janitor-workers storage policies lists them"
        )
