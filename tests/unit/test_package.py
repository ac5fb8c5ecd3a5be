"""What the package itself offers; in processes of their own, as it is about whole processes."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from janitor import CAMPAIGN_REGEX, version_string
from janitor.names import UnsafeName, checked_slug

ASK = """
import http.server, json, sys, threading, urllib.request
from janitor import set_user_agent

seen = []

class Listener(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        seen.append(self.headers["User-Agent"])
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Listener)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"
set_user_agent(json.loads(sys.argv[1]))
urllib.request.urlopen(url).read()
import breezy.bzr
from breezy.transport import get_transport
with breezy.initialize():
    get_transport(url).get_bytes("file")
print(json.dumps(seen))
"""


def agents_seen(user_agent: str | None) -> list[str]:
    asked = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(user_agent)],
        check=True,
        capture_output=True,
        text=True,
    )
    agents: list[str] = json.loads(asked.stdout)
    return agents


@pytest.mark.parametrize(
    ("user_agent", "sent"), [("probe/1", "probe/1"), (None, f"janitor/{version_string}")]
)
def test_every_request_carries_it(user_agent: str | None, sent: str) -> None:
    agents = agents_seen(user_agent)
    assert len(agents) >= 2
    assert set(agents) == {sent}


def test_the_package_imports_no_heavy_library() -> None:
    loaded = "import sys, janitor; print(*{'breezy', 'pydantic', 'sqlalchemy'} & set(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", loaded], check=True, capture_output=True, text=True
    )
    assert found.stdout.strip() == ""


@pytest.mark.parametrize(
    "name", ["lintian-fixes", "a+b", "a.b", "1,2", "x", "", "-a", "A-b", "a b", "a/b", "ä-b"]
)
def test_the_campaign_pattern_and_the_check_of_names_agree(name: str) -> None:
    try:
        allowed = bool(checked_slug(name, "campaign"))
    except UnsafeName:
        allowed = False
    assert bool(re.fullmatch(CAMPAIGN_REGEX, name)) == allowed
