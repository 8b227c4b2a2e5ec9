"""Which contents are a PDF, a PNG or a JPEG to their end, and which only begin like one."""

import io
import struct
import time
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.attachments.media import media_type_of
from tests.attachments.files import archive, jpeg, pdf, png, png_chunk, segment

HTML = b"<!doctype html><script>alert(1)</script>"


def kind(data: bytes) -> str | None:
    return media_type_of(io.BytesIO(data))


def header(width: int = 1, height: int = 1, depth: int = 8, colour: int = 0, *rest: int) -> bytes:
    return struct.pack(">IIBBBBB", width, height, depth, colour, *(rest or (0, 0, 0)))


TAKEN = {
    "a PNG": (png(), "image/png"),
    "a PNG of true colour, interlaced": (png(header=header(3, 4, 16, 6, 0, 0, 1)), "image/png"),
    "a JPEG": (jpeg(), "image/jpeg"),
    "a JPEG with a scan over several pieces": (jpeg(scan=b"\x12\xff\x00" * 300_000), "image/jpeg"),
    "a JPEG with what a telephone adds": (jpeg() + b"SEFH" + bytes(5000) + b"SEFT", "image/jpeg"),
    "a PDF": (pdf(), "application/pdf"),
    "a PDF without a last line end": (pdf(end=b""), "application/pdf"),
    "a PDF with zeros behind it": (pdf(end=b"\r\n" + bytes(600)), "application/pdf"),
    "a PDF that mentions ZIP": (pdf("PK\x05\x06 and so on"), "application/pdf"),
}

REFUSED = {
    "nothing": b"",
    "text": b"just words",
    "HTML": HTML,
    "HTML before a PDF": HTML + pdf(),
    "HTML before a PNG": HTML + png(),
    "a ZIP": archive(),
    "a GIF": b"GIF89a" + bytes(30),
    "SVG": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
    "a PNG's signature alone": b"\x89PNG\r\n\x1a\n",
    "a PNG's signature before HTML": b"\x89PNG\r\n\x1a\n" + HTML,
    "a PNG cut off": png()[:-5],
    "a PNG with HTML behind it": png() + HTML,
    "a PNG with a ZIP behind it": png() + archive(),
    "a PNG with a ZIP in a chunk": png()[:-12] + png_chunk(b"zzZz", archive()) + png_chunk(b"IEND"),
    "a PNG with a bit changed": png()[:50] + bytes([png()[50] ^ 1]) + png()[51:],
    "a PNG without pixels": b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header()) + png_chunk(b"IEND"),
    "a PNG of no width": png(header=header(0)),
    "a PNG of an unknown colour": png(header=header(1, 1, 8, 5)),
    "a PNG of an odd depth": png(header=header(1, 1, 3, 0)),
    "a PNG packed otherwise": png(header=header(1, 1, 8, 0, 1, 0, 0)),
    "a PNG whose header comes later": b"\x89PNG\r\n\x1a\n" + png_chunk(b"IDAT", zlib.compress(b"")) + png()[8:],
    "a PNG whose chunk is longer than the file": b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", 2**32 - 1, b"IHDR"),
    "a JPEG's signature before HTML": b"\xff\xd8\xff" + HTML,
    "a JPEG cut off": jpeg()[:-2],
    "a JPEG without a frame": b"\xff\xd8" + segment(0xDA, bytes(6)) + b"\x12\xff\xd9",
    "a JPEG without a scan": b"\xff\xd8" + segment(0xC0, struct.pack(">BHHB", 8, 1, 1, 1) + bytes(3)) + b"\xff\xd9",
    "a JPEG with a frame that lies": b"\xff\xd8"
    + segment(0xC0, struct.pack(">BHHB", 8, 1, 1, 9) + bytes(3))
    + jpeg()[2:],
    "a JPEG with a segment of no length": b"\xff\xd8\xff\xe0\0\0" + jpeg()[2:],
    "a JPEG with a ZIP behind it": jpeg() + archive(),
    "a PDF cut off": pdf()[:-20],
    "a PDF's first line before HTML": b"%PDF-1.7\n" + HTML,
    "a PDF with HTML behind it": pdf() + HTML,
    "a PDF with a ZIP in it": b"%PDF-1.7\n" + archive() + b"\nstartxref\n9\n%%EOF",
    "a PDF whose table is elsewhere": pdf(place=10**9),
    "a PDF of an unknown version": pdf().replace(b"%PDF-1.7", b"%PDF-9.9"),
    "a PDF with something before it": b"\n" + pdf(),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_whole_is_taken(name: str) -> None:
    data, wanted = TAKEN[name]
    assert kind(data) == wanted


@pytest.mark.parametrize("name", REFUSED)
def test_what_only_begins_like_it_is_refused(name: str) -> None:
    assert kind(REFUSED[name]) is None


def test_a_large_archive_behind_a_picture_is_found_too() -> None:
    memory = io.BytesIO()
    memory.write(jpeg())
    with zipfile.ZipFile(memory, "a") as made:
        with made.open("big.bin", "w", force_zip64=True) as member:
            member.write(b"x" * 100)
        made.comment = b"with a comment"
    assert zipfile.is_zipfile(memory)
    assert media_type_of(memory) is None


@pytest.mark.parametrize("whole", [png(), jpeg(), pdf()], ids=["png", "jpeg", "pdf"])
def test_no_beginning_of_a_file_is_taken_for_the_file(whole: bytes) -> None:
    for length in range(len(whole.rstrip())):
        assert kind(whole[:length]) is None, length


@given(st.binary(max_size=2000), st.sampled_from([b"", png()[:20], jpeg()[:20], pdf()[:20], png(), jpeg(), pdf()]))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_judged_without_a_failure(data: bytes, start: bytes) -> None:
    assert kind(start + data) in {None, "image/png", "image/jpeg", "application/pdf"}
    assert kind(data + start) in {None, "image/png", "image/jpeg", "application/pdf"}


def test_judging_takes_no_longer_than_reading() -> None:
    hostile = [
        jpeg(scan=b"\xff\x00" * 5_000_000),
        jpeg() + b"PK\x05\x06" * 20_000,
        b"\xff\xd8" + segment(0xE0, b"") * 300_000,
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header()) + png_chunk(b"zzZz") * 300_000,
    ]
    started = time.process_time()
    for data in hostile:
        kind(data)
    assert time.process_time() - started < 30
