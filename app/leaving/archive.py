"""A ZIP that is written a piece at a time, off the event loop: memory stays flat, whatever goes into it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from anyio import to_thread

from app.core.clock import now

Write = Callable[[bytes], Awaitable[None]]

UNSAFE = frozenset('<>:"/\\|?*')
LONGEST = 80


def safe_name(name: str) -> str:
    """A name that every system takes for one file or folder."""
    kept = "".join("_" if c in UNSAFE or not c.isprintable() else c for c in name)
    return kept[:LONGEST].strip(". ") or "_"


class Archive:
    """Writes a ZIP into an open file; `close` it before the file is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = ZipFile(file, "w")
        self._at = now().timetuple()[:6]

    @asynccontextmanager
    async def entry(self, name: str, *, packed: bool = False) -> AsyncIterator[Write]:
        """A file of the archive; `packed` content, such as pictures, is not packed again."""
        info = ZipInfo(name, self._at)
        info.compress_type = ZIP_STORED if packed else ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        entry = self._zip.open(info, "w", force_zip64=True)

        async def write(content: bytes) -> None:
            await to_thread.run_sync(entry.write, content)

        with entry:
            yield write

    async def text(self, name: str, content: str) -> None:
        async with self.entry(name) as write:
            await write(content.encode())

    async def rows(self, name: str, pages: AsyncIterator[Sequence[str]]) -> None:
        """A JSON array of these JSON texts, one a line."""
        async with self.entry(name) as write:
            separator = "[\n"
            async for page in pages:
                await write((separator + ",\n".join(page)).encode())
                separator = ",\n"
            await write(b"[]\n" if separator == "[\n" else b"\n]\n")

    def close(self) -> None:
        self._zip.close()
