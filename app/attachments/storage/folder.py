"""Objects as files of a folder that only the server's own account can read."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

import structlog
from anyio import to_thread

from app.attachments.storage.base import (
    CHUNK_BYTES,
    Content,
    ObjectKey,
    ObjectMissingError,
    StoredObject,
    StoreUnavailableError,
)

INCOMING = "incoming"
"""The subfolder of files in the making; no book's is called so."""

Result = TypeVar("Result")

log = structlog.get_logger("finance.attachments")


class FolderStore:
    """`<folder>/<book>/<sha256>`; a file has its name only when all of it is on the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: ObjectKey, source: BinaryIO) -> None:
        await _in_thread(lambda: self._write(key, source))

    async def open(self, key: ObjectKey, start: int = 0, stop: int | None = None) -> Content:
        return await _in_thread(lambda: _FileContent(self._path(key), start, stop))

    async def exists(self, key: ObjectKey) -> bool:
        return await _in_thread(self._path(key).is_file)

    async def delete(self, key: ObjectKey) -> None:
        await _in_thread(lambda: self._path(key).unlink(missing_ok=True))

    async def every(self) -> AsyncIterator[list[StoredObject]]:
        for book in await _in_thread(lambda: _names(self._folder)):
            if book != INCOMING:
                yield await _in_thread(partial(self._objects, book))

    async def tidy(self, before: datetime) -> int:
        return await _in_thread(lambda: self._tidy(before))

    def _path(self, key: ObjectKey) -> Path:
        return self._folder / str(key)

    def _write(self, key: ObjectKey, source: BinaryIO) -> None:
        incoming, target = self._folder / INCOMING, self._path(key)
        for folder in (self._folder, incoming, target.parent):
            _make_private(folder)
        descriptor, making = tempfile.mkstemp(dir=incoming)
        try:
            with os.fdopen(descriptor, "wb") as file:
                shutil.copyfileobj(source, file, CHUNK_BYTES)
                file.flush()
                os.fsync(file.fileno())
            Path(making).replace(target)
        except BaseException:
            Path(making).unlink(missing_ok=True)
            raise
        _sync(target.parent)

    def _objects(self, book: str) -> list[StoredObject]:
        found = []
        for name in _names(self._folder / book):
            key = ObjectKey.parse(f"{book}/{name}")
            if key is None:
                continue
            with suppress(FileNotFoundError):  # removed since it was listed
                changed = self._path(key).stat().st_mtime
                found.append(StoredObject(key, datetime.fromtimestamp(changed, UTC)))
        return found

    def _tidy(self, before: datetime) -> int:
        removed = 0
        for name in _names(self._folder / INCOMING):
            file = self._folder / INCOMING / name
            with suppress(FileNotFoundError):
                if file.stat().st_mtime < before.timestamp():
                    file.unlink()
                    removed += 1
        return removed


class _FileContent:
    """A part of a file, read in a thread."""

    def __init__(self, path: Path, start: int, stop: int | None) -> None:
        try:
            self._file = path.open("rb")
        except FileNotFoundError:
            raise ObjectMissingError from None
        self._file.seek(start)
        self._left = None if stop is None else max(0, stop - start)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await _in_thread(self._read):
            yield chunk

    async def aclose(self) -> None:
        self._file.close()

    def _read(self) -> bytes:
        chunk = self._file.read(CHUNK_BYTES if self._left is None else min(CHUNK_BYTES, self._left))
        if self._left is not None:
            self._left -= len(chunk)
        return chunk


async def _in_thread(work: Callable[[], Result]) -> Result:
    """Do it where the disk holds up nobody else; what the disk refuses becomes `StoreUnavailableError`."""
    try:
        return await to_thread.run_sync(work)
    except OSError as error:
        log.warning("attachments_folder_failed", error=str(error))
        raise StoreUnavailableError from error


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - names are all that is wanted
    except (FileNotFoundError, NotADirectoryError):
        return []


def _make_private(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    """Let the names in it last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
