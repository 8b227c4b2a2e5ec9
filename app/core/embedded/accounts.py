"""The system account the server runs under.

PostgreSQL refuses to run as root, so root lends it an unprivileged account; everybody else runs it as themselves.
"""

import os
import pwd
import subprocess
from pathlib import Path
from typing import NamedTuple

from app.core.failures import StartupError

ACCOUNT_NAME = "finance"
FALLBACK_NAME = "nobody"

_NEW_ACCOUNT_COMMANDS = (
    ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/", "--shell", "/bin/false"],
    ["adduser", "-S", "-D", "-H", "-s", "/bin/false"],  # busybox, as in Alpine images
)


class Account(NamedTuple):
    """Numbers rather than a name: a volume may belong to an account that this machine has no name for."""

    uid: int
    gid: int

    def blocked_at(self, path: Path) -> Path | None:
        """The outermost part of `path` (itself included) that this account may not read or enter, or None.

        Goes by the permission bits; access control lists are not looked at.
        """
        for part in (*reversed(path.parents), path):
            needed = os.R_OK if part == path and not part.is_dir() else os.X_OK
            info = part.stat()
            shift = 6 if info.st_uid == self.uid else 3 if info.st_gid == self.gid else 0
            if not (info.st_mode >> shift) & needed:
                return part
        return None


def server_account(cluster: Path) -> Account | None:
    """The account to run the server of `cluster` as; None says: as ourselves.

    Once a cluster exists its owner is the answer, whatever this machine calls it: a rebuilt container image may
    number its accounts differently than the one that made the cluster.
    """
    if os.geteuid() != 0:
        return None
    if cluster.exists():
        info = cluster.stat()
        if info.st_uid == 0:
            raise StartupError(
                f"The folder {cluster} belongs to root, and PostgreSQL does not run as root; "
                f"give it and what is in it to an unprivileged account (chown -R {ACCOUNT_NAME})."
            )
        return Account(info.st_uid, info.st_gid)
    account = _find(ACCOUNT_NAME) or _create() or _find(FALLBACK_NAME)
    if account is None:
        raise StartupError(
            "PostgreSQL does not run as root and no unprivileged account could be made for it; "
            f'add a system user named "{ACCOUNT_NAME}", run as an ordinary user, or set DATABASE_URL.'
        )
    return account


def _find(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid)


def _create() -> Account | None:
    for command in _NEW_ACCOUNT_COMMANDS:
        try:
            subprocess.run([*command, ACCOUNT_NAME], check=False, capture_output=True, timeout=30)
        except (OSError, subprocess.TimeoutExpired):
            continue
        # Looked up whatever the exit status: another process may have made it at the same moment.
        if account := _find(ACCOUNT_NAME):
            return account
    return None
