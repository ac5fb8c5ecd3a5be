"""What waits in the backup store comes back, whatever happens on the way."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session, sessionmaker

from janitor.artifacts.upload import UPLOAD, UploadArtifacts
from janitor.files.returning import MOST_REFUSALS, return_files
from janitor.jobs import submit
from janitor.logs.ingest import INGEST, IngestLog
from janitor.state.alone import alone
from tests.integration.files.house import House
from tests.integration.files.killing import ends_unless_killed

NOW = timedelta()


def bring_back(house: House, grace: timedelta = NOW) -> tuple[int, int]:
    returned = return_files(house.sessions, house.shelf, grace=grace)
    return returned.moved, returned.left


def move(sessions: sessionmaker[Session], house: House) -> None:
    return_files(sessions, house.shelf, grace=NOW)


def test_a_file_moves_with_its_row(house: House) -> None:
    place = house.store("r1", "a.log", b"text" * 1000, "backup")
    (before,) = house.rows("r1")
    assert bring_back(house) == (1, 0)
    assert house.stored("primary") == {place: b"text" * 1000}
    assert house.stored("backup") == {}
    (after,) = house.rows("r1")
    assert after.location == "primary"
    assert (after.digest, after.mtime, after.mode) == (before.digest, before.mtime, before.mode)
    assert bring_back(house) == (0, 0)


def test_all_stays_while_the_primary_is_away_and_moves_when_it_is_back(house: House) -> None:
    for number in range(MOST_REFUSALS + 2):
        house.store("r1", f"{number}.log", b"text", "backup")
    house.take_away("primary")
    assert bring_back(house) == (0, MOST_REFUSALS + 2)
    assert len(house.stored("backup")) == MOST_REFUSALS + 2
    house.bring_back("primary")
    assert bring_back(house) == (MOST_REFUSALS + 2, 0)
    assert {location for _, _, location in house.recorded()} == {"primary"}


def test_what_was_damaged_in_the_backup_stays_there_and_blocks_nobody(house: House) -> None:
    damaged = house.store("r1", "a.log", b"text", "backup")
    sound = house.store("r1", "b.log", b"text", "backup")
    other = house.leave("r2", "c.log", b"other text", "backup")
    house.path("backup", damaged).write_bytes(
        house.path("backup", other._replace(run_id="r2")).read_bytes()
    )
    assert bring_back(house) == (2, 1)
    assert set(house.stored("primary")) == {sound, other}
    assert set(house.stored("backup")) == {damaged}
    assert house.recorded() == [("r1", "a.log", "backup"), ("r1", "b.log", "primary")]


def test_a_copy_that_an_interrupted_move_left_goes(house: House) -> None:
    place = house.store("r1", "a.log", b"text", "primary")
    house.leave("r1", "a.log", b"text", "backup")
    assert bring_back(house) == (1, 0)
    assert (house.stored("primary"), house.stored("backup")) == ({place: b"text"}, {})


def test_a_file_that_somebody_else_left_there_moves_and_is_recorded(house: House) -> None:
    place = house.leave("r1", "a.log", b"text", "backup")
    unknown = house.leave("r9", "b.log", b"text", "backup")
    assert bring_back(house) == (2, 0)
    assert set(house.stored("primary")) == {place, unknown}
    assert house.recorded() == [("r1", "a.log", "primary")]


def test_a_file_that_is_being_stored_is_left_alone(house: House) -> None:
    house.leave("r1", "a.log", b"text", "backup")
    assert bring_back(house, timedelta(hours=1)) == (0, 1)
    with house.sessions.begin() as session:
        if house.kind == "logs":
            submit(session, INGEST, IngestLog(run_id="r1", codebase="hello", name="a.log"))
        else:
            submit(session, UPLOAD, UploadArtifacts(run_id="r1", names=["a.log"]))
    assert bring_back(house) == (0, 1)
    assert house.stored("primary") == {}


def test_other_content_under_the_same_name_is_not_lost(house: House) -> None:
    theirs = house.leave("r1", "a.log", b"theirs")
    ours = house.store("r1", "a.log", b"ours", "backup")
    assert ours == theirs
    bring_back(house)
    everything = [*house.stored("primary").values(), *house.stored("backup").values()]
    assert sorted(everything) == [b"ours", b"theirs"]
    (row,) = house.rows("r1")
    with house.shelf.open(row.location, row.place) as file:
        assert file.read() == b"ours"


def test_without_a_backup_there_is_nothing_to_do(house: House) -> None:
    assert return_files(house.sessions, house.shelf_with(None)).moved == 0


def test_one_at_a_time(house: House) -> None:
    engine = house.sessions.kw["bind"]
    with alone(engine, "x") as first, alone(engine, "x") as second, alone(engine, "y") as other:
        assert (first, second, other) == (True, False, True)
    with alone(engine, "x") as later:
        assert later


def test_a_move_that_is_killed_anywhere_is_done_by_the_next_one(house: House) -> None:
    content = b"text" * 1000
    for step in range(1, 100):
        name = f"{step}.log"
        house.store("r1", name, content, "backup")
        ended = ends_unless_killed(house, step, move)
        assert content in [*house.stored("primary").values(), *house.stored("backup").values()]
        bring_back(house)
        assert house.stored("backup") == {}
        assert house.stored("primary")[house.place("r1", name)] == content
        assert len(house.stored("primary")) == len(house.recorded()) == step
        if ended:
            break
    assert step > 5
    assert {location for _, _, location in house.recorded()} == {"primary"}


def test_a_killed_move_leaves_no_lock(house: House) -> None:
    house.store("r1", "a.log", b"text", "backup")
    assert not ends_unless_killed(house, 4, move)
    assert bring_back(house) == (1, 0)
