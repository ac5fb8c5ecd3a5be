"""The pace of campaigns: how much of the work each gets, and pauses.

Weights are for :mod:`janitor.schedule`; :mod:`.claims` leaves paused campaigns out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from janitor.errors import Failure
from janitor.names import checked_slug
from janitor.state import Conn
from janitor.state.queue_limits import CampaignPace

EVERY_CAMPAIGN = "*"


class InvalidPace(Failure):
    """A weight that is no share of anything, or the end of a pause that the weight is."""


@dataclass(frozen=True)
class Pace:
    """How a campaign was set to go; a weight of 0 is a pause, too."""

    campaign: str
    weight: float
    paused: bool

    def __str__(self) -> str:
        all_of_them = self.campaign == EVERY_CAMPAIGN
        of = "all campaigns" if all_of_them else f"campaign {self.campaign}"
        return f"{of}: weight {self.weight:g}" + (
            "" if self.weight and not self.paused else ", paused"
        )


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
        weight: its share beside the others' (1 unless set); with 0 it is paused until it has
            another.
        paused: hand none of its items out, until it is set to False.

    Raises:
        UnsafeName: the campaign is no name of one.
        InvalidPace: the weight is below zero or not finite, or the pause that is to end is a
            weight of 0.
    """
    if campaign != EVERY_CAMPAIGN:
        checked_slug(campaign, "campaign")
    if weight is not None and not (weight >= 0 and math.isfinite(weight)):
        raise InvalidPace(
            f"campaign {campaign}: a weight of {weight} is no share; give a number above zero,"
            " or 0 to pause it"
        )
    if paused is False and (_weight_of(conn, campaign) if weight is None else weight) == 0:
        raise InvalidPace(f"campaign {campaign} has a weight of 0; give it one above zero")
    given = {
        name: value
        for name, value in {"weight": weight, "paused": paused}.items()
        if value is not None
    }
    new = insert(CampaignPace).values(campaign=campaign, **given)
    if given:
        conn.execute(new.on_conflict_do_update(index_elements=["campaign"], set_=given))


def paces(conn: Conn) -> list[Pace]:
    """Return the campaigns whose pace was set, by name."""
    rows = conn.execute(text("SELECT * FROM campaign_pace ORDER BY campaign"))
    return [Pace(**row) for row in rows.mappings()]


def paused_campaigns(conn: Conn) -> set[str]:
    """Return the campaigns that are paused; ``*`` is among them if all are."""
    return set(conn.execute(text("SELECT campaign FROM paused_campaign")).scalars())


def _weight_of(conn: Conn, campaign: str) -> float | None:
    return conn.execute(
        select(CampaignPace.weight).where(CampaignPace.campaign == campaign)
    ).scalar_one_or_none()
