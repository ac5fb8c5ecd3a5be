"""Options that several commands have."""

from __future__ import annotations

import math

import click


class Number(click.FloatRange):
    """A number as click's; "nan" and "inf" are none."""

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number that a word says."""
        number = float(super().convert(value, param, ctx))  # type: ignore[arg-type]  # words, too
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number to count with.", param, ctx)
        return number


loglevel = click.option(
    "--loglevel",
    type=click.Choice(("DEBUG", "INFO", "WARNING", "ERROR")),
    default="INFO",
    show_default=True,
)
