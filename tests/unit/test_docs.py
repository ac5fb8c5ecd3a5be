"""Links lead somewhere, commands exist, and every page can be found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import click
import pytest
from click.testing import CliRunner

from workers.cli import cli

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
STARTS = (ROOT / "README.md", DOCS / "README.md")
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])

FENCED = re.compile(r"^( *)```.*?^\1```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
# Where it is called: in backticks, after a prompt, or below a path; not where a sentence has it.
CALL = re.compile(r"(?:`|\$ |bin/)janitor-workers\b([^`\n]*)")


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Each relative link of a page: the file that it leads to, and the place in it."""
    for target in LINK.findall(FENCED.sub("", page.read_text())):
        if not re.match(r"[a-z][a-z0-9+.-]*:", target):
            path, _, place = target.partition("#")
            yield (page.parent / unquote(path)).resolve() if path else page, place


def places(page: Path) -> set[str]:
    """The anchors of a page, as forges make them of its headings."""
    headings = HEADING.findall(FENCED.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def calls(page: Path) -> list[list[str]]:
    """The words after ``janitor-workers``, without options and their values."""
    text = re.sub(r"--config[ =][^\s`]+", "", page.read_text())
    return [found.split() for found in CALL.findall(text)]


def unknown(words: list[str]) -> str | None:
    """The first word that should name a command and doesn't."""
    command: click.Command = cli
    for word in words:
        if not isinstance(command, click.Group) or not re.fullmatch(r"[a-z][a-z-]*", word):
            return None
        if word not in command.commands:
            return word
        command = command.commands[word]
    return None


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    broken = [
        f"{target}#{place}"
        for target, place in links(page)
        if not target.exists() or (place and place not in places(target))
    ]
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_exists(page: Path) -> None:
    assert [words for words in calls(page) if unknown(words)] == []


def test_commands_are_found_where_they_stand() -> None:
    assert ["db", "upgrade"] in calls(DOCS / "how-to" / "use-your-own-servers.md")
    assert unknown(["db", "downgrade"]) == "downgrade"
    assert unknown(["shedule"]) == "shedule"


@pytest.mark.parametrize("start", STARTS, ids=named)
def test_every_page_is_reachable(start: Path) -> None:
    seen: set[Path] = set()
    ahead = [start]
    while ahead:
        page = ahead.pop()
        if page.suffix == ".md" and page not in seen:
            seen.add(page)
            ahead += [target for target, _ in links(page)]
    pages = {page for page in PAGES if DOCS in page.parents} - {DOCS / "README.md"}
    assert {named(page) for page in pages - seen} == set()


def test_the_reference_shows_the_help_of_every_command() -> None:
    reference = (DOCS / "reference" / "commands.md").read_text()
    for words in ([], *commands(cli)):
        shown = CliRunner().invoke(
            cli,
            [*words, "--help"],
            prog_name="janitor-workers",
            terminal_width=78,  # what click makes of a terminal of 80 columns
        )
        assert f"```\n{shown.output.rstrip()}\n```" in reference, words


def test_the_reference_names_every_table_of_ours() -> None:
    reference = (DOCS / "reference" / "database.md").read_text()
    ours = (ROOT / "janitor" / "state" / "migrations" / "additions").glob("*.sql")
    added = "".join(path.read_text() for path in ours)
    names = re.findall(r"^(?:CREATE TABLE|    ADD COLUMN) (\w+)", added, re.MULTILINE)
    assert {"job", "claim_id"} <= set(names)
    assert [name for name in names if not re.search(rf"\b{name}\b", reference)] == []


def commands(group: click.Group) -> Iterator[list[str]]:
    """The words of every command below a group."""
    for word, command in group.commands.items():
        below = list(commands(command)) if isinstance(command, click.Group) else [[]]
        yield from ([word, *words] for words in below)
