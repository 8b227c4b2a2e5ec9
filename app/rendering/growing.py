"""Files that are sent while they are written: who reads slowly costs disk, and neither memory nor a connection."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import IO

from anyio import to_thread

from app.rendering.files import PIECE


class IncompleteError(Exception):
    """The rest of a file could not be written; what was sent must not look like all of it."""


class GrowingFile:
    """A file with one writer and one reader in an event loop.

    The writer calls `grown` after each part, and once `complete` or `broken`; the reader walks `pieces`.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.file = file
        self.name = name
        self.size = 0
        """Bytes that a reader may have by now."""
        self.is_complete = False
        self._error: BaseException | None = None
        self._news = asyncio.Event()

    async def grown(self) -> None:
        """What was written so far may be read."""
        await to_thread.run_sync(self.file.flush)
        self.size = self.file.tell()
        self._news.set()

    async def complete(self) -> None:
        """All of it is written."""
        await self.grown()
        self.is_complete = True

    def broken(self, error: BaseException) -> None:
        """Nothing more will come: the reader hears of it behind what is there."""
        self._error = error
        self._news.set()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The file from its start, waiting for what is not written yet. Raises `IncompleteError`."""
        sent = 0
        while True:
            if sent < self.size:
                piece = await to_thread.run_sync(os.pread, self.file.fileno(), min(PIECE, self.size - sent), sent)
                sent += len(piece)
                yield piece
            elif self.is_complete:
                return
            elif self._error is not None:
                raise IncompleteError("The file could not be completed.") from self._error
            else:
                self._news.clear()
                await self._news.wait()

    def close(self) -> None:
        """Where the disk is full, closing tries once more to write the rest; it is closed all the same."""
        with suppress(OSError):
            self.file.close()
