"""Starting and stopping the embedded server."""

import contextlib
import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Literal, Self

import psutil
from sqlalchemy import URL

from app.core.embedded import processes
from app.core.embedded.accounts import Account, server_account
from app.core.embedded.binaries import ENVIRONMENT, find_programs, run_program
from app.core.embedded.cluster import SUPERUSER, check_version, ensure_password, make_cluster, remove_unfinished
from app.core.embedded.lock import DataDirLock
from app.core.embedded.logs import LogWatch, explain
from app.core.embedded.paths import PORT, Layout, make_socket_folder, prepare_data_dir, unusable
from app.core.failures import StartupError

logger = logging.getLogger(__name__)

# For a small machine that serves a household. Nothing here trades safety for speed.
DEFAULT_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "shared_buffers": "256MB",
        "max_connections": "100",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
        # Without the DETAIL lines, which repeat what was sent: addresses, names, amounts.
        "log_error_verbosity": "terse",
    }
)
_DATABASE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_PROGRESS_SECONDS = 5.0


class EmbeddedPostgres:
    """A running server on a data folder; stop it, or leave its `with` block.

    Everything here blocks: from a running event loop, call it in a thread. The server is a child process in a session
    of its own, so that Ctrl-C reaches the app alone and the app decides when the server goes. Should the app die
    without stopping it, a guard process does (on Linux), and the next start clears up in any case.
    """

    @classmethod
    def start(cls, data_dir: Path, *, settings: Mapping[str, str] = MappingProxyType({}), timeout: float = 120) -> Self:
        """Start the server, making the data folder and the cluster if need be, and wait until it takes connections.

        `settings` are PostgreSQL's own and go before DEFAULT_SETTINGS. `timeout` (seconds) is for each of making the
        cluster and becoming ready, which includes recovery after a crash. Raises StartupError.
        """
        data_dir = prepare_data_dir(data_dir)
        try:
            with contextlib.ExitStack() as undo:
                layout = Layout(data_dir)
                lock = undo.enter_context(DataDirLock(layout.lock))
                server = cls(layout, lock, settings, timeout)
                undo.pop_all()
                return server
        except OSError as error:
            raise unusable(data_dir, error) from error

    def __init__(self, layout: Layout, lock: DataDirLock, settings: Mapping[str, str], timeout: float) -> None:
        """Use `start`; this expects the data folder to be there and `lock` to be its lock."""
        self._layout = layout
        self._lock = lock
        self._stopped = False
        check_version(layout)
        account = server_account(layout.cluster)
        layout.make_outer_folders(account)
        remove_unfinished(layout)
        self.port = PORT
        self.socket_dir = make_socket_folder(layout, account)
        processes.clear_leftovers(layout.cluster, self.socket_dir)
        self.bin_dir = find_programs(layout, account)
        self._password = ensure_password(layout, self.bin_dir, account)
        durable = settings.get("fsync") != "off"
        make_cluster(layout, self.bin_dir, self._password, account, durable=durable, timeout=timeout)
        watch = LogWatch(layout)
        self._child = self._spawn(settings, account)
        self._process = psutil.Process(self._child.pid)
        self._guard: subprocess.Popen[bytes] | None = None
        try:
            self._guard = _start_guard(self._child.pid)
            self._wait_until_ready(watch, timeout)
            self._check_password()
        except BaseException:
            self._end(processes.FAST)
            raise

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        return self._child.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of a database, with the superuser's password in it."""
        return _url(self.socket_dir, self._password, database)

    @staticmethod
    def running_url(data_dir: Path, database: str) -> str | None:
        """The URL of a database of the server that another Finance Tracker runs on this data folder, if one does.

        It counts only while the process that holds the folder's lock is the server's parent: a server whose app died
        is about to be stopped by its guard.
        """
        layout = Layout(data_dir.expanduser().resolve())
        try:
            recorded = processes.read_pid_file(layout.cluster)
            folder = processes.recorded_socket_folder(layout.cluster)
            holder = layout.lock.read_text("ascii", "replace").strip()
            if recorded is None or recorded.status != "ready" or folder is None:
                return None
            server = psutil.Process(recorded.pid)
            if server.name() != "postgres" or str(server.ppid()) != holder:
                return None
            return _url(folder, layout.password.read_text("utf-8", "replace").strip(), database)
        except (OSError, psutil.Error):
            return None

    def create_database(self, name: str) -> bool:
        """Make an empty database; False if it is already there."""
        if not _DATABASE_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no database name: use up to 63 of a-z, 0-9 and _, not a digit first")
        result = self._psql(
            f"SELECT 'CREATE DATABASE {name}' WHERE NOT EXISTS "  # noqa: S608  # nosec B608  # the name was checked above
            f"(SELECT FROM pg_database WHERE datname = '{name}') \\gexec\n"
        )
        if result.returncode != 0:
            raise StartupError(f"The database {name} could not be made: {explain(result.stderr)}.")
        return "CREATE DATABASE" in result.stdout

    def stop(self, *, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop the server, wait until it is down and let go of the data folder. Stopping it again does nothing.

        "fast" disconnects the clients and writes everything out; if that takes over a minute, or with "immediate",
        the server just ends and the next start recovers.
        """
        if self._stopped:
            return
        self._stopped = True
        self._end(processes.FAST if mode == "fast" else processes.IMMEDIATE)
        self._lock.release()

    def _end(self, steps: processes.Steps) -> None:
        processes.end([self._process], steps)
        self._child.wait(timeout=10)
        self._end_children()
        if self._guard:
            self._guard.communicate()  # closes the pipe it watches, and waits
        if self.socket_dir != self._layout.socket:
            with contextlib.suppress(OSError):  # a killed server leaves its socket there, for the next start
                self.socket_dir.rmdir()

    def _end_children(self) -> None:
        """See off those that outlive the postmaster: the log's writer always does, for a moment."""
        processes.end(processes.cluster_processes(self._layout.cluster), processes.IMMEDIATE)

    def _spawn(self, settings: Mapping[str, str], account: Account | None) -> subprocess.Popen[bytes]:
        """Run `postgres` itself: pg_ctl would make it a grandchild whose end we could not see."""
        ours = {
            "listen_addresses": "",
            "port": str(self.port),
            "unix_socket_directories": str(self.socket_dir),
            "unix_socket_permissions": "0700",
            # One file a weekday, emptied when its day comes again.
            "logging_collector": "on",
            "log_directory": str(self._layout.log),
            "log_filename": "postgresql-%a.log",
            "log_truncate_on_rotation": "on",
            "log_rotation_age": "1d",
            "log_rotation_size": "0",
        }
        command: list[str | Path] = [self.bin_dir / "postgres", "-D", self._layout.cluster]
        for name, value in {**DEFAULT_SETTINGS, **settings, **ours}.items():
            command += ["-c", f"{name}={value}"]
        descriptor = os.open(self._layout.start_log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                start_new_session=True,
                cwd="/",  # our own folder may be closed to the account
                env=ENVIRONMENT,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                umask=0o077,
            )
        finally:
            os.close(descriptor)

    def _wait_until_ready(self, watch: LogWatch, timeout: float) -> None:
        started = time.monotonic()
        told = started
        while True:
            pid_file = processes.read_pid_file(self._layout.cluster)
            if pid_file == (self.pid, "ready"):
                return
            if self._child.poll() is not None:
                self._end_children()  # so that all they had to say is in the log
                raise self._failure("did not start", watch)
            now = time.monotonic()
            if now > started + timeout:
                raise self._failure(f"is not ready after {timeout:g} seconds", watch)
            if now > told + _PROGRESS_SECONDS:
                told = now
                logger.info("PostgreSQL has been starting for %d s: %s", now - started, watch.latest_line())
            time.sleep(processes.POLL_SECONDS)

    def _failure(self, happened: str, watch: LogWatch) -> StartupError:
        complaint = watch.complaint()
        return StartupError(f"PostgreSQL {happened}: {complaint.text} (its log is {complaint.file}).")

    def _check_password(self) -> None:
        result = self._psql("SELECT 1\n")
        if "password authentication failed" in result.stderr:
            raise StartupError(
                f"The file {self._layout.password} does not hold the password of the database beside it; "
                "put the right one back, or remove the file and the next start sets a new one."
            )
        if result.returncode != 0:
            raise StartupError(f"PostgreSQL runs but refuses to work: {explain(result.stderr)}.")

    def _psql(self, script: str) -> subprocess.CompletedProcess[str]:
        return run_program(
            [
                self.bin_dir / "psql",
                *("--no-psqlrc", "--tuples-only", "--no-password", "--set=ON_ERROR_STOP=1"),
                *("--username", SUPERUSER, "--dbname", "postgres"),
                *("--host", self.socket_dir, "--port", str(self.port)),
            ],
            environment={"PGPASSWORD": self._password, "PGCONNECT_TIMEOUT": "30"},
            text=script,
        )


def _url(socket_folder: Path, password: str, database: str) -> str:
    query = {"host": str(socket_folder), "port": str(PORT)}
    url = URL.create("postgresql+asyncpg", SUPERUSER, password, database=database, query=query)
    return url.render_as_string(hide_password=False)


def _start_guard(server: int) -> subprocess.Popen[bytes] | None:
    """Start guard.py; without pidfds (other systems, old kernels) there is none, and the next start clears up."""
    if sys.platform != "linux":
        return None
    try:
        descriptor = os.pidfd_open(server)
    except OSError:
        return None
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", Path(__file__).with_name("guard.py"), str(descriptor)],
            stdin=subprocess.PIPE,
            pass_fds=[descriptor],
            start_new_session=True,
            cwd="/",
            env=ENVIRONMENT,
        )
    finally:
        os.close(descriptor)
