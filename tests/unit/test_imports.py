"""Nothing happens at import: no file is read, nothing is connected, no process started."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

WATCHED_IMPORT = """
import importlib, json, pkgutil, sys

root = sys.argv[1]
ours = tuple(f"{root}/{name}" for name in ("janitor", "tasks", "workers", "beat_schedule"))
seen = []

def culprit():
    frame = sys._getframe(2)
    while frame is not None and "importlib" in frame.f_code.co_filename:
        frame = frame.f_back
    return frame.f_code.co_filename if frame is not None else ""

def watch(event, arguments):
    if event in ("socket.connect", "subprocess.Popen", "os.fork", "os.system"):
        seen.append([event, repr(arguments)[:200]])
    elif event == "open" and not str(arguments[0]).endswith((".py", ".pyc", ".so")):
        where = culprit()
        if where.startswith(ours):
            seen.append([event, str(arguments[0]), where])

sys.addaudithook(watch)
names = ["beat_schedule"]
for package in ("janitor", "tasks", "workers"):
    names.append(package)
    names += [
        module.name
        for module in pkgutil.walk_packages([f"{root}/{package}"], f"{package}.")
        if not module.name.endswith("__main__") and ".migrations" not in module.name
    ]
for name in names:
    importlib.import_module(name)
print(json.dumps({"names": names, "seen": seen}))
"""


def test_importing_any_module_opens_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WATCHED_IMPORT, str(ROOT)],
        cwd=tmp_path,
        # Servers that are not there: whoever connects at import fails here.
        env={
            "HOME": str(tmp_path),
            "JANITOR_CONFIG": "/nonexistent/janitor.conf",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    report = json.loads(done.stdout)
    assert "janitor.jobs.ledger" in report["names"]
    assert report["seen"] == []
    assert list(tmp_path.iterdir()) == []
