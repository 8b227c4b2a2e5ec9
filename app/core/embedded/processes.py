"""The server's processes: found by the cluster they work in, and ended."""

import contextlib
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import psutil

from app.core.failures import StartupError

Steps = tuple[tuple[signal.Signals, float], ...]

# Fast: every client is disconnected and everything is written out. Immediate: as after a power cut, the next start
# recovers. The last resort is for a server that hears neither; committed work survives that too.
IMMEDIATE: Steps = ((signal.SIGQUIT, 30.0), (signal.SIGKILL, 10.0))
FAST: Steps = ((signal.SIGINT, 60.0), *IMMEDIATE)

POLL_SECONDS = 0.02


class PidFile(NamedTuple):
    """What a postmaster.pid says; `status` is empty while the server is still writing it."""

    pid: int
    status: str


def read_pid_file(cluster: Path) -> PidFile | None:
    try:
        lines = (cluster / "postmaster.pid").read_text("utf-8", "replace").splitlines()
        return PidFile(int(lines[0]), lines[7].strip() if len(lines) > 7 else "")
    except (FileNotFoundError, IndexError, ValueError):
        return None


def recorded_socket_folder(cluster: Path) -> Path | None:
    """Where the server that wrote postmaster.pid has its socket; None while it has not said so."""
    try:
        lines = (cluster / "postmaster.pid").read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return None
    return Path(lines[4]) if len(lines) > 4 and lines[4] else None


def cluster_processes(cluster: Path) -> list[psutil.Process]:
    """The live server processes that work in `cluster` (each of them has it as its working directory)."""
    found = []
    for process in psutil.process_iter():
        # What we may not look at, or what is just ending, is no server of ours.
        with contextlib.suppress(psutil.Error):
            if process.name() == "postgres" and process.cwd() == str(cluster):
                found.append(process)
    return found


def is_live(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end(processes: Iterable[psutil.Process], steps: Steps) -> list[psutil.Process]:
    """Send each step's signal and give it its seconds, until all have ended; returns those that have not.

    psutil holds a process by its start time too, so a recycled process id is never hit.
    """
    rest = [process for process in processes if is_live(process)]
    for number, patience in steps:
        for process in rest:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        deadline = time.monotonic() + patience
        while rest and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            rest = [process for process in rest if is_live(process)]
    return rest


def clear_leftovers(cluster: Path, socket_folder: Path) -> None:
    """End what a crashed run left behind, so that the server can start. The caller holds the data folder's lock.

    A server that outlived its app is stopped and not adopted: it may run other binaries or settings than this app
    wants, it holds the dead app's sessions with their locks, and it is nobody's child, so its end would go unseen.
    """
    recorded = read_pid_file(cluster)
    orphans = cluster_processes(cluster)
    rest = end([process for process in orphans if recorded and process.pid == recorded.pid], FAST)
    # Without a postmaster its children end by themselves, unless they are busy.
    rest = rest or end(cluster_processes(cluster), IMMEDIATE)
    if rest:
        raise StartupError(
            f"A PostgreSQL process of an earlier run ({rest[0].pid}) still works in {cluster} and does not stop; "
            "end it and start again."
        )
    # The server takes a file left by kill -9 for another live server's if any process has that number by now, as is
    # common in containers. We know better: nothing works in this cluster, and nobody else uses this socket folder.
    if recorded and psutil.pid_exists(recorded.pid):
        (cluster / "postmaster.pid").unlink(missing_ok=True)
    for file in socket_folder.glob(".s.PGSQL.*"):
        file.unlink()
