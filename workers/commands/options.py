"""Options that several commands have."""

from __future__ import annotations

import click

loglevel = click.option(
    "--loglevel",
    type=click.Choice(("DEBUG", "INFO", "WARNING", "ERROR")),
    default="INFO",
    show_default=True,
)
