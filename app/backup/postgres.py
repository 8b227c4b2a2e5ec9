"""PostgreSQL's own programs for dumping a database and for bringing one back."""

import asyncio
import re
import shutil
import subprocess
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO

import psutil
from sqlalchemy import make_url

from app.core.database import APP_ROLE
from app.core.embedded.binaries import ENVIRONMENT, packaged_programs
from app.core.embedded.paths import MAJOR
from app.core.failures import StartupError
from app.core.jobs.schema import SCHEMA, WORKER_ROLE

PIECE = 262_144

Command = list[str | Path]

# The roles belong to the whole server and so to no dump; migrations 0001 and 0020 make them in the same way.
_ROLES = "".join(
    f"""
DO $$
BEGIN
    BEGIN
        CREATE ROLE {role} NOLOGIN NOINHERIT NOBYPASSRLS;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
    END;
    IF NOT pg_has_role(current_user, '{role}', 'SET') THEN
        EXECUTE format('GRANT {role} TO %I WITH SET TRUE', current_user);
    END IF;
END $$;
"""
    for role in (APP_ROLE, WORKER_ROLE)
)
_CLEAR = f"""
DROP SCHEMA IF EXISTS partly, {SCHEMA} CASCADE;
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
GRANT USAGE ON SCHEMA public TO PUBLIC;
"""


def programs_for(server_major: int) -> Path:
    """The folder of programs that understand this server: the packaged ones, else installed ones that are newer."""
    packaged = packaged_programs()
    if packaged is not None and server_major <= int(MAJOR):
        return packaged
    installed = shutil.which("pg_dump")
    if installed is not None and _major_of(installed) >= server_major:
        return Path(installed).parent
    raise StartupError(
        f"The database server is PostgreSQL {server_major}, and there is no pg_dump {server_major} here: install "
        "PostgreSQL's client programs of that version."
    )


def _major_of(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=30).stdout
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else 0


async def dump(programs: Path, url: str, snapshot: str, target: IO[bytes]) -> None:
    """Write the database, as this exported snapshot sees it, to a file."""
    command: Command = [programs / "pg_dump", "--format=custom", "--no-password", f"--snapshot={snapshot}"]
    async with _running(command, _environment(url), stdout=target.fileno()) as process:
        _, said = await process.communicate()
    if process.returncode:
        raise StartupError(f"The database cannot be dumped: {_cause(said)}.")


async def restore(programs: Path, url: str, source: Path, *, clear: bool) -> None:
    """Bring a dump into the database in one transaction: all of it or, whatever fails, nothing.

    With `clear` what the database held goes in the same transaction.
    """
    reader: Command = [programs / "pg_restore", "--no-owner", "--no-password", "--file=-", source]
    writer: Command = [programs / "psql", "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1"]
    pipe = asyncio.subprocess.PIPE
    async with (
        _running(reader, ENVIRONMENT, stdout=pipe) as script,
        _running(writer, _environment(url), stdin=pipe, stdout=asyncio.subprocess.DEVNULL) as session,
    ):
        complaints = asyncio.gather(_read(script.stderr), _read(session.stderr))
        assert session.stdin is not None  # noqa: S101  # nosec B101  # as asked for
        refused = False
        try:
            await _feed(session.stdin, "BEGIN;\n" + _ROLES + (_CLEAR if clear else ""))
            await _relay(script, session.stdin)
            # Without this the session ends and takes everything back, so a script that broke off changes nothing.
            if await script.wait() == 0:
                await _feed(session.stdin, "\n;COMMIT;\n")
        except (BrokenPipeError, ConnectionResetError):  # the session has ended, and says why
            refused = True
            await _discard(script)
        session.stdin.close()
        ended = await session.wait()
        said = await complaints
        if script.returncode and not refused:
            raise StartupError(f"The dump in the backup cannot be read: {_cause(said[0])}; nothing was changed.")
        if ended:
            raise StartupError(f"The database cannot be restored: {_cause(said[1])}; nothing was changed.")


async def _relay(script: Process, session: asyncio.StreamWriter) -> None:
    assert script.stdout is not None  # noqa: S101  # nosec B101  # as asked for
    while piece := await script.stdout.read(PIECE):
        session.write(piece)
        await session.drain()


async def _feed(session: asyncio.StreamWriter, text: str) -> None:
    session.write(text.encode())
    await session.drain()


async def _read(stream: asyncio.StreamReader | None) -> bytes:
    return await stream.read() if stream else b""


@asynccontextmanager
async def _running(
    command: Command,
    environment: Mapping[str, str],
    *,
    stdin: int = asyncio.subprocess.DEVNULL,
    stdout: int,
) -> AsyncIterator[Process]:
    """A program that ends with the block, whatever ends the block."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=stdin, stdout=stdout, stderr=asyncio.subprocess.PIPE, env=environment, cwd="/"
    )
    try:
        yield process
    finally:
        await _discard(process)
        await process.wait()


async def _discard(process: Process) -> None:
    """End a program whose words nobody wants: while they are unread it would wait, and its pipe stays open."""
    with suppress(psutil.NoSuchProcess):
        if process.returncode is None:
            # Its own `kill` would look whether it has ended, and take the end from the thread that waits for it.
            psutil.Process(process.pid).kill()
    while process.stdout is not None and await process.stdout.read(PIECE):
        pass


def _environment(url: str) -> dict[str, str]:
    """How libpq's programs reach the database of this URL; the password is on no command line."""
    parsed = make_url(url)
    query = {name: ",".join(value) if isinstance(value, tuple) else value for name, value in parsed.query.items()}
    given = {
        "PGHOST": query.get("host") or parsed.host,
        "PGPORT": query.get("port") or (str(parsed.port) if parsed.port else None),
        "PGUSER": parsed.username,
        "PGPASSWORD": parsed.password,
        "PGDATABASE": parsed.database,
        "PGSSLMODE": query.get("ssl"),
        "PGPASSFILE": query.get("passfile"),
        "PGTARGETSESSIONATTRS": query.get("target_session_attrs"),
        "PGCONNECT_TIMEOUT": "30",
    }
    return {**ENVIRONMENT, **{name: str(value) for name, value in given.items() if value is not None}}


def _cause(said: bytes) -> str:
    """The first complaint of a program, without its own name."""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    first = next((line for line in lines if "error" in line.lower()), lines[0] if lines else "it ended without a word")
    return re.sub(r"^.*?(?:error|ERROR|fatal|FATAL): +", "", first).rstrip(".")
