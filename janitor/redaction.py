"""Passwords and tokens taken out of text before a person, a log or a message sees it."""

from __future__ import annotations

import re

MASK = "***"

# scheme://user:PASSWORD@host and scheme://:PASSWORD@host; a token alone before the @ of an
# http URL is a secret too.
_URL_PASSWORD = re.compile(
    r"(?P<before>\b[a-z][a-z0-9+.\-]*://[^\s/:@'\"]*):(?:[^\s/'\"]*|[^\s@'\"]*)@", re.IGNORECASE
)
_URL_TOKEN = re.compile(r"(?P<before>\bhttps?://)[^\s/:@'\"]+@", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"(?P<before>(?:\b|_)(?:password|passwd|secret|token|api_?key)['\"]?\s*[=:]\s*['\"]?)[^\s'\"&,;]+",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """Return ``text`` with the password of each URL, and each assigned secret, masked.

    Args:
        text: an error message, a URL, a line of a log.
    """
    text = _URL_PASSWORD.sub(rf"\g<before>:{MASK}@", text)
    text = _URL_TOKEN.sub(rf"\g<before>{MASK}@", text)
    return _ASSIGNED.sub(rf"\g<before>{MASK}", text)
