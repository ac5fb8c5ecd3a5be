"""Files without rows and rows without files: found, left alone while young, mended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from janitor.artifacts.upload import UPLOAD, UploadArtifacts
from janitor.files.orphans import Orphan, find_orphans, mend
from janitor.jobs import submit
from janitor.logs.ingest import INGEST, IngestLog
from janitor.storage import ServiceUnavailable
from tests.integration.files.house import House


def wrong(house: House, young: timedelta = timedelta()) -> list[Orphan]:
    engine = house.sessions.kw["bind"]
    with engine.begin() as conn:
        return list(find_orphans(conn, house.shelf, young=young))


def said(house: House) -> list[tuple[str, str, str]]:
    return [(orphan.wrong, orphan.location, orphan.place.name) for orphan in wrong(house)]


def mend_all(house: House) -> list[bool]:
    mended = []
    for orphan in wrong(house):
        with house.sessions.begin() as session:
            mended.append(mend(session, house.shelf, orphan))
    return mended


def test_what_fits_together_is_nobodys_orphan(house: House) -> None:
    house.store("r1", "a.log")
    house.store("r1", "b.log", location="backup")
    assert wrong(house) == []


def test_a_file_without_a_row_gets_one(house: House) -> None:
    house.store("r1", "a.log", b"text" * 100)
    (before,) = house.rows("r1")
    house.forget()
    assert said(house) == [("without a row", "primary", "a.log")]
    assert mend_all(house) == [True]
    (after,) = house.rows("r1")
    assert (after.digest, after.mtime, after.stored_size) == (
        before.digest,
        before.mtime,
        before.stored_size,
    )
    assert (after.content_type, after.mode) == (before.content_type, before.mode)
    assert wrong(house) == []


def test_a_file_of_no_run_goes(house: House) -> None:
    house.leave("r9", "a.log")
    kept = house.store("r1", "a.log")
    assert said(house) == [("of no run", "primary", "a.log")]
    assert mend_all(house) == [True]
    assert set(house.stored("primary")) == {kept}


def test_a_run_that_comes_meanwhile_keeps_its_file(house: House) -> None:
    place = house.leave("r9", "a.log")
    (orphan,) = wrong(house)
    house.add_run("r9")
    with house.sessions.begin() as session:
        assert not mend(session, house.shelf, orphan)
    assert set(house.stored("primary")) == {place}


def test_a_row_without_a_file_goes(house: House) -> None:
    place = house.store("r1", "a.log")
    house.path("primary", place).unlink()
    assert said(house) == [("without a file", "primary", "a.log")]
    assert mend_all(house) == [True]
    assert house.recorded() == []


def test_a_row_whose_file_is_in_the_other_store_is_corrected(house: House) -> None:
    place = house.store("r1", "a.log")
    house.leave("r1", "a.log", location="backup")
    house.path("primary", place).unlink()
    assert said(house) == [("elsewhere", "primary", "a.log")]
    assert mend_all(house) == [True]
    assert house.recorded() == [("r1", "a.log", "backup")]
    assert wrong(house) == []


def test_a_file_that_comes_back_meanwhile_keeps_its_row(house: House) -> None:
    place = house.store("r1", "a.log")
    house.path("primary", place).unlink()
    (orphan,) = wrong(house)
    house.leave("r1", "a.log")
    with house.sessions.begin() as session:
        assert not mend(session, house.shelf, orphan)
    assert house.recorded() == [("r1", "a.log", "primary")]


def test_what_is_young_is_left_alone(house: House) -> None:
    house.leave("r1", "a.log")
    house.leave("r9", "a.log")
    place = house.store("r1", "b.log")
    house.path("primary", place).unlink()
    assert len(wrong(house)) == 3
    assert wrong(house, timedelta(hours=1)) == []


def test_what_a_job_stores_is_left_alone(house: House) -> None:
    house.leave("r1", "a.log")
    with house.sessions.begin() as session:
        if house.kind == "logs":
            submit(session, INGEST, IngestLog(run_id="r1", codebase="hello", name="a.log"))
        else:
            submit(session, UPLOAD, UploadArtifacts(run_id="r1", names=["a.log"]))
    assert wrong(house) == []
    with house.sessions.begin() as session:
        session.execute(text("UPDATE job SET state = 'done', finished_at = now()"))
    assert len(wrong(house)) == 1


def test_a_store_that_is_away_has_no_orphans(house: House) -> None:
    house.store("r1", "a.log")
    house.take_away("primary")
    with pytest.raises(ServiceUnavailable):
        wrong(house)
