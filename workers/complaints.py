"""What goes wrong, told to the person at the terminal: a sentence, and no traceback.

For every program of ours that people start. What no sentence is known for is a mistake of
ours and keeps its traceback.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click

from janitor.errors import JanitorError, LongFailure
from janitor.redaction import redact
from workers.commands.terminal import in_a_line

PROGRAM = "janitor-workers"


@contextmanager
def told_in_a_sentence(program: str) -> Iterator[None]:
    """Let what a person can mend, and Ctrl-C, end the process in good manners.

    Args:
        program: who speaks.

    Raises:
        SystemExit: with status 1 after a sentence on standard error; with 130, as shells
            say it, after Ctrl-C.
    """
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        _complain(program, _sentence(error))
    except LongFailure as error:
        _complain(program, *str(error).split("\n"))
    except JanitorError as error:
        _complain(program, str(error) or type(error).__name__)
    except UnicodeEncodeError as error:  # how Python keeps bytes of arguments that are no text
        wrong = ascii(error.object[: error.end][-80:])
        _complain(program, f"{wrong} is not UTF-8, as names and texts have to be")
    except Exception as error:
        from workers.waiting import advice  # noqa: PLC0415 - --help needs no clients of servers

        known = advice(error)
        if known is None:
            raise
        _complain(program, known)


def _sentence(error: OSError) -> str:
    if error.filename is None or error.strerror is None:
        return str(error) or type(error).__name__
    return f"{error.filename}: {error.strerror}"


def complain(*sentences: str, program: str = PROGRAM) -> None:
    """Tell a person what went wrong, and go on.

    Args:
        sentences: what, with which thing, and what to do; each becomes a line.
        program: who speaks.
    """
    lines = (in_a_line(redact(sentence)) for sentence in sentences)
    click.echo(f"{program}: " + "\n".join(lines), err=True)


def show_refusal(error: click.ClickException) -> None:
    """Tell a person what Click refuses, with the usage; what was typed can't reach the terminal."""
    told = io.StringIO()
    error.show(told)
    for line in told.getvalue().rstrip("\n").split("\n"):
        click.echo(in_a_line(line), err=True)


def _complain(program: str, *sentences: str) -> NoReturn:
    complain(*sentences, program=program)
    sys.exit(1)
