"""Who we say we are to the servers that we ask."""

from __future__ import annotations

import janitor


def set_user_agent(user_agent: str | None) -> None:
    """Send a user agent with every HTTP request of this process.

    That is, of Breezy's transports and of :func:`urllib.request.urlopen`.

    Args:
        user_agent: what to send, such as the configuration's ``user_agent``; None for our
            name and version.
    """
    # Here and not above: Breezy is slow to import, and most processes never ask.
    from urllib.request import build_opener, install_opener  # noqa: PLC0415

    from breezy.transport import http  # noqa: PLC0415
    from breezy.transport.http.urllib import AbstractHTTPHandler  # noqa: PLC0415

    agent = user_agent or f"janitor/{janitor.version_string}"
    # Breezy asks the function only once, when its handlers are imported; those are both.
    http.default_user_agent = lambda: agent
    AbstractHTTPHandler._default_headers["User-agent"] = agent  # noqa: SLF001 - no other way in
    opener = build_opener()
    opener.addheaders = [("User-agent", agent)]
    install_opener(opener)
