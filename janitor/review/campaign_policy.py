"""The policy of each campaign, as it is kept in the database."""

from __future__ import annotations

import json
from functools import lru_cache

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from janitor.review.policy import Policy
from janitor.state import Conn
from janitor.state.verdict_policy import VerdictPolicy

EVERY_CAMPAIGN = "*"  # its policy counts for campaigns that have none of their own


def kept_policies(conn: Conn) -> dict[str, Policy]:
    """Return the policies that are kept, by campaign; ``*`` is every other one.

    Raises:
        InvalidPolicy: one was written past :func:`set_policy`, and is none.
    """
    kept = select(VerdictPolicy.campaign, VerdictPolicy.policy).order_by(VerdictPolicy.campaign)
    return {campaign: read_kept(policy) for campaign, policy in conn.execute(kept)}


def policy_of(conn: Conn, campaign: str) -> Policy:
    """Return the policy that counts for a campaign: its own, that of ``*``, or the default.

    Raises:
        InvalidPolicy: it was written past :func:`set_policy`, and is none.
    """
    kept = conn.execute(
        select(VerdictPolicy.policy)
        .where(VerdictPolicy.campaign.in_([campaign, EVERY_CAMPAIGN]))
        .order_by(VerdictPolicy.campaign == EVERY_CAMPAIGN)
        .limit(1)
    )
    return read_kept(kept.scalar_one_or_none())


def read_kept(document: object) -> Policy:
    """Return the policy that a row holds; the default where there is no row."""
    return _read("{}" if document is None else json.dumps(document))


@lru_cache(maxsize=1000)
def _read(document: str) -> Policy:
    return Policy.read(document)


def set_policy(conn: Conn, campaign: str, policy: Policy, *, actor: str) -> None:
    """Give a campaign a policy, in place of an earlier one.

    It counts for verdicts from now on, and for runs that wait: those are looked at anew by the
    clock (:mod:`.reconsidering`). What is approved or rejected stays so.

    Args:
        conn: the caller's transaction.
        campaign: which one; ``*`` for all that have none of their own.
        policy: what it asks.
        actor: who says so.
    """
    values = {"policy": policy.model_dump(exclude_defaults=True), "changed_by": actor}
    new = insert(VerdictPolicy).values(campaign=campaign, **values)
    conn.execute(
        new.on_conflict_do_update(
            index_elements=["campaign"], set_=values | {"changed_at": func.now()}
        )
    )


def unset_policy(conn: Conn, campaign: str) -> bool:
    """Take a campaign's own policy away; returns whether it had one."""
    gone = delete(VerdictPolicy).where(VerdictPolicy.campaign == campaign)
    return conn.execute(gone.returning(VerdictPolicy.campaign)).scalar_one_or_none() is not None
