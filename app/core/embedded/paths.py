"""Where the embedded server keeps its things, and who may enter there."""

import hashlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from app.core.embedded.accounts import Account
from app.core.failures import StartupError

MAJOR = "18"
PORT = 5432  # names the socket file only; nothing listens on TCP

# The kernel's limit for a socket's path, less the closing NUL: 107 bytes on Linux, 103 on macOS and the BSDs.
_LONGEST_SOCKET_PATH = 103
# The server splits its socket folders at commas and the drivers split hosts at commas and colons.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./+-]+")


def default_data_dir() -> Path:
    """The data folder where DATA_DIR names none."""
    if os.geteuid() == 0:
        return Path("/var/lib/finance-tracker")
    return platformdirs.user_data_path("finance-tracker", appauthor=False)


def prepare_data_dir(data_dir: Path) -> Path:
    """Make the data folder if it is missing; returns it absolute and free of symbolic links.

    What is made for root can be passed through but not listed by others, because the server's account has to reach
    the cluster in it. Permissions of folders that already exist are left alone.
    """
    try:
        data_dir = data_dir.expanduser().resolve()
        if data_dir.exists() and not data_dir.is_dir():
            raise StartupError(f"The data folder {data_dir} is a file; set DATA_DIR to a folder.")
        _make_shared_folder(data_dir)
    except OSError as error:
        raise unusable(data_dir, error) from error
    return data_dir


def holds_database(data_dir: Path) -> bool:
    """Whether an embedded server ever worked in this data folder."""
    return Layout(data_dir.expanduser().resolve()).cluster.exists()


def unusable(data_dir: Path, error: OSError) -> StartupError:
    """What to say when the system refuses something in the data folder."""
    where = f" ({error.filename})" if error.filename else ""
    return StartupError(
        f"The data folder {data_dir} cannot be used: {error.strerror or error}{where}; "
        "make it writable and give it room, or set DATA_DIR to another folder."
    )


@dataclass(frozen=True)
class Layout:
    """The parts of one data folder; `postgres` and what is made in it stay ours, even where we are root."""

    data_dir: Path

    @property
    def lock(self) -> Path:
        return self.data_dir / "lock"

    @property
    def postgres(self) -> Path:
        return self.data_dir / "postgres"

    @property
    def cluster(self) -> Path:
        return self.postgres / MAJOR

    @property
    def password(self) -> Path:
        return self.postgres / "password"

    @property
    def log(self) -> Path:
        return self.postgres / "log"

    @property
    def start_log(self) -> Path:
        return self.postgres / "start.log"

    @property
    def socket(self) -> Path:
        return self.postgres / "run"

    def make_outer_folders(self, account: Account | None) -> None:
        """Make the folders around the cluster; StartupError where `account` cannot get to them."""
        _make_shared_folder(self.postgres)
        if account and (blocked := account.blocked_at(self.postgres)):
            raise StartupError(
                f"PostgreSQL does not run as root, and its own account may not enter {blocked}; "
                "allow others to pass through that folder (chmod o+x), or set DATA_DIR to another folder."
            )
        make_private_folder(self.log, account)


def make_private_folder(path: Path, account: Account | None) -> None:
    """A folder that only the server's account (and root) can enter; its parent must be ours."""
    path.mkdir(mode=0o700, exist_ok=True)
    if account:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def make_socket_folder(layout: Layout, account: Account | None) -> Path:
    """The folder for the socket: in the data folder, or in the temporary one if that path cannot name a socket."""
    if _can_hold_socket(layout.socket):
        make_private_folder(layout.socket, account)
        return layout.socket
    # The same name every time, so that crashes leave one folder behind and not a new one each.
    name = f"finance-tracker-{hashlib.sha256(os.fsencode(layout.cluster)).hexdigest()[:16]}"
    for base in (Path(tempfile.gettempdir()).resolve(), Path("/tmp").resolve()):  # noqa: S108  # nosec B108  # see _is_private
        folder = base / name
        if not _can_hold_socket(folder) or (account and account.blocked_at(base)):
            continue
        folder.mkdir(mode=0o700, exist_ok=True)
        if not _is_private(folder, account):  # somebody else took the name first
            folder = Path(tempfile.mkdtemp(prefix="finance-tracker-", dir=base))
        make_private_folder(folder, account)
        return folder
    raise StartupError(f"The path of the data folder {layout.data_dir} is too long; set DATA_DIR to a shorter one.")


def _make_shared_folder(path: Path) -> None:
    mode = 0o711 if os.geteuid() == 0 else 0o700
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)  # whatever the umask is


def _can_hold_socket(folder: Path) -> bool:
    socket = f"{folder}/.s.PGSQL.{PORT}"
    return len(os.fsencode(socket)) <= _LONGEST_SOCKET_PATH and _PLAIN_PATH.fullmatch(socket) is not None


def _is_private(folder: Path, account: Account | None) -> bool:
    info = folder.lstat()
    owners = {os.geteuid(), account.uid if account else os.geteuid()}
    return stat.S_ISDIR(info.st_mode) and info.st_uid in owners and stat.S_IMODE(info.st_mode) == 0o700
