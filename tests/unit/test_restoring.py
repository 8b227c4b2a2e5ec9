"""Restoring into a database that refuses: it is told at once, however much is still to come."""

import asyncio
import gc
from pathlib import Path

import pytest

from app.backup.postgres import restore
from app.core.failures import StartupError

URL = "postgresql://somebody@127.0.0.1:1/nothing"


def programs(folder: Path, *, reader: str, writer: str) -> Path:
    for name, script in (("pg_restore", reader), ("psql", writer)):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_session_that_ends_early_is_waited_for_by_nobody(tmp_path: Path) -> None:
    folder = programs(
        tmp_path, reader="exec head -c 8000000 /dev/zero", writer="echo 'psql: ERROR:  no such luck' >&2; exit 3"
    )
    with pytest.raises(StartupError, match=r"cannot be restored: no such luck; nothing was changed"):
        asyncio.run(asyncio.wait_for(restore(folder, URL, tmp_path / "dump", clear=False), 60))
    gc.collect()  # nothing of the programs is left to a loop that is closed


def test_a_dump_that_breaks_off_is_told_as_such(tmp_path: Path) -> None:
    folder = programs(
        tmp_path,
        reader="echo 'SELECT 1;'; echo 'pg_restore: error: cut off' >&2; exit 1",
        writer="cat > /dev/null; exit 3",
    )
    with pytest.raises(StartupError, match=r"dump in the backup cannot be read: cut off; nothing was changed"):
        asyncio.run(asyncio.wait_for(restore(folder, URL, tmp_path / "dump", clear=False), 60))
