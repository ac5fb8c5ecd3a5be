"""HTTP requests that change something: a redirect is an answer, and not followed."""

from __future__ import annotations

import urllib.request


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect as the answer: followed, it would turn into a GET that changes nothing."""

    def redirect_request(self, *_arguments: object) -> None:
        """Say that there is no request to go on with."""


OPENER = urllib.request.build_opener(_NoRedirects)
