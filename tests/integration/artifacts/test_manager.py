"""Artifacts in a directory, and in the backup while it is away."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from janitor.artifacts import (
    ArtifactsMissing,
    LocalArtifactManager,
    ServiceUnavailable,
    list_ids,
    store_artifacts_with_backup,
    upload_backup_artifacts,
)
from janitor.names import UnsafeName
from janitor.storage import Kept, KeyTaken, NotRegular

SECONDS = 1_700_000_000


@pytest.fixture
def artifacts(tmp_path: Path) -> LocalArtifactManager:
    return LocalArtifactManager(str(tmp_path / "artifacts"))


@pytest.fixture
def backup(tmp_path: Path) -> LocalArtifactManager:
    return LocalArtifactManager(tmp_path / "backup")


@pytest.fixture
def broken(tmp_path: Path) -> LocalArtifactManager:
    """A store that takes nothing."""
    (tmp_path / "broken").touch()
    return LocalArtifactManager(tmp_path / "broken")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A directory with two artifacts, and things that are none."""
    directory = tmp_path / "made"
    directory.mkdir()
    for name, mode in (("tool", 0o755), ("notes.txt", 0o640)):
        (directory / name).write_text(f"content of {name}")
        (directory / name).chmod(mode)
        os.utime(directory / name, (SECONDS, SECONDS))
    (directory / "directory").mkdir()
    (directory / "link").symlink_to("/etc/passwd")
    return directory


def test_all_regular_files_or_those_named(artifacts: LocalArtifactManager, made: Path) -> None:
    with artifacts:
        artifacts.store_artifacts("r1", str(made))
        artifacts.store_artifacts("r2", made, names=["tool"])
    assert artifacts.names("r1") == ["notes.txt", "tool"]
    assert artifacts.names("r2") == ["tool"]
    with artifacts.get_artifact("r1", "tool", timeout=60) as file:
        assert file.read() == b"content of tool"


def test_storing_twice_is_storing_once(artifacts: LocalArtifactManager, made: Path) -> None:
    artifacts.store_artifacts("r1", made)
    artifacts.store_artifacts("r1", made)
    assert artifacts.names("r1") == ["notes.txt", "tool"]
    (made / "tool").write_text("something else")
    with pytest.raises(KeyTaken, match="r1/tool"):
        artifacts.store_artifacts("r1", made)
    assert artifacts.get_artifact("r1", "tool").read() == b"content of tool"


def test_what_comes_back_has_its_time_and_mode(
    artifacts: LocalArtifactManager, made: Path, tmp_path: Path
) -> None:
    artifacts.store_artifacts("r1", made)
    back = tmp_path / "back"
    back.mkdir()
    for _ in range(2):
        artifacts.retrieve_artifacts("r1", str(back), lambda name: name != "notes.txt")
    assert [path.name for path in back.iterdir()] == ["tool"]
    status = (back / "tool").stat()
    assert (status.st_mode & 0o7777, status.st_mtime) == (0o755, SECONDS)
    assert (back / "tool").read_text() == "content of tool"


def test_unknown_runs_have_no_artifacts(artifacts: LocalArtifactManager, made: Path) -> None:
    for asking in (
        lambda: artifacts.get_artifact("r1", "tool"),
        lambda: artifacts.retrieve_artifacts("r1", made),
        lambda: artifacts.delete_artifacts("r1"),
    ):
        with pytest.raises(ArtifactsMissing, match="r1"):
            asking()
    assert list(artifacts.iter_ids()) == []


def test_deleting_and_listing_runs(
    artifacts: LocalArtifactManager, made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for run_id in ("r2", "r1", "r10"):
        artifacts.store_artifacts(run_id, made)
    artifacts.delete_artifacts("r2")
    assert list(artifacts.iter_ids()) == ["r1", "r10"]
    list_ids(artifacts)
    assert capsys.readouterr().out == "r1\nr10\n"


def test_the_url_of_a_local_artifact(artifacts: LocalArtifactManager, tmp_path: Path) -> None:
    url = artifacts.public_artifact_url("r1", "a file.txt")
    assert url == f"file://{tmp_path}/artifacts/r1/a%20file.txt"


@pytest.mark.parametrize("name", ["..", "../x", "/etc/passwd", "", "a\nb"])
def test_names_that_could_leave_the_store_are_refused(
    artifacts: LocalArtifactManager, made: Path, name: str
) -> None:
    for asking in (
        lambda: artifacts.store_artifacts(name, made),
        lambda: artifacts.store_artifacts("r1", made, [name]),
        lambda: artifacts.get_artifact("r1", name),
        lambda: artifacts.public_artifact_url("r1", name),
        lambda: artifacts.delete_artifacts(name),
    ):
        with pytest.raises(UnsafeName):
            asking()
    assert list(artifacts.iter_ids()) == []


def test_links_are_not_stored(artifacts: LocalArtifactManager, made: Path) -> None:
    with pytest.raises(NotRegular):
        artifacts.store_artifacts("r1", made, ["link"])


def test_the_backup_gets_them_all_and_gives_them_back(
    artifacts: LocalArtifactManager,
    backup: LocalArtifactManager,
    broken: LocalArtifactManager,
    made: Path,
) -> None:
    store_artifacts_with_backup(broken, backup, made, "r1", iter(["tool", "notes.txt"]))
    store_artifacts_with_backup(artifacts, backup, made, "r2")
    assert list(backup.iter_ids()) == ["r1"]
    assert upload_backup_artifacts(backup, broken) == []
    assert upload_backup_artifacts(backup, artifacts, timeout=60) == ["r1"]
    assert list(backup.iter_ids()) == []
    assert artifacts.names("r1") == artifacts.names("r2") == ["notes.txt", "tool"]
    with pytest.raises(ServiceUnavailable):
        store_artifacts_with_backup(broken, None, made, "r3")


def test_a_run_that_contradicts_the_primary_stays_in_the_backup(
    artifacts: LocalArtifactManager, backup: LocalArtifactManager, made: Path
) -> None:
    backup.store_artifacts("r1", made)
    backup.store_artifacts("r2", made)
    (made / "tool").write_text("something else")
    artifacts.store_artifacts("r1", made, ["tool"])
    assert upload_backup_artifacts(backup, artifacts) == ["r2"]
    assert backup.names("r1") == ["notes.txt", "tool"]


def test_what_comes_to_the_backup_during_a_move_is_not_lost(
    artifacts: LocalArtifactManager, backup: LocalArtifactManager, made: Path
) -> None:
    class Slow(LocalArtifactManager):
        def store_artifact(self, *arguments: Any, **options: Any) -> Kept:
            backup.store_artifacts("r1", made, ["tool"])
            return artifacts.store_artifact(*arguments, **options)

    backup.store_artifacts("r1", made, ["notes.txt"])
    assert upload_backup_artifacts(backup, Slow(artifacts.location)) == ["r1"]
    assert backup.names("r1") == ["tool"]
