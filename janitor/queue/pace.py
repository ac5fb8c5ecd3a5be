"""The pace of campaigns: how much of the work each gets, and pauses.

Weights are for :mod:`janitor.schedule`; :mod:`.claims` leaves paused campaigns out.
"""

from __future__ import annotations

import math

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from janitor.errors import Failure
from janitor.state import Conn
from janitor.state.queue_limits import CampaignPace

EVERY_CAMPAIGN = "*"


class InvalidPace(Failure):
    """A weight that is no share of anything."""


def set_pace(
    conn: Conn,
    campaign: str = EVERY_CAMPAIGN,
    *,
    weight: float | None = None,
    paused: bool | None = None,
) -> None:
    """Change a campaign's pace; what is not given stays as it is.

    Args:
        conn: the caller's transaction.
        campaign: which one; ``*`` for all at once.
        weight: its share, above zero, beside the others' (1 unless set).
        paused: hand none of its items out, until it is set to False.

    Raises:
        InvalidPace: the weight is not above zero, or not finite.
    """
    if weight is not None and not (weight > 0 and math.isfinite(weight)):
        raise InvalidPace(
            f"campaign {campaign}: a weight of {weight} is no share; give a number above zero,"
            " or pause the campaign"
        )
    given = {
        name: value
        for name, value in {"weight": weight, "paused": paused}.items()
        if value is not None
    }
    new = insert(CampaignPace).values(campaign=campaign, **given)
    if given:
        conn.execute(new.on_conflict_do_update(index_elements=["campaign"], set_=given))


def paused_campaigns(conn: Conn) -> set[str]:
    """Return the campaigns that are paused; ``*`` is among them if all are."""
    paused = select(CampaignPace.campaign).where(CampaignPace.paused)
    return set(conn.execute(paused).scalars())
