"""What a file is, by its content alone: PDF, PNG or JPEG from the first byte to the last.

A name and a header say what somebody wants it to be. A signature alone can stand before anything, so the structure is
walked through to its end; and what is also a ZIP archive is refused, whatever else it is.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

EXTENSIONS = {
    "application/pdf": (".pdf",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
}
"""The names a file of each kind may end with, the usual one first."""

PNG_START = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8\xff"
PDF_START = re.compile(rb"%PDF-[12]\.\d[\r\n\t \x00%]")
PDF_END = re.compile(rb"startxref\s+(\d{1,19})\s+%%EOF[\s\x00]*\Z")
PDF_TAIL_BYTES = 2048

# Bit depths of each colour type (PNG, table 11.1).
_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
_LARGEST_SIDE = 2**31 - 1
_PIECE = 262_144

# Frames (but not tables or extensions among the same numbers), and what stands alone without a length.
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xD8)}
_SCAN, _END = 0xDA, 0xD9
# Within a scan 0xFF is followed by 0 or by a restart; anything else ends it.
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")

_ZIP_END = b"PK\x05\x06"
_ZIP64_LOCATOR = b"PK\x06\x07"
_ZIP_TAIL_BYTES = 65_535 + 22


class _NotThatError(Exception):
    """It begins like one and is not one to its end."""


def media_type_of(file: BinaryIO) -> str | None:
    """The kind of a file, None for what is none of ours; reads a piece at a time and leaves the position anywhere."""
    size = file.seek(0, 2)
    file.seek(0)
    start = file.read(16)
    try:
        if start.startswith(PNG_START):
            _walk_png(file, size)
            kind = "image/png"
        elif start.startswith(JPEG_START):
            _walk_jpeg(file)
            kind = "image/jpeg"
        elif PDF_START.match(start):
            _check_pdf(file, size)
            kind = "application/pdf"
        else:
            return None
    except _NotThatError:
        return None
    return None if _is_zip(file, size) else kind


def _exactly(file: BinaryIO, length: int) -> bytes:
    found = file.read(length)
    if len(found) != length:
        raise _NotThatError
    return found


def _walk_png(file: BinaryIO, size: int) -> None:
    """Chunk by chunk to IEND, which is the end of the file."""
    file.seek(len(PNG_START))
    seen: list[bytes] = []
    while True:
        length, kind = struct.unpack(">I4s", _exactly(file, 8))
        if not kind.isalpha() or length > size - file.tell() - 4:
            raise _NotThatError
        if not seen and (kind, length) != (b"IHDR", 13):
            raise _NotThatError
        checksum = zlib.crc32(kind)
        content = b""
        for piece in _pieces(file, length):
            checksum = zlib.crc32(piece, checksum)
            content = piece if not seen else b""
        if struct.unpack(">I", _exactly(file, 4))[0] != checksum:
            raise _NotThatError
        if not seen:
            _check_png_header(content)
        seen.append(kind)
        if kind == b"IEND":
            if length or b"IDAT" not in seen or file.tell() != size:
                raise _NotThatError
            return


def _check_png_header(header: bytes) -> None:
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", header)
    if not (1 <= width <= _LARGEST_SIDE and 1 <= height <= _LARGEST_SIDE and depth in _DEPTHS.get(colour, ())):
        raise _NotThatError
    if compression or filtering or interlace > 1:
        raise _NotThatError


def _walk_jpeg(file: BinaryIO) -> None:
    """Segment by segment to the end of the image; a telephone may write more after it."""
    file.seek(2)
    framed = scanned = False
    marker = _marker(file)
    while marker != _END:
        if marker not in _ALONE:
            content = _segment(file)
            if marker in _FRAMES:
                _check_frame(content)
                framed = True
        if marker == _SCAN:
            if not framed:
                raise _NotThatError
            scanned = True
            marker = _skip_scan(file)
        else:
            marker = _marker(file)
    if not scanned:
        raise _NotThatError


def _marker(file: BinaryIO) -> int:
    """The number after 0xFF, which may be repeated."""
    if _exactly(file, 1) != b"\xff":
        raise _NotThatError
    number = 0xFF
    while number == 0xFF:
        number = _exactly(file, 1)[0]
    if number in {0x00, 0xD8}:
        raise _NotThatError
    return number


def _segment(file: BinaryIO) -> bytes:
    length = struct.unpack(">H", _exactly(file, 2))[0]
    if length < 2:
        raise _NotThatError
    return _exactly(file, length - 2)


def _check_frame(content: bytes) -> None:
    """Precision, height (0 where it comes later), width, and as many components as it has room for."""
    if len(content) < 6:
        raise _NotThatError
    precision, _height, width, components = struct.unpack(">BHHB", content[:6])
    if precision not in {8, 12, 16} or not width or not components or len(content) != 6 + 3 * components:
        raise _NotThatError


def _skip_scan(file: BinaryIO) -> int:
    """Pass over the image's data to the marker behind it."""
    kept = b""
    while piece := file.read(_PIECE):
        # 0xFF and what it means may fall into two pieces.
        data = kept + piece
        if found := _AFTER_SCAN.search(data):
            file.seek(found.end() - len(data), 1)
            return data[found.end() - 1]
        kept = data[-1:]
    raise _NotThatError


def _check_pdf(file: BinaryIO, size: int) -> None:
    """It ends as a PDF does, with the place of its table, which lies within it."""
    file.seek(max(0, size - PDF_TAIL_BYTES))
    tail = file.read().rstrip(b"\x00\t\n\f\r ")
    ends = PDF_END.search(tail)
    if ends is None or int(ends[1]) >= size:
        raise _NotThatError


def _is_zip(file: BinaryIO, size: int) -> bool:
    """Whether a reader of archives, which begins at the end, would find a directory of files there."""
    start = max(0, size - _ZIP_TAIL_BYTES)
    file.seek(start)
    tail = file.read()
    place = tail.rfind(_ZIP_END)
    while place >= 0:
        record = tail[place : place + 22]
        if tail[max(0, place - 20) : place].startswith(_ZIP64_LOCATOR):
            return True
        if len(record) == 22 and _has_directory(file, start + place, struct.unpack("<4s4H2LH", record)[5]):
            return True
        place = tail.rfind(_ZIP_END, 0, place)
    return False


def _has_directory(file: BinaryIO, end: int, length: int) -> bool:
    if not 0 < length <= end:
        return False
    file.seek(end - length)
    return file.read(4) == b"PK\x01\x02"


def _pieces(file: BinaryIO, length: int) -> Iterator[bytes]:
    while length:
        piece = _exactly(file, min(length, _PIECE))
        length -= len(piece)
        yield piece
