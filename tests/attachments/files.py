"""Files as cameras, scanners and shops make them, short ways to attach them, and what is none of them."""

import hashlib
import io
import os
import struct
import zipfile
import zlib
from typing import Any

from httpx import Response

from tests.people import Person, expect

Document = dict[str, Any]


def png_chunk(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(note: str = "", *, header: bytes | None = None, data: bytes | None = None) -> bytes:
    """One grey pixel; two with different notes are different files."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0) if header is None else header
    data = zlib.compress(b"\0\x80") if data is None else data
    chunks = png_chunk(b"IHDR", header), png_chunk(b"tEXt", b"Comment\0" + note.encode()), png_chunk(b"IDAT", data)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + png_chunk(b"IEND")


def big_png(size: int) -> bytes:
    """A picture of about so many bytes, no two the same; its structure is right, its pixels are noise."""
    return png(data=os.urandom(size))


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def jpeg(note: str = "", *, scan: bytes = b"\x12\xff\x00\x34\xff\xd0\x56") -> bytes:
    """The segments of a photo, in two scans as progressive ones have."""
    frame = struct.pack(">BHHB", 8, 1, 1, 1) + b"\x01\x11\x00"
    start = b"\x01\x01\x00\x00\x3f\x00"
    return (
        b"\xff\xd8"
        + segment(0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0")
        + segment(0xFE, note.encode())
        + segment(0xC2, frame)
        + segment(0xDA, start)
        + scan
        + b"\xff"  # a fill byte
        + segment(0xC4, b"\0" + bytes(16))
        + segment(0xDA, start)
        + scan
        + b"\xff\xd9"
    )


def pdf(note: str = "", *, end: bytes = b"\n", place: int | None = None) -> bytes:
    """An empty page."""
    body = (
        f"%PDF-1.7\n%{note}\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    )
    table = "xref\n0 1\n0000000000 65535 f \ntrailer<</Size 3/Root 1 0 R>>\n"
    start = len(body) if place is None else place
    return f"{body}{table}startxref\n{start}\n%%EOF".encode() + end


def archive() -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as made:
        made.writestr("evil.html", "<script>alert(1)</script>")
    return memory.getvalue()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def try_attach(
    person: Person,
    transaction: Document,
    data: bytes,
    name: str = "receipt.png",
    kind: str = "image/png",
    **headers: str,
) -> Response:
    path = f"/transactions/{transaction['id']}/attachments"
    return await person.http.post(path, files={"file": (name, data, kind)}, headers=headers)


async def attach(person: Person, transaction: Document, data: bytes, name: str = "receipt.png") -> Document:
    made: Document = expect(await try_attach(person, transaction, data, name), 201)
    return made


async def attached(person: Person, transaction: Document) -> list[Document]:
    items: list[Document] = (await person.read(f"/transactions/{transaction['id']}/attachments"))["items"]
    return items


async def content(person: Person, attachment: Document, **headers: str) -> Response:
    return await person.http.get(f"/attachments/{attachment['id']}/content", headers=headers)


async def spend(person: Person, **fields: Any) -> Document:
    """A transaction on an account of its own."""
    account = await person.account()
    return await person.add(account_id=account["id"], **fields)
