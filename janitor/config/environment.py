"""What the environment says about a deployment, over what its files say.

``JANITOR_`` and a field's name in capitals: ``JANITOR_LOGS_LOCATION``. Fields of blocks have
two underscores before them, and so have the names of repeated blocks:
``JANITOR_CAMPAIGN__LINTIAN_FIXES__COMMAND``. What is neither letter nor digit in a name is an
underscore; a block without a name goes by its number, from 0. A list is written with commas
or as in a file (``["a", "b"]``). With ``_FILE`` behind the name the value is what a file
holds, and a file of a variable's name in ``$CREDENTIALS_DIRECTORY`` counts as one.

A variable that is empty says nothing; one that no field has is somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from janitor.config.checks import unfit
from janitor.config.literals import BadLiteral, literal
from janitor.config.merging import put
from janitor.config.message import Field, M, Message
from janitor.config.mistakes import nearest, shown
from janitor.config.model import Config
from janitor.config.parser import Parser

PREFIX = "JANITOR_"
CREDENTIALS = "CREDENTIALS_DIRECTORY"
IN_FILE = "_FILE"
FILE_VARIABLE = f"{PREFIX}CONFIG"
PROFILE_VARIABLE = f"{PREFIX}PROFILE"
OTHERS = (FILE_VARIABLE, PROFILE_VARIABLE)
_SLIP = 0.9  # how much alike a slip of the pen leaves two names; others have variables, too
_SPELLING = str.maketrans(dict.fromkeys("+,-. ", "_"))


class _Refused(Exception):
    """A variable cannot be used; the text says why."""


class _BadValue(_Refused):
    """A value that its field does not take; the text says what it takes."""


class _Setting:
    """One thing that the environment says.

    Args:
        name: the variable's, without ``_FILE``.
        origin: where it comes from, for people.
        text: the value, if it is no file's.
        file: where the value is.
    """

    def __init__(self, name: str, origin: str, text: str = "", file: str = "") -> None:
        self.name = name
        self.origin = origin
        self._text = text
        self._file = file

    def read(self) -> str:
        """Return the value; a file is read now, when it is known to be meant."""
        if not self._file:
            return self._text
        try:
            text = Path(self._file).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise _Refused(f"{self._file} cannot be read: {why}") from None
        if not text:
            raise _Refused(f"{self._file} is empty")
        return text


def variable(*names: str) -> str:
    """Return the variable that overrides a field; names of blocks around it come first."""
    return PREFIX + "__".join(_spelt(name) for name in names)


def overridden(
    config: Config, environ: Mapping[str, str], *, traced: bool
) -> tuple[Config, list[str]]:
    """Return the configuration with the environment's word on it, and what is wrong there.

    Args:
        config: what the files say.
        environ: the variables of a process.
        traced: let the changed values know where they come from.
    """
    told = []
    try:
        settings = [*_credentials(environ.get(CREDENTIALS)), *_variables(environ)]
    except _Refused as refused:
        return config, [str(refused)]
    for setting in settings:
        if not names_a_field(setting.name):
            continue
        try:
            config = _set(config, setting.name.removeprefix(PREFIX), setting, traced=traced)
        except _BadValue as bad:
            told.append(f"{setting.origin} {bad}")
        except _Refused as refused:
            told.append(f"{setting.origin}: {refused}")
    return config, told


def names_a_field(name: str) -> bool:
    """Return whether a variable is ours: its field, or the block around it, is known."""
    field, inside, _ = name.removeprefix(PREFIX).partition("__")
    known = Config.FIELDS.get(field.lower())
    return (
        known is not None
        and field.isupper()
        and known.name != "include"
        and (known.is_message == bool(inside) or not known.is_message)
    )


def no_such_field(name: str) -> str:
    """Return the sentence about a name that no field has."""
    field = name.partition("__")[0].lower()
    return f"names no field: {shown(field)}; {nearest(field, Config.FIELDS)}see config template"


def misspelt(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each variable that nobody reads and that is close to one of ours."""
    others = [name for name in environ if name.startswith(PREFIX) and not names_a_field(name)]
    known = [variable(name) for name in Config.FIELDS]
    for name in others:
        plain = name.removesuffix(IN_FILE)
        hint = nearest(plain.partition("__")[0], known, likeness=_SLIP)
        if plain not in {*known, *OTHERS} and hint:
            yield f"{name} means nothing here; {hint}".rstrip()


def _variables(environ: Mapping[str, str]) -> Iterator[_Setting]:
    for name, text in environ.items():
        if not (name.startswith(PREFIX) and text):
            continue
        if not name.endswith(IN_FILE):
            yield _Setting(name, name, text)
            continue
        plain = name.removesuffix(IN_FILE)
        if environ.get(plain) and names_a_field(plain):
            raise _Refused(f"{name}: {plain} is given, too; take one of them away")
        yield _Setting(plain, f"{name} ({text})", file=text)


def _credentials(directory: str | None) -> Iterator[_Setting]:
    if not directory:
        return
    try:
        names = sorted(file.name for file in Path(directory).iterdir())
    except OSError as error:
        raise _Refused(f"{CREDENTIALS}: {directory} cannot be read: {error.strerror}") from None
    for name in (name for name in names if name.startswith(PREFIX)):
        yield _Setting(name, f"credential {name}", file=f"{directory}/{name}")


def _set(message: M, rest: str, setting: _Setting, *, traced: bool) -> M:
    """Return a message with a value in the field that the rest of a variable's name says."""
    name, _, inside = rest.partition("__")
    known = message.FIELDS.get(name.lower())
    if known is None:
        hint = nearest(name.lower(), message.FIELDS)
        fields = ", ".join(message.FIELDS)
        raise _Refused(
            f"{type(message).__name__} has no field {name.lower()!r}; {hint}known: {fields}"
        )
    origin = setting.origin if traced else None
    if not inside:
        return put(message, known, _value(known, type(message), setting), origin)
    if not known.is_message:
        raise _Refused(f"{known.name} is no block, so nothing can be in it")
    value = getattr(message, known.name)
    if not known.repeated:
        child = _set(value or known.value(), inside, setting, traced=traced)
        return put(message, known, child, origin)
    at, inside = _which(known, value, inside)
    changed = (*value[:at], _set(value[at], inside, setting, traced=traced), *value[at + 1 :])
    return message.made({**vars(message), known.name: changed}, message.origins if traced else None)


def _which(known: Field, blocks: tuple[Any, ...], rest: str) -> tuple[int, str]:
    """Return the number of the block that is meant, and the field in it."""
    called = [getattr(block, "name", None) or str(at) for at, block in enumerate(blocks)]
    # First by length: spelling five hundred names takes longer than all the rest here.
    likely = [at for at, name in enumerate(called) if rest.startswith("__", len(name))]
    fits = [at for at in likely if rest.startswith(_spelt(called[at]))]
    longest = max((len(called[at]) for at in fits), default=0)
    fits = [at for at in fits if len(called[at]) == longest]
    if len(fits) > 1:
        raise _Refused(f"it could mean more than one {known.name}; write it in a file instead")
    if not fits:
        if rest in map(_spelt, called):
            raise _Refused(f"{known.name} is a block; set the fields in it")
        hint = nearest(rest.partition("__")[0], map(_spelt, called))
        raise _Refused(f"there is no {known.name} of that name; {hint}files say which there are")
    return fits[0], rest[longest + 2 :]


def _value(known: Field, owner: type[Message], setting: _Setting) -> object:
    if known.is_message:
        raise _Refused(f"{known.name} is a block; set the fields in it")
    text = setting.read()
    if known.repeated:
        return _list(known, owner, text)
    try:
        # No secret has a number, a choice or a truth for a value: those can be told.
        value = text if known.value is str else literal(known.value, _plain(known, text))
    except BadLiteral as bad:
        raise _BadValue(f"is {shown(text)}; it {bad}") from None
    sentence = unfit(known, value)
    if sentence:
        raise _BadValue(f"is {shown(text)}; it {sentence}")
    return value


def _plain(known: Field, text: str) -> str:
    return text.lower() if known.value is bool else text


def _list(known: Field, owner: type[Message], text: str) -> tuple[str, ...]:
    if not text.startswith("["):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    parser = Parser(f"{known.name}: {text}", "")
    message = parser.read(owner)
    if parser.mistakes:
        raise _Refused(f'{known.name} takes a list like ["a", "b"], or a, b')
    values: tuple[str, ...] = getattr(message, known.name)
    return values


def _spelt(name: str) -> str:
    return name.upper().translate(_SPELLING)
