"""Making a cluster, and telling whether the one at hand is ours to start."""

import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

from app.core.embedded.accounts import Account
from app.core.embedded.binaries import run_program
from app.core.embedded.logs import explain
from app.core.embedded.paths import MAJOR, Layout, make_private_folder
from app.core.failures import StartupError

SUPERUSER = "postgres"


def remove_unfinished(layout: Layout) -> None:
    """Remove what a crash left in the making."""
    for unfinished in layout.postgres.glob("new-*"):
        shutil.rmtree(unfinished, ignore_errors=True)  # a crashed app's initdb may be busy in it


def check_version(layout: Layout) -> None:
    """StartupError if the data folder holds data that these binaries cannot read."""
    if not layout.cluster.exists():
        # An empty new cluster beside the data of an older one would look like all of it was lost.
        others = [path.name for path in layout.postgres.glob("[0-9]*") if path.is_dir()]
        found = max(others, default=MAJOR)
    else:
        try:
            found = (layout.cluster / "PG_VERSION").read_text("ascii", "replace").strip()
        except FileNotFoundError as error:
            raise StartupError(
                f"The folder {layout.cluster} holds no PostgreSQL data (PG_VERSION is missing); "
                "restore it from a backup, or move it away to start afresh."
            ) from error
    if found != MAJOR:
        raise StartupError(
            f"The data in {layout.postgres} was made by PostgreSQL {found}, but this Finance Tracker runs "
            f"PostgreSQL {MAJOR}; start it with the version that made the data, or set DATA_DIR to another folder."
        )


def ensure_password(layout: Layout, programs: Path, account: Account | None) -> str:
    """The superuser's password, made if there is none; a cluster that is already there is told the new one."""
    if layout.password.exists():
        return layout.password.read_text("utf-8", "replace").strip()
    password = secrets.token_urlsafe(32)
    if layout.cluster.exists():
        result = run_program(
            [programs / "postgres", "--single", "-D", layout.cluster, SUPERUSER],
            account=account,
            text=f"ALTER ROLE {SUPERUSER} PASSWORD '{password}';\n",
        )
        if result.returncode != 0 or "ERROR:" in result.stderr:
            raise StartupError(
                f"The file {layout.password} is missing and a new password could not be set: {explain(result.stderr)}."
            )
    making = layout.password.with_name("password.new")
    _write_private(making, password)
    making.rename(layout.password)
    return password


def make_cluster(
    layout: Layout, programs: Path, password: str, account: Account | None, *, durable: bool, timeout: float
) -> None:
    """Make the cluster if there is none; a crash in the middle leaves nothing that the next start trips over."""
    if layout.cluster.exists():
        return
    making = Path(tempfile.mkdtemp(prefix="new-", dir=layout.postgres))
    try:
        if account:
            making.chmod(0o711)
        cluster, password_file = making / "cluster", making / "password"
        make_private_folder(cluster, account)
        _write_private(password_file, password, account)
        _run_initdb(layout, programs, cluster, password_file, account, durable=durable, timeout=timeout)
        cluster.rename(layout.cluster)
        _sync_folder(layout.postgres)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _run_initdb(
    layout: Layout,
    programs: Path,
    cluster: Path,
    password_file: Path,
    account: Account | None,
    *,
    durable: bool,
    timeout: float,
) -> None:
    command: list[str | Path] = [
        programs / "initdb",
        f"--pgdata={cluster}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth-local=scram-sha-256",
        "--auth-host=scram-sha-256",
        "--encoding=UTF8",
        # Built into the server, so it sorts the same on every machine and needs no locales installed.
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--data-checksums",
        "--no-instructions",
    ]
    if not durable:
        command.append("--no-sync")
    try:
        result = run_program(command, account=account, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise StartupError(f"Making the database in {layout.data_dir} took longer than {timeout:g} seconds.") from error
    if result.returncode != 0:
        raise StartupError(f"The database in {layout.data_dir} could not be made: {explain(result.stderr)}.")


def _write_private(path: Path, text: str, owner: Account | None = None) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        if owner:
            os.fchown(descriptor, owner.uid, owner.gid)
        file.write(text + "\n")
        file.flush()
        os.fsync(descriptor)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
