"""Stored files by command, as a person at a terminal looks after them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from janitor.files.reading import NoSuchFile, StillNeeded
from janitor.storage import Damaged, KeyTaken, NoSignedUrls
from janitor.storage.records import NoSuchRun
from tests.integration.files.house import WRITTEN, House
from workers.cli import cli

TEXT = b"".join(b"line %d\n" % number for number in range(100))


@pytest.fixture(autouse=True)
def configured(
    house: House, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JANITOR_DATABASE_LOCATION", database_url)
    other = "artifacts" if house.kind == "logs" else "logs"
    for kind, primary, backup in (
        (house.kind, "primary", "backup"),
        (other, "other", "other backup"),
    ):
        name = "LOGS" if kind == "logs" else "ARTIFACT"
        monkeypatch.setenv(f"JANITOR_{name}_LOCATION", str(tmp_path / primary))
        monkeypatch.setenv(f"JANITOR_{name}_BACKUP_LOCATION", str(tmp_path / backup))


def run(*words: str, stdin: str | None = None) -> Result:
    result = CliRunner().invoke(cli, words, input=stdin, standalone_mode=False)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_files_of_a_run_are_listed_recorded_or_not(house: House) -> None:
    house.add_run("r2", logfilenames=["b.log"])
    house.store("r2", "a.log", TEXT, "backup")
    house.leave("r2", "b.log", TEXT)
    said = run(house.kind, "list", "r2").stdout.splitlines()
    assert [line.split(maxsplit=1)[1] for line in said] == [
        "a.log  (in the backup)",
        "b.log  (not recorded)",
    ]
    a, b = json.loads(run(house.kind, "list", "r2", "--json").stdout)
    assert (a["size"], a["location"], b["sha256"]) == (len(TEXT), "backup", None)
    with pytest.raises(NoSuchRun):
        run(house.kind, "list", "r9")


def test_files_are_deleted_unless_they_are_needed(house: House) -> None:
    for name in ("a.log", "b.log"):
        house.store("r1", name)
    run("artifacts", "pin", "r1")
    with pytest.raises(StillNeeded, match="pinned"):
        run(house.kind, "delete", "r1", "a.log", "--yes")
    assert len(house.recorded()) == 2
    run(house.kind, "delete", "r1", "a.log", "--yes", "--force")
    run("artifacts", "unpin", "r1")
    assert "was not pinned" in run("artifacts", "unpin", "r1").stdout
    with pytest.raises(NoSuchFile, match=r"a\.log"):
        run(house.kind, "delete", "r1", "a.log", "--yes")
    run(house.kind, "delete", "r1", stdin="y\n")
    assert (house.recorded(), house.stored("primary")) == ([], {})


def test_a_directory_has_no_urls_for_others(house: House) -> None:
    house.store("r1", "a.log")
    with pytest.raises(NoSignedUrls):
        run(house.kind, "url", "r1", "a.log")
    with pytest.raises(NoSuchFile, match=r"b\.log"):
        run(house.kind, "url", "r1", "b.log")


def test_what_others_stored_is_recorded(house: House) -> None:
    house.store("r1", "a.log", TEXT)
    before = house.rows("r1")[0].digest
    house.forget()
    house.leave("r9", "b.log")
    assert "0 mended" in run(house.kind, "reindex").stderr
    assert "1 mended" in run(house.kind, "reindex", "--older-than", "0").stderr
    assert house.rows("r1")[0].digest == before
    assert len(house.stored("primary")) == 2


def test_orphans_are_listed_and_mended(house: House) -> None:
    house.leave("r9", "a.log")
    place = house.store("r1", "b.log")
    house.path("primary", place).unlink()
    listed = run(house.kind, "orphans", "--older-than", "0").stdout
    assert "of no run  primary  run r9: a.log" in listed
    assert "without a file  primary  run r1: b.log" in listed
    run(house.kind, "orphans", "--older-than", "0", "--repair", "--yes")
    assert run(house.kind, "orphans", "--older-than", "0").stdout == ""
    assert (house.recorded(), house.stored("primary")) == ([], {})


def test_policies_are_set_tried_and_carried_out(house: House) -> None:
    house.store("r1", "a.log")
    assert "nothing expires" in run("storage", "policies").stdout
    run("storage", "set-policy", house.kind, "--days", "0")
    assert [policy["files"] for policy in json.loads(run("storage", "policies", "--json").stdout)]
    told = run("storage", "expire", "--dry-run", "--only", house.kind).stdout
    assert told.startswith("r1  tidy  hello  success")
    size = house.rows("r1")[0].stored_size
    assert f"1 of 1 runs would go, {size} bytes freed" in told
    rows = run("storage", "expire", "--dry-run", "--json", "--only", house.kind).stdout
    assert json.loads(rows.splitlines()[0])["size"] == size
    assert len(house.recorded()) == 1
    assert f"{house.kind}: 1 files deleted, {size} bytes" in run("storage", "expire").stdout
    assert house.recorded() == []
    run("storage", "remove-policy", house.kind)
    assert "nothing expires" in run("storage", "policies").stdout


def test_files_are_brought_back_now(house: House) -> None:
    house.store("r1", "a.log", TEXT, "backup")
    assert f"{house.kind}: 1 files" in run("storage", "bring-back").stdout
    assert house.recorded() == [("r1", "a.log", "primary")]


@pytest.mark.parametrize("house", ["logs"], indirect=True)
class TestLogs:
    def test_a_log_is_printed_wherever_it_is(self, house: House) -> None:
        house.store("r1", "a.log", TEXT, "backup")
        house.leave("r1", "b.log", b"others\n")
        assert run("logs", "cat", "r1", "a.log").stdout_bytes == TEXT
        assert run("logs", "cat", "r1", "b.log").stdout_bytes == b"others\n"
        assert run("logs", "tail", "r1", "a.log", "-n", "2").stdout == "line 98\nline 99\n"
        with pytest.raises(NoSuchFile, match=r"a\.log"):
            run("logs", "cat", "r1", "c.log")

    def test_a_log_that_is_not_what_was_stored_is_no_log(self, house: House) -> None:
        place = house.store("r1", "a.log", TEXT)
        other = house.leave("r1", "b.log", TEXT[:-1])
        house.path("primary", other).replace(house.path("primary", place))
        with pytest.raises(Damaged, match="not what was stored"):
            run("logs", "cat", "r1", "a.log")

    def test_logs_are_searched(self, house: House) -> None:
        house.add_run("r2", result_code="failed")
        for run_id in ("r1", "r2"):
            house.store(run_id, "a.log", TEXT)
        damaged = house.store("r2", "b.log", TEXT)
        house.path("primary", damaged).write_bytes(b"no gzip")
        found = run("logs", "search", "LINE 9[89]", "-i", "--result", "failed").stdout
        assert found == "r2/a.log:99: line 98\nr2/a.log:100: line 99\n"
        assert len(run("logs", "search", "line 7$").stdout.splitlines()) == 2
        assert "newest 1 logs" in run("logs", "search", "line", "--limit", "1").stderr


@pytest.mark.parametrize("house", ["artifacts"], indirect=True)
class TestArtifacts:
    def test_artifacts_are_fetched_with_time_and_mode(self, house: House, tmp_path: Path) -> None:
        house.store("r1", "tool", TEXT)
        house.leave("r1", "notes", b"others")
        run("artifacts", "get", "r1", "--to", str(tmp_path / "here"))
        assert (tmp_path / "here" / "tool").read_bytes() == TEXT
        assert (tmp_path / "here" / "notes").read_bytes() == b"others"
        assert (tmp_path / "here" / "tool").stat().st_mtime == WRITTEN.timestamp()
        with pytest.raises(FileExistsError):
            run("artifacts", "get", "r1", "tool", "--to", str(tmp_path / "here"))
        assert sorted(path.name for path in (tmp_path / "here").iterdir()) == ["notes", "tool"]
        with pytest.raises(NoSuchFile, match="other"):
            run("artifacts", "get", "r1", "other", "--to", str(tmp_path / "here"))

    def test_a_damaged_artifact_is_not_fetched(self, house: House, tmp_path: Path) -> None:
        place = house.store("r1", "tool", TEXT)
        house.path("primary", place).write_bytes(TEXT[:-1])
        with pytest.raises(Damaged):
            run("artifacts", "get", "r1", "--to", str(tmp_path / "here"))
        assert list((tmp_path / "here").iterdir()) == []

    def test_artifacts_are_added(self, house: House, tmp_path: Path) -> None:
        file = tmp_path / "report.txt"
        file.write_bytes(TEXT)
        for _ in range(2):
            run("artifacts", "put", "r1", str(file))
        assert house.recorded() == [("r1", "report.txt", "primary")]
        file.write_bytes(b"other content")
        with pytest.raises(KeyTaken):
            run("artifacts", "put", "r1", str(file))
        with pytest.raises(NoSuchRun):
            run("artifacts", "put", "r9", str(file))
        assert list(house.stored("primary").values()) == [TEXT]
