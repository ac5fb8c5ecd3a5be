"""Passwords and tokens taken out of text before a person, a log or a message sees it."""

from __future__ import annotations

import re

MASK = "***"

# scheme://user:PASSWORD@host and scheme://:PASSWORD@host; a token alone before the @ of an
# http URL is a secret too. Bounded, because what others send is searched, too: the time is
# linear in the length of a text.
_URL_PASSWORD = re.compile(
    r"(?P<before>\b[a-z][a-z0-9+.\-]{0,30}+://[^\s/:@'\"]{0,500}+):"
    r"(?:[^\s/'\"]{0,2000}|[^\s@'\"]{0,2000}+)@",
    re.IGNORECASE,
)
_URL_TOKEN = re.compile(r"(?P<before>\bhttps?://)[^\s/:@'\"]{1,2000}+@", re.IGNORECASE)
# Also behind a prefix, as in PGPASSWORD and GITLAB_TOKEN.
_ASSIGNED = re.compile(
    r"(?P<before>(?:passw(?:or)?d|secret|token|(?:api|access)_?key)['\"]?\s*[=:]\s*['\"]?)"
    r"[^\s'\"&,;]+",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"(?P<before>\bauthorization['\"]?\s*[=:]\s*['\"]?(?:\w+ +)?)[^\s'\"]+", re.IGNORECASE
)


def redact(text: str) -> str:
    """Return ``text`` with the password of each URL, and each assigned secret, masked.

    Args:
        text: an error message, a URL, a line of a log.
    """
    text = _URL_PASSWORD.sub(rf"\g<before>:{MASK}@", text)
    text = _URL_TOKEN.sub(rf"\g<before>{MASK}@", text)
    text = _HEADER.sub(rf"\g<before>{MASK}", text)
    return _ASSIGNED.sub(rf"\g<before>{MASK}", text)
