"""From the bytes of a file to its lines of text: which encoding, and is it text at all."""

import codecs
import io
import re
from typing import NamedTuple

from app.imports.csv.mapping import encoding_name
from app.imports.csv.outcome import Confidence, CsvUnreadableError

_CHUNK = 1 << 16
_LINE_LIMIT = 1 << 20
# Share of control characters in the beginning of a file above which it is no text.
_BINARY_SHARE = 0.05
# So few of them do not make even a short file binary.
_FEW = 8
# How many well-formed characters must stand for each broken one before a file still counts as UTF-8. Banks cut texts
# at a number of bytes and so break a character here and there; another encoding breaks nearly all of them.
_SOUND_PER_BROKEN = 4

# Removed from all text: PostgreSQL refuses NUL, JSON refuses lone surrogates, and no other of them means anything.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ud800-\udfff]")
_REPLACEMENT = "\ufffd"

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BINARY_STARTS = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "an Excel workbook or another ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)
_TEXT_STARTS = (
    ("<", "an XML or HTML document"),
    ("OFXHEADER", "an OFX file"),
    ("!Type:", "a QIF file"),
    ("!Account", "a QIF file"),
    ("{\\rtf", "a text document"),
)


class Decoded(NamedTuple):
    """Lines without their line breaks (LF, CRLF and CR alike), and how many broken characters were replaced."""

    lines: list[str]
    encoding: str
    confidence: Confidence
    broken: int


def decode(data: bytes, encoding: str | None) -> Decoded:
    """Decode in the encoding, or in the one detected when it is None; CsvUnreadableError for anything but text."""
    for signature, kind in _BINARY_STARTS:
        if data.startswith(signature):
            raise CsvUnreadableError("not_text", f"The file is {kind}; export it from the bank as CSV.")
    decoded = _detected(data) if encoding is None else _in_encoding(data, encoding)
    start = next((line.lstrip() for line in decoded.lines if line.strip()), "")
    if not start:
        raise CsvUnreadableError("empty_file", "The file is empty.")
    for beginning, kind in _TEXT_STARTS:
        if start.startswith(beginning):
            raise CsvUnreadableError("other_format", f"The file is {kind}, not CSV; export it from the bank as CSV.")
    return decoded


def _detected(data: bytes) -> Decoded:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _in_encoding(data, encoding)
    wide = _wide_encoding(data[: 1 << 12])
    if wide is not None:
        return _in_encoding(data, wide)._replace(confidence="likely")
    lines, broken = _utf8(data)
    if lines is not None:
        return Decoded(lines, "utf-8", "likely" if broken else "certain", broken)
    return _in_encoding(data, "windows-1252")._replace(confidence="likely")


def _wide_encoding(start: bytes) -> str | None:
    """UTF-16 without a byte order mark: every other byte of digits, delimiters and Latin letters is zero."""
    low, high = start[0::2].count(0), start[1::2].count(0)
    enough = len(start) // 8 + 1
    if high > enough and low * 8 < high:
        return "utf-16-le"
    if low > enough and high * 8 < low:
        return "utf-16-be"
    return None


def _utf8(data: bytes) -> tuple[list[str] | None, int]:
    """The lines as UTF-8, or None when it is not; with the number of broken characters in an otherwise sound file."""
    try:
        return _lines(data, "utf-8", "strict"), 0
    except UnicodeError:
        lines = _lines(data, "utf-8", "replace")
    broken = sum(line.count(_REPLACEMENT) for line in lines)
    other = sum(len(line) - len(line.encode("ascii", "ignore")) for line in lines if not line.isascii())
    return (lines, broken) if other - broken >= broken * _SOUND_PER_BROKEN else (None, broken)


def _in_encoding(data: bytes, name: str) -> Decoded:
    encoding = encoding_name(name)
    if encoding == "utf-8":
        lines, broken = _utf8(data)
        if lines is None:
            raise _undecodable(encoding)
        return Decoded(lines, encoding, "certain", broken)
    try:
        return Decoded(_lines(data, encoding, "strict"), encoding, "certain", 0)
    except UnicodeError as error:
        raise _undecodable(encoding) from error


def _undecodable(encoding: str) -> CsvUnreadableError:
    detail = f"The file is not text in the encoding {encoding}; name its encoding, or export it again as UTF-8."
    return CsvUnreadableError("undecodable", detail, "encoding")


def _lines(data: bytes, encoding: str, errors: str) -> list[str]:
    # By chunks: one call over a file of many megabytes would keep the interpreter from running anything else meanwhile.
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(errors), translate=True)
    lines: list[str] = []
    rest = ""
    for start in range(0, len(data), _CHUNK):
        text = decoder.decode(data[start : start + _CHUNK], final=start + _CHUNK >= len(data))
        text, removed = _CONTROL.subn("", text)
        if start == 0 and removed > max(_FEW, (len(text) + removed) * _BINARY_SHARE):
            raise CsvUnreadableError("not_text", "The file is not text; export it from the bank as CSV.")
        *whole, rest = (rest + text).split("\n")
        lines += whole
        if len(rest) > _LINE_LIMIT:
            detail = f"Line {len(lines) + 1} has more than {_LINE_LIMIT} characters; this is no CSV file."
            raise CsvUnreadableError("line_too_long", detail)
    return [*lines, rest] if rest else lines
