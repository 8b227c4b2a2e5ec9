"""What every store of objects can do."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol, Self
from uuid import UUID

from app.core.errors import BusyError, NotFoundError

CHUNK_BYTES = 262_144
"""How much of an object is in memory at once while it is read or written."""

_NAME = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/([0-9a-f]{64})")


@dataclass(frozen=True)
class ObjectKey:
    """The name of an object: its book and the SHA-256 of its content."""

    book_id: UUID
    sha256: bytes

    def __str__(self) -> str:
        return f"{self.book_id}/{self.sha256.hex()}"

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """The key of this name; None for what no store here ever wrote."""
        found = _NAME.fullmatch(name)
        return cls(UUID(found[1]), bytes.fromhex(found[2])) if found else None


@dataclass(frozen=True)
class StoredObject:
    """An object as a listing tells of it; `modified` is when it was last written."""

    key: ObjectKey
    modified: datetime


class StoreUnavailableError(BusyError):
    """The store does not answer, or has no room."""

    code = "store_unavailable"

    def __init__(self) -> None:
        super().__init__("The store of attachments does not answer; try again in a moment.")


class ObjectMissingError(NotFoundError):
    """The store has lost an object that the book still names."""

    code = "file_missing"

    def __init__(self) -> None:
        super().__init__("The server no longer has the content of this file; a backup may.")


class Content(Protocol):
    """The bytes of an object, chunk by chunk; to be closed, read or not."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None: ...


class Store(Protocol):
    """A store; each of these raises `StoreUnavailableError` where it does not answer."""

    async def put(self, key: ObjectKey, source: BinaryIO) -> None:
        """Store what `source` holds from its present position; whoever reads sees all of it or nothing."""

    async def open(self, key: ObjectKey, start: int = 0, stop: int | None = None) -> Content:
        """The bytes from `start` up to `stop`, which is not included. Raises `ObjectMissingError`."""

    async def exists(self, key: ObjectKey) -> bool: ...

    async def delete(self, key: ObjectKey) -> None:
        """Remove it; one that is not there is no error."""

    def every(self) -> AsyncIterator[list[StoredObject]]:
        """Every object, some at a time; those of one book follow each other."""

    async def tidy(self, before: datetime) -> int:
        """Remove what writes that never ended left before this instant; returns how many."""
