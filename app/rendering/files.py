"""Finished files: written where nobody else can see them, sent piece by piece, and gone when they are closed."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

from anyio import to_thread

PIECE = 1 << 18
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}


@dataclass(frozen=True)
class Export:
    """A finished file, open at its start; whoever has it closes it."""

    file: IO[bytes]
    size: int
    name: str


@contextmanager
def unfinished() -> Iterator[IO[bytes]]:
    """A file to write to; it stays open when the block ends well, and is closed when the block fails."""
    file = TemporaryFile()  # noqa: SIM115  # who reads it closes it
    try:
        yield file
    except BaseException:
        file.close()
        raise


def finished(file: IO[bytes], name: str) -> Export:
    """The file with all that was written, ready to be read."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return Export(file, size, name)


def of_bytes(content: bytes | bytearray, name: str) -> Export:
    """The same of something that was made in memory."""
    with unfinished() as file:
        file.write(content)
        return finished(file, name)


async def pieces(export: Export) -> AsyncIterator[bytes]:
    """The file, closed when it is read or its reader has gone."""
    try:
        while piece := await to_thread.run_sync(export.file.read, PIECE):
            yield piece
    finally:
        export.file.close()
