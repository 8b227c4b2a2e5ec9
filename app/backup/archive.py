"""The file of a backup: a tar with the database's dump, each attachment, and last a manifest with their digests.

The manifest is written when all else is, so an archive that was cut off has none, and nothing is restored from it.
"""

import hashlib
import io
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO, Final, Literal, cast

import orjson
from pydantic import BaseModel, Field, ValidationError

from app.attachments.storage import CHUNK_BYTES, ObjectKey
from app.core.failures import StartupError

FORMAT: Final = "finance-tracker-backup"
VERSION: Final = 1
MANIFEST = "manifest.json"
DATABASE = "database.dump"
ATTACHMENTS = "attachments/"
LARGEST_MANIFEST = 1_073_741_824


class Member(BaseModel):
    """A file of the archive."""

    name: str
    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """What the archive holds; `missing` are attachments that were lost or damaged when it was made."""

    format: Literal["finance-tracker-backup"] = FORMAT
    version: Literal[1] = VERSION
    program: str
    schema_revision: str
    created_at: datetime
    members: list[Member] = []
    missing: list[str] = []


@dataclass(frozen=True)
class Unpacked:
    """A member on its way out: what it is called, and its content, checked."""

    name: str
    content: BinaryIO

    @property
    def key(self) -> ObjectKey | None:
        """Of which attachment it is."""
        return ObjectKey.parse(self.name.removeprefix(ATTACHMENTS))


class _Sink:
    """A stream that knows how far it is, which a pipe does not."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._position = 0

    def write(self, data: bytes) -> int:
        self._stream.write(data)
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position


class ArchiveWriter:
    """Adds members to a stream; `finish` makes it whole."""

    def __init__(self, stream: IO[bytes], manifest: Manifest) -> None:
        # Not the mode for streams: given up half-way, that one writes once more when it is collected.
        sink = cast("IO[bytes]", _Sink(stream))
        self._tar = tarfile.open(mode="w", fileobj=sink, format=tarfile.PAX_FORMAT)  # noqa: SIM115 - see finish
        self._manifest = manifest
        self._instant = int(time.time())

    def add(self, name: str, content: BinaryIO, *, size: int, sha256: str) -> None:
        self._write(name, content, size)
        self._manifest.members.append(Member(name=name, size=size, sha256=sha256))

    def finish(self) -> None:
        document = self._manifest.model_dump_json(indent=1).encode()
        self._write(MANIFEST, io.BytesIO(document), len(document))
        self._tar.close()

    def _write(self, name: str, content: BinaryIO, size: int) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.mtime = size, 0o600, self._instant
        self._tar.addfile(entry, content)


def digest_of(content: BinaryIO) -> tuple[int, str]:
    """Size and SHA-256 from here to the end; it then stands at its beginning."""
    digest = hashlib.sha256()
    size = 0
    while piece := content.read(CHUNK_BYTES):
        digest.update(piece)
        size += len(piece)
    content.seek(0)
    return size, digest.hexdigest()


def check(path: Path) -> Manifest:
    """Read all of an archive; raises `StartupError` unless every member is what the manifest says, and nothing else."""
    found: list[Member] = []
    document = b""
    with _opened(path) as tar:
        for entry in tar:
            content = tar.extractfile(entry) if entry.isfile() else None
            if content is None or document:
                raise _damaged(path, f"it holds {entry.name!r}, which no backup has")
            if entry.name == MANIFEST:
                document = content.read(LARGEST_MANIFEST)
                continue
            found.append(_member(entry.name, content))
    manifest = _manifest(path, document)
    _compare(path, {item.name: item for item in found}, manifest, count=len(found))
    return manifest


def unpack(path: Path) -> Iterator[Unpacked]:
    """Each member of an archive that was checked, but for the manifest; each content is there until the next."""
    with _opened(path) as tar:
        for entry in tar:
            content = tar.extractfile(entry) if entry.isfile() else None
            if entry.name == MANIFEST or content is None:
                continue
            with tempfile.TemporaryFile() as file:
                while piece := content.read(CHUNK_BYTES):
                    file.write(piece)
                file.seek(0)
                unpacked = Unpacked(entry.name, file)
                if unpacked.key is not None and digest_of(file)[1] != unpacked.key.sha256.hex():
                    raise _damaged(path, f"{entry.name} has changed since it was checked")
                yield unpacked


def _member(name: str, content: IO[bytes]) -> Member:
    digest = hashlib.sha256()
    size = 0
    while piece := content.read(CHUNK_BYTES):
        digest.update(piece)
        size += len(piece)
    return Member(name=name, size=size, sha256=digest.hexdigest())


def _manifest(path: Path, document: bytes) -> Manifest:
    if not document:
        raise StartupError(f"{path} is not a whole backup: its end is missing.")
    try:
        content = orjson.loads(document)
    except ValueError:
        raise _damaged(path, "its manifest cannot be read") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise StartupError(f"{path} is not a backup of Finance Tracker.")
    if content.get("version") != VERSION:
        raise StartupError(f"{path} was made by a newer version of Finance Tracker: restore it with that one.")
    try:
        return Manifest.model_validate(content)
    except ValidationError:
        raise _damaged(path, "its manifest cannot be read") from None


def _compare(path: Path, found: dict[str, Member], manifest: Manifest, *, count: int) -> None:
    promised = {item.name: item for item in manifest.members}
    if count != len(manifest.members) or found.keys() != promised.keys() or DATABASE not in found:
        raise _damaged(path, "it does not hold what its manifest says")
    for name, item in found.items():
        if item != promised[name]:
            raise _damaged(path, f"{name} is not what it was")
        key = ObjectKey.parse(name.removeprefix(ATTACHMENTS)) if name.startswith(ATTACHMENTS) else None
        if name != DATABASE and (key is None or key.sha256.hex() != item.sha256):
            raise _damaged(path, f"it holds {name!r}, which no backup has")


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with path.open("rb") as file, tarfile.open(mode="r|", fileobj=file) as tar:
            yield tar
    except (tarfile.TarError, EOFError):
        raise StartupError(f"{path} is not a whole backup: it cannot be read to its end.") from None
    except OSError as error:
        raise StartupError(f"{path} cannot be read: {error.strerror or error}.") from None


def _damaged(path: Path, reason: str) -> StartupError:
    return StartupError(f"{path} is damaged: {reason}; nothing was restored.")
