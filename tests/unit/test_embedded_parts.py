"""The parts of the embedded server that need no server to be tried."""

import functools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.core.embedded import accounts, default_data_dir, guard, paths, prepare_data_dir, processes
from app.core.embedded.accounts import Account, server_account
from app.core.embedded.cluster import make_cluster
from app.core.embedded.lock import DataDirLock
from app.core.embedded.logs import LogWatch, explain
from app.core.embedded.paths import Layout, make_socket_folder
from app.core.failures import StartupError


@pytest.fixture
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="embedded-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def test_default_data_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_data_dir() == Path("/var/lib/finance-tracker")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert default_data_dir().name == "finance-tracker"
    assert not default_data_dir().is_relative_to(Path(__file__).parents[2])


@pytest.mark.parametrize(("user", "mode"), [(0, 0o711), (1000, 0o700)])
def test_prepare_data_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, user: int, mode: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    before = tmp_path.stat().st_mode
    (tmp_path / "link").symlink_to(tmp_path / "real")
    made = prepare_data_dir(tmp_path / "link" / "data")
    assert made == tmp_path.resolve() / "real" / "data"
    assert [folder.stat().st_mode & 0o777 for folder in (made, made.parent)] == [mode, mode]
    made.chmod(0o750)
    prepare_data_dir(made)
    assert made.stat().st_mode & 0o777 == 0o750
    assert tmp_path.stat().st_mode == before


def test_blocked_at(place: Path) -> None:
    folder, file = place / "folder", place / "folder" / "file"
    folder.mkdir()
    file.write_text("")
    uid, gid = folder.stat().st_uid, folder.stat().st_gid
    owner, member, stranger = Account(uid, gid + 1), Account(uid + 1, gid), Account(uid + 1, gid + 1)
    folder.chmod(0o710)
    file.chmod(0o640)
    assert owner.blocked_at(file) is None
    assert member.blocked_at(file) is None
    assert stranger.blocked_at(file) == folder
    folder.chmod(0o711)
    assert stranger.blocked_at(folder) is None
    assert stranger.blocked_at(file) == file


def test_ordinary_users_run_it_themselves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert server_account(tmp_path) is None


class Machine:
    """A root's machine with the accounts in `known`; creating one with `creator` works."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, known: set[str], creator: str = "") -> None:
        self.known, self.creator = known, creator
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setattr(pwd, "getpwnam", self.look_up)
        monkeypatch.setattr(subprocess, "run", self.run)

    def look_up(self, name: str) -> pwd.struct_passwd:
        if name not in self.known:
            raise KeyError(name)
        return pwd.struct_passwd((name, "x", 7 if name == "finance" else 8, 9, "", "/", "/bin/false"))

    def run(self, command: list[str], **options: Any) -> None:
        if command[0] == self.creator:
            self.known.add(command[-1])
        elif command[0] == "useradd":
            raise FileNotFoundError(2, "No such file or directory")


def test_account_of_an_existing_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Machine(monkeypatch, set())
    owner = [4321, 8765]
    monkeypatch.setattr(Path, "stat", lambda path: os.stat_result((0o40700, 1, 1, 1, *owner, 0, 0, 0, 0)))
    assert server_account(tmp_path) == (4321, 8765)
    owner[0] = 0
    with pytest.raises(StartupError, match="belongs to root"):
        server_account(tmp_path)


@pytest.mark.parametrize(
    ("known", "creator", "uid"),
    [({"finance"}, "", 7), (set(), "useradd", 7), (set(), "adduser", 7), ({"nobody"}, "", 8)],
)
def test_account_for_a_new_cluster(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, known: set[str], creator: str, uid: int
) -> None:
    Machine(monkeypatch, set(known), creator)
    assert server_account(tmp_path / "none") == (uid, 9)


def test_no_account_to_be_had(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Machine(monkeypatch, set())
    with pytest.raises(StartupError, match="does not run as root"):
        server_account(tmp_path / "none")
    assert accounts.ACCOUNT_NAME == "finance"


def test_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "lock"
    file.write_text("a much longer text than a process id\n")
    with DataDirLock(file) as lock:
        assert file.read_text() == f"{os.getpid()}\n"
        assert not os.get_inheritable(lock._descriptor)
        with pytest.raises(StartupError, match=rf"process {os.getpid()}\); stop it"):
            DataDirLock(file)
        file.write_text("")
        with pytest.raises(StartupError, match="process unknown"):
            DataDirLock(file)
    DataDirLock(file).release()

    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(OSError, match="No locks available"):
        DataDirLock(file)


def test_lock_outlives_no_kill(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from app.core.embedded.lock import DataDirLock\n"
        "lock = DataDirLock(Path(sys.argv[1])); print('locked', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(StartupError, match=rf"process {other.pid}\)"):
            DataDirLock(tmp_path / "lock")
        other.kill()
    DataDirLock(tmp_path / "lock").release()


@pytest.fixture
def long_layout(place: Path) -> Layout:
    return Layout(place / ("long" * 30))


def socket_account() -> Account | None:
    return Account(os.geteuid(), os.getegid())


@pytest.mark.parametrize("squatter", ["folder", "link"])
def test_socket_folder_name_taken(long_layout: Layout, place: Path, squatter: str) -> None:
    taken = make_socket_folder(long_layout, socket_account())
    if squatter == "folder":
        taken.chmod(0o777)
    else:
        taken.rmdir()
        taken.symlink_to(place)
    other = make_socket_folder(long_layout, None)
    try:
        assert other.parent == taken.parent
        assert other != taken
        assert other.stat().st_mode & 0o777 == 0o700
    finally:
        other.rmdir()
        if squatter == "folder":
            taken.rmdir()
        else:
            taken.unlink()


def test_temporary_folder_too_long(long_layout: Layout, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(place / ("t" * 90)))
    folder = make_socket_folder(long_layout, None)
    assert folder.parent == Path("/tmp").resolve()
    folder.rmdir()
    monkeypatch.setattr(paths, "_LONGEST_SOCKET_PATH", 10)
    with pytest.raises(StartupError, match="too long"):
        make_socket_folder(long_layout, None)


def test_failing_initdb(place: Path) -> None:
    layout = Layout(place)
    layout.postgres.mkdir()
    programs = place / "bin"
    programs.mkdir()
    (programs / "initdb").write_text("#!/bin/sh\necho 'initdb: error: could not write: No space left' >&2\nexit 1\n")
    (programs / "initdb").chmod(0o755)
    with pytest.raises(StartupError, match=r"could not be made: could not write: No space left\.$"):
        make_cluster(layout, programs, "secret", None, durable=True, timeout=10)
    assert list(layout.postgres.iterdir()) == []


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("", "it said nothing"),
        ("one\n\n2026-01-02 03:04:05.678 UTC [12] LOG:  two.\n\n", "LOG:  two"),
        ("2026-01-02 03:04:05.678 UTC [12] FATAL:  lock file exists\nHINT:  x", "lock file exists"),
        ("psql: error: connection failed: FATAL:  too many clients", "too many clients"),
        ("FATAL:  could not extend file: No room\nPANIC:  cannot abort", "could not extend file: No room"),
        ("ERROR:  first\nPANIC:  second\nlast", "second"),
    ],
)
def test_explain(output: str, said: str) -> None:
    assert explain(output) == said


def test_log_watch_reads_what_is_new(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.log.mkdir(parents=True)
    monday, tuesday, sunday = (layout.log / f"postgresql-{day}.log" for day in ("Mon", "Tue", "Sun"))
    monday.write_text("FATAL:  long ago\n")
    os.utime(monday, (0, 0))
    tuesday.write_text("FATAL:  before\n")
    with sunday.open("w") as file:
        file.truncate(51 * 1024 * 1024)
    layout.start_log.write_text("FATAL:  bad setting\n")
    watch = LogWatch(layout)
    assert [file.name for file in layout.log.iterdir()] == [tuesday.name]
    assert watch.latest_line() == ""
    assert watch.complaint() == ("bad setting", layout.start_log)
    with tuesday.open("a") as file:
        file.write("2026-01-02 03:04:05.678 UTC [12] LOG:  redo starts\n")
    assert watch.latest_line() == "LOG:  redo starts"
    assert watch.complaint() == ("bad setting", layout.start_log)
    with tuesday.open("a") as file:
        file.write("PANIC:  no room\n")
    assert watch.complaint() == ("no room", tuesday)


@pytest.mark.parametrize("content", [None, "", "x\n"])
def test_unreadable_pid_file(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "postmaster.pid").write_text(content)
    assert processes.read_pid_file(tmp_path) is None


def test_unfinished_pid_file(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text("12\n/data\n")
    assert processes.read_pid_file(tmp_path) == (12, "")


def test_end_goes_from_gentle_to_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["sh", "-c", "trap '' INT; echo; while :; do sleep 0.05; done"], stdout=-1) as deaf:
        assert deaf.stdout
        deaf.stdout.readline()
        process = psutil.Process(deaf.pid)
        assert processes.end([process], ((signal.SIGINT, 0.1),)) == [process]
        assert processes.end([process], ((signal.SIGINT, 0.1), (signal.SIGKILL, 60))) == []
        assert not processes.is_live(process)  # it is a zombie until it is waited for
        deaf.wait()
    assert not processes.is_live(process)
    assert processes.end([process], processes.FAST) == []
    monkeypatch.setattr(process, "is_running", lambda: True)  # it ends between two looks
    assert not processes.is_live(process)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the guard needs pidfds")
def test_guard_ends_the_server_with_the_app() -> None:
    app, app_end = os.pipe()
    # Where the tests run in the background, what they start would ignore the interrupt, too.
    heeding = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(["sleep", "60"], preexec_fn=heeding) as server:  # noqa: PLW1509  # it is in C
        watcher = threading.Thread(target=guard.watch, args=(app, os.pidfd_open(server.pid)))
        watcher.start()
        time.sleep(0.1)
        assert server.poll() is None
        os.close(app_end)
        assert server.wait(60) == -signal.SIGINT
        watcher.join()
    os.close(app)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the guard needs pidfds")
def test_guard_goes_with_the_server() -> None:
    app, app_end = os.pipe()
    with subprocess.Popen(["sleep", "60"]) as server:
        descriptor = os.pidfd_open(server.pid)
        server.kill()
        guard.watch(app, descriptor)
    os.close(app)
    os.close(app_end)
