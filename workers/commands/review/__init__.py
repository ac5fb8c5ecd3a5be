"""``janitor-workers review``: look at runs that wait for a verdict, and give one.

:mod:`.looking` finds and shows them, :mod:`.verdicts` judges one or a few, :mod:`.bulk` many,
:mod:`.policy` says what a campaign asks.
"""

from __future__ import annotations

import click

from workers.commands.review.bulk import bulk
from workers.commands.review.looking import claim, list_runs, release, show, stats
from workers.commands.review.policy import policy
from workers.commands.review.verdicts import VERDICTS


@click.group()
def review() -> None:
    """Look at runs that wait for a verdict, and give one."""


for _command in (list_runs, show, claim, release, *VERDICTS, bulk, stats, policy):
    review.add_command(_command)
