"""A run on one screen, for a person who is to judge it.

What comes out of a run (diffs, logs, descriptions) is not ours: nothing in it reaches the
terminal as a control sequence.
"""

from __future__ import annotations

from collections.abc import Iterator

from janitor.review.dossier import Change, Dossier, Page, Spoken
from workers.commands.terminal import plain


def screen(seen: Dossier, *, diff_lines: int, log_lines: int) -> str:
    """Return a run as text.

    Args:
        seen: what there is to see of it.
        diff_lines: how many lines of each diff, from its beginning.
        log_lines: how many of each log, from its end.
    """
    parts = [
        *_head(seen),
        "",
        *_state(seen),
        *(line for page in seen.diffs for line in _diff(page, diff_lines)),
        *(line for page in seen.logs for line in _log(page, log_lines)),
    ]
    return plain("\n".join(parts))


def _head(seen: Dossier) -> Iterator[str]:
    run = seen.run
    yield f"{run.campaign} on {run.codebase}"
    if run.description:
        yield f"  {run.description}"
    value = "" if run.value is None else f", value {run.value}"
    finished = "" if run.finish_time is None else f", finished {run.finish_time:%Y-%m-%d %H:%M} UTC"
    yield f"run      {run.id}: {run.result_code}{value}{finished}"
    if run.command:
        yield f"command  {run.command}"


def _state(seen: Dossier) -> Iterator[str]:
    considered = seen.considered
    newer = considered.facts.replaced_by
    if newer is not None:
        yield f"REPLACED by run {newer}, which has another result"
    yield f"status   {considered.publish_status}"
    yield f"policy   {considered.decide().why}"
    yield from (f"verdict  {_said(each)}" for each in seen.verdicts)
    yield from (f"history  {_changed(each)}" for each in seen.changes)


def _said(each: Spoken) -> str:
    role = " (QA)" if each.qa_reviewer else ""
    comment = f": {each.comment}" if each.comment else ""
    return f"{each.at:%Y-%m-%d %H:%M} {each.reviewer}{role} {each.verdict}{comment}"


def _changed(each: Change) -> str:
    before = "" if each.before is None else f"{each.before} -> "
    who = f" by {each.actor}" if each.actor else ""
    why = f": {each.why}" if each.why else ""
    return f"{each.at:%Y-%m-%d %H:%M} {before}{each.after}{who}{why}"


def _diff(page: Page, most: int) -> Iterator[str]:
    lines = page.text.splitlines()
    yield from ("", f"--- diff of {page.name}, {_size(page, len(lines))}")
    yield from lines[:most]
    if len(lines) > most:
        yield f"… {len(lines) - most} more lines"


def _log(page: Page, most: int) -> Iterator[str]:
    lines = page.text.splitlines()
    yield from ("", f"--- end of {page.name}{'' if page.problem is None else f': {page.problem}'}")
    yield from lines[-most:] if most else ()


def _size(page: Page, lines: int) -> str:
    return page.problem or f"{lines} lines"
