"""The job that brings artifacts from the spool to the store."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from janitor.artifacts import LocalArtifactManager, ServiceUnavailable
from janitor.artifacts.upload import UPLOAD, UploadArtifacts, record_artifacts, upload
from janitor.spool import NotInSpool, Spool
from janitor.state.run import RunRow
from janitor.state.stored import RunArtifact
from janitor.storage import NotRegular
from janitor.storage.records import NoSuchRun
from tests.integration.storage.runs import insert_run

ASK = UploadArtifacts(run_id="r1", names=["data.tar.gz", "notes.txt", "tool", "tool"])


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    spool = Spool(str(tmp_path / "spool"))
    directory = spool.create("r1")
    for name in ASK.names:
        (directory / name).write_text(f"content of {name}")
    (directory / "tool").chmod(0o755)
    os.utime(directory / "tool", (1_700_000_000, 1_700_000_000))
    return spool


@pytest.fixture
def artifacts(tmp_path: Path) -> LocalArtifactManager:
    return LocalArtifactManager(tmp_path / "artifacts")


@pytest.fixture
def broken(tmp_path: Path) -> LocalArtifactManager:
    (tmp_path / "broken").touch()
    return LocalArtifactManager(tmp_path / "broken")


def result_of(session: Session) -> tuple[str, str | None]:
    session.expire_all()
    run = session.scalars(select(RunRow)).one()
    return run.result_code, run.description


def test_what_is_stored_is_recorded_once(
    spool: Spool, artifacts: LocalArtifactManager, session: Session
) -> None:
    insert_run(session)
    for _ in range(2):
        record_artifacts(session, upload(ASK, spool, artifacts, None))
        session.commit()
    rows = session.scalars(select(RunArtifact).order_by(RunArtifact.name)).all()
    assert [(row.name, row.content_type, row.size) for row in rows] == [
        ("data.tar.gz", "application/gzip", 22),
        ("notes.txt", "text/plain", 20),
        ("tool", "application/octet-stream", 15),
    ]
    tool = rows[2]
    assert (tool.mode, tool.location, tool.stored_name) == (0o755, "primary", "tool")
    assert tool.sha256 == hashlib.sha256(b"content of tool").hexdigest()
    assert tool.mtime.timestamp() == pytest.approx(
        (spool.run_directory("r1") / "tool").stat().st_mtime
    )
    assert artifacts.names("r1") == sorted(set(ASK.names))


def test_all_go_to_the_backup_while_the_primary_is_away(
    spool: Spool, artifacts: LocalArtifactManager, broken: LocalArtifactManager
) -> None:
    stored = upload(ASK, spool, broken, artifacts)
    assert {artifact.location for artifact in stored} == {"backup"}
    assert artifacts.names("r1") == sorted(set(ASK.names))
    with pytest.raises(ServiceUnavailable):
        upload(ASK, spool, broken, None)


def test_what_is_no_file_of_the_run_fails_for_good(
    spool: Spool, artifacts: LocalArtifactManager
) -> None:
    (spool.run_directory("r1") / "link").symlink_to("/etc/passwd")
    with pytest.raises(NotRegular):
        upload(UploadArtifacts(run_id="r1", names=["link"]), spool, artifacts, artifacts)
    with pytest.raises(NotInSpool):
        upload(UploadArtifacts(run_id="r1", names=["nothing"]), spool, artifacts, artifacts)


def test_an_unknown_run_is_refused(
    spool: Spool, artifacts: LocalArtifactManager, session: Session
) -> None:
    with pytest.raises(NoSuchRun, match="r1"):
        record_artifacts(session, upload(ASK, spool, artifacts, None))
    record_artifacts(session, ())


def test_a_run_whose_artifacts_nobody_takes_says_so(session: Session) -> None:
    insert_run(session)
    assert UPLOAD.when_failed is not None
    UPLOAD.when_failed(session, ASK, "both stores are away")
    session.commit()
    assert result_of(session) == ("artifact-upload-failed", "both stores are away")


def test_a_message_that_comes_again_much_later_spoils_nothing(
    spool: Spool, artifacts: LocalArtifactManager, session: Session
) -> None:
    insert_run(session)
    record_artifacts(session, upload(ASK, spool, artifacts, None))
    assert UPLOAD.when_failed is not None
    UPLOAD.when_failed(session, ASK, "tool is not in the spool")
    session.commit()
    assert result_of(session)[0] == "success"
