"""Passwords and tokens taken out of text before a person, a log or a message sees it."""

from __future__ import annotations

import re
from functools import cache

MASK = "***"


def redact(text: str) -> str:
    """Return ``text`` with the password of each URL, and each assigned secret, masked.

    Args:
        text: an error message, a URL, a line of a log.
    """
    for pattern, masked in _patterns():
        text = pattern.sub(masked, text)
    return text


# scheme://user:PASSWORD@host and scheme://:PASSWORD@host; a token alone before the @ of an
# http URL is a secret too. Bounded, because what others send is searched, too: the time is
# linear in the length of a text.
_URL_PASSWORD = (
    r"(?P<before>\b[a-z][a-z0-9+.\-]{0,30}+://[^\s/:@'\"]{0,500}+):"  # noqa: S105 - a pattern
    r"(?:[^\s/'\"]{0,2000}|[^\s@'\"]{0,2000}+)@"
)
_URL_TOKEN = r"(?P<before>\bhttps?://)[^\s/:@'\"]{1,2000}+@"  # noqa: S105 - a pattern
_HEADER = r"(?P<before>\bauthorization['\"]?\s*[=:]\s*['\"]?(?:\w+ +)?)[^\s'\"]+"
# Also behind a prefix, as in PGPASSWORD and GITLAB_TOKEN.
_ASSIGNED = (
    r"(?P<before>(?:passw(?:or)?d|secret|token|(?:api|access)_?key)['\"]?\s*[=:]\s*['\"]?)"
    r"[^\s'\"&,;]+"
)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """What is masked, in this order; made when it is first needed, for it takes a while."""
    masked = (
        (_URL_PASSWORD, rf"\g<before>:{MASK}@"),
        (_URL_TOKEN, rf"\g<before>{MASK}@"),
        (_HEADER, rf"\g<before>{MASK}"),
        (_ASSIGNED, rf"\g<before>{MASK}"),
    )
    return tuple((re.compile(pattern, re.IGNORECASE), mask) for pattern, mask in masked)
