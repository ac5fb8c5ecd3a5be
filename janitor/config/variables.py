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

from janitor.config.mistakes import nearest, shown
from janitor.config.model import Config
from janitor.named_files import content_of

PREFIX = "JANITOR_"
CREDENTIALS = "CREDENTIALS_DIRECTORY"
IN_FILE = "_FILE"
FILE_VARIABLE = f"{PREFIX}CONFIG"
PROFILE_VARIABLE = f"{PREFIX}PROFILE"
OTHERS = (FILE_VARIABLE, PROFILE_VARIABLE)
_SLIP = 0.9  # how much alike a slip of the pen leaves two names; others have variables, too
_SPELLING = str.maketrans(dict.fromkeys("+,-. ", "_"))


class Refused(Exception):
    """A variable cannot be used; the text says why."""


class Setting:
    """One thing that the environment says.

    Args:
        name: the variable's, without ``_FILE``.
        origin: where it comes from, for people.
        text: the value, if it is no file's.
        file: where the value is.
        refusal: why there is none.
    """

    def __init__(
        self, name: str, origin: str, text: str = "", *, file: str = "", refusal: str = ""
    ) -> None:
        self.name = name
        self.origin = origin
        self._text = text
        self._file = file
        self._refusal = refusal

    def read(self) -> str:
        """Return the value; a file is read now, when it is known to be meant.

        Raises:
            Refused: there is none.
        """
        if self._refusal:
            raise Refused(self._refusal)
        if not self._file:
            return self._text
        try:
            text = content_of(self._file).decode().rstrip("\r\n")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise Refused(f"{self._file} cannot be read: {why}") from None
        if not text:
            raise Refused(f"{self._file} is empty")
        return text

    def seen(self, value: str) -> str:
        """Return what can be said of a wrong value: nothing of a file's, which may be a secret."""
        return "holds something else" if self._file else f"is {shown(value)}"


def variable(*names: str) -> str:
    """Return the variable that overrides a field; names of blocks around it come first."""
    return PREFIX + "__".join(spelt(name) for name in names)


def names_a_field(name: str) -> bool:
    """Return whether a variable is ours: its field, or the block around it, is known."""
    field, inside, _ = name.removeprefix(PREFIX).partition("__")
    known = Config.FIELDS.get(field.lower())
    if known is None or not field.isupper() or known.name == "include":
        return False
    return bool(inside) or not known.is_message


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


def settings(environ: Mapping[str, str]) -> Iterator[Setting]:
    """Yield what the environment says about our fields, the last word last.

    Raises:
        Refused: the directory of credentials cannot be read.
    """
    for setting in (*_credentials(environ.get(CREDENTIALS)), *_variables(environ)):
        if names_a_field(setting.name):
            yield setting


def _variables(environ: Mapping[str, str]) -> Iterator[Setting]:
    for name, text in environ.items():
        if not (name.startswith(PREFIX) and text):
            continue
        if not name.endswith(IN_FILE):
            yield Setting(name, name, text)
            continue
        plain = name.removesuffix(IN_FILE)
        if environ.get(plain) and names_a_field(plain):
            yield Setting(plain, name, refusal=f"{plain} is given, too; take one of them away")
            continue
        yield Setting(plain, f"{name} ({text})", file=text)


def _credentials(directory: str | None) -> Iterator[Setting]:
    if not directory:
        return
    try:
        names = sorted(file.name for file in Path(directory).iterdir())
    except OSError as error:
        raise Refused(f"{CREDENTIALS}: {directory} cannot be read: {error.strerror}") from None
    for name in (name for name in names if name.startswith(PREFIX)):
        yield Setting(name, f"credential {name}", file=f"{directory}/{name}")


def spelt(name: str) -> str:
    """Return how a name stands in a variable's; it has as many letters there."""
    return name.upper().translate(_SPELLING)
