"""Where notifications lead: named by subscriptions, explained by the environment alone.

A target's URL is a secret (it has tokens and passwords), so no table, payload or message has
it. ``JANITOR_NOTIFY_NAME`` holds it, the file that ``JANITOR_NOTIFY_NAME_FILE`` names, or the file
of the variable's name in ``$CREDENTIALS_DIRECTORY``: the URL, and for a webhook the secrets that
sign it, separated by white space. Only the process that delivers reads it, each time anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote_plus, urlsplit

from janitor.errors import Failure
from janitor.named_files import content_of
from janitor.redaction import MASK, redact

PREFIX = "JANITOR_NOTIFY_"

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_SHORTEST_SECRET = 4  # characters: what is shorter would be masked in any text


class BadTarget(Failure, ValueError):
    """A target's name that cannot be one, or that the environment does not explain well."""


@dataclass(frozen=True)
class Target:
    """Where a notification goes.

    Args:
        name: what subscriptions call it.
        url: a webhook's, or one that Apprise knows.
        secrets: what signs a webhook; more than one while they are changed.
    """

    name: str
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False, default=())

    @property
    def is_webhook(self) -> bool:
        """Whether we speak to it ourselves."""
        return self.url.lower().startswith(("http://", "https://"))

    def masked(self, text: str) -> str:
        """Return what others said, without any part of the URL or of the secrets.

        Args:
            text: an error message that may repeat what it was given.
        """
        words = {self.url, *self.secrets}
        for word in (self.url.partition("://")[2], *self.secrets):
            words.update(re.split(r"[^\w-]+", word))
            words.update(re.split(r"[/?&=:@;,#]+", word))
        words |= {unquote_plus(word) for word in words}
        for word in sorted(words, key=len, reverse=True):
            if len(word) >= _SHORTEST_SECRET:
                text = text.replace(word, MASK)
        return redact(text)


def checked_name(name: str) -> str:
    """Return ``name`` if it can name a target.

    Raises:
        BadTarget: the environment could not have a variable for it.
    """
    if not _NAME.fullmatch(name) or name.endswith("-file"):
        raise BadTarget(
            f"target {name[:70]!r} is refused: a name has lower-case letters, digits and '-',"
            " begins with a letter and does not end in '-file'"
        )
    return name


def variable(name: str) -> str:
    """Return the name of the variable that explains a target."""
    return PREFIX + name.upper().replace("-", "_")


def find_target(name: str, environ: Mapping[str, str] | None = None) -> Target:
    """Return the target of a name.

    Args:
        name: what subscriptions call it.
        environ: the variables; None for those of this process.

    Raises:
        BadTarget: it is not defined, or not well; says nothing of its value.
    """
    environ = os.environ if environ is None else environ
    set_by, words = _words(checked_name(name), environ)
    if not words:
        raise BadTarget(
            f"target {name} is not defined: set {variable(name)} or {variable(name)}_FILE for the"
            " workers of the review pool"
        )
    target = Target(name, words[0], tuple(words[1:]))
    if "://" not in target.url:
        raise BadTarget(f"target {name}: {set_by} does not begin with a URL")
    if target.is_webhook:
        _check_webhook(target, set_by)
    elif target.secrets:
        raise BadTarget(f"target {name}: {set_by} has more than a URL; only webhooks are signed")
    return target


def _words(name: str, environ: Mapping[str, str]) -> tuple[str, list[str]]:
    """What explains a target, and what says so."""
    plain, in_file = variable(name), f"{variable(name)}_FILE"
    if environ.get(plain) and environ.get(in_file):
        raise BadTarget(f"target {name}: {plain} and {in_file} are given; take one of them away")
    credential = Path(environ.get("CREDENTIALS_DIRECTORY") or os.devnull, plain)
    if environ.get(in_file):
        return in_file, _read(name, in_file, Path(environ[in_file]))
    if not environ.get(plain) and credential.exists():
        return f"credential {plain}", _read(name, f"credential {plain}", credential)
    return plain, environ.get(plain, "").split()


def _read(name: str, origin: str, path: Path) -> list[str]:
    try:
        return content_of(path).decode().split()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise BadTarget(f"target {name}: {origin} cannot be read: {why}") from None


def _check_webhook(target: Target, set_by: str) -> None:
    try:
        url = urlsplit(target.url)
        usable = bool(url.hostname) and "@" not in url.netloc and url.port != 0
        (url.hostname or "").encode("idna")  # labels that are empty or too long
        usable = usable and target.url.isascii() and target.url.isprintable()
    except ValueError:
        usable = False
    if not usable:
        raise BadTarget(
            f"target {target.name}: {set_by} is no URL that can be posted to: https://HOST/PATH,"
            " without user and password"
        )
    if url.scheme == "http" and not _stays_here(url):
        raise BadTarget(
            f"target {target.name}: {set_by} is http://, which only a receiver on this machine"
            " (127.0.0.1, ::1, localhost) may be; use https://"
        )
    if not target.secrets:
        raise BadTarget(
            f"target {target.name}: {set_by} has no secret to sign with; put whsec_… behind the URL"
        )


def _stays_here(url: SplitResult) -> bool:
    return url.hostname in {"127.0.0.1", "::1", "localhost"}
