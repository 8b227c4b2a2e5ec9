import codecs

import pytest

from app.imports.csv import CsvMapping, CsvUnreadable, read_csv
from tests.unit.csv_files import codes, csv_bytes

LINES = ("Date;Payee;Amount", "2025-12-04;Café Rémy;100.25", "2025-12-05;Müller;-42.10")


@pytest.mark.parametrize(
    ("data", "encoding", "confidence"),
    [
        (csv_bytes(*LINES), "utf-8", "certain"),
        (codecs.BOM_UTF8 + csv_bytes(*LINES), "utf-8", "certain"),
        (codecs.BOM_UTF16_LE + csv_bytes(*LINES, encoding="utf-16-le"), "utf-16-le", "certain"),
        (codecs.BOM_UTF16_BE + csv_bytes(*LINES, encoding="utf-16-be"), "utf-16-be", "certain"),
        (csv_bytes(*LINES, encoding="utf-16-le"), "utf-16-le", "likely"),
        (csv_bytes(*LINES, encoding="utf-16-be"), "utf-16-be", "likely"),
        (csv_bytes(*LINES, encoding="windows-1252"), "windows-1252", "likely"),
    ],
)
def test_finds_the_encoding_when_none_is_given(data: bytes, encoding: str, confidence: str) -> None:
    reading = read_csv(data)

    assert [row.payee for row in reading.rows] == ["Café Rémy", "Müller"]
    assert reading.header == ["Date", "Payee", "Amount"]
    assert reading.mapping.encoding == encoding
    assert reading.confidence["encoding"] == confidence


def test_decodes_in_the_encoding_given_when_detection_would_take_another() -> None:
    data = csv_bytes("Date;Payee;Amount", "2025-12-04;Żabka;1.50", encoding="cp1250")

    reading = read_csv(data, CsvMapping(encoding="cp1250"))

    assert reading.rows[0].payee == "Żabka"
    assert reading.mapping.encoding == "windows-1250"
    assert reading.confidence["encoding"] == "certain"


@pytest.mark.parametrize("mapping", [CsvMapping(), CsvMapping(encoding="utf-8")])
def test_replaces_a_broken_character_when_the_rest_is_sound_utf_8(mapping: CsvMapping) -> None:
    data = csv_bytes("Date;Payee;Amount", "2025-12-04;Müßig äöü;1.50", "2025-12-05;X;2.50").replace(b"X", b"\xc3")

    reading = read_csv(data, mapping)

    assert [row.payee for row in reading.rows] == ["Müßig äöü", "\ufffd"]
    assert reading.mapping.encoding == "utf-8"
    assert "broken_characters" in codes(reading)


@pytest.mark.parametrize(
    ("data", "mapping"),
    [
        (csv_bytes(*LINES, encoding="windows-1252"), CsvMapping(encoding="utf-8")),
        (csv_bytes(*LINES), CsvMapping(encoding="ascii")),
        (b"Date;Amount\n2025-12-04;1.50;\x81\n", CsvMapping()),
        (codecs.BOM_UTF16_LE + csv_bytes(*LINES, encoding="utf-16-le") + b"x", CsvMapping()),
    ],
)
def test_asks_for_the_encoding_when_the_bytes_are_not_in_it(data: bytes, mapping: CsvMapping) -> None:
    with pytest.raises(CsvUnreadable) as caught:
        read_csv(data, mapping)

    assert caught.value.code == "undecodable"
    assert caught.value.field == "encoding"


@pytest.mark.parametrize("data", [b"", b" \r\n\n", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b"\x00"])
def test_says_so_when_the_file_is_empty(data: bytes) -> None:
    with pytest.raises(CsvUnreadable) as caught:
        read_csv(data)

    assert caught.value.code == "empty_file"
    assert caught.value.detail == str(caught.value) == "The file is empty."


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n", "PDF"),
        (b"PK\x03\x04rest", "Excel"),
        (b"\xd0\xcf\x11\xe0rest", "Excel"),
        (b"\x1f\x8brest", "gzip"),
        (b"\x89PNG\r\n", "picture"),
        (b"\n <?xml version='1.0'?>", "XML"),
        (b"<html>", "HTML"),
        (b"OFXHEADER:100\n", "OFX"),
        (b"!Type:Bank\n", "QIF"),
        (bytes(range(1, 32)) * 20, "not text"),
    ],
)
def test_says_what_the_file_is_when_it_is_not_csv(data: bytes, kind: str) -> None:
    with pytest.raises(CsvUnreadable) as caught:
        read_csv(data)

    assert caught.value.code in {"not_text", "other_format"}
    assert kind in caught.value.detail
    assert "as CSV" in caught.value.detail


def test_refuses_the_file_when_one_line_is_as_long_as_a_file() -> None:
    with pytest.raises(CsvUnreadable) as caught:
        read_csv(b"Date;Amount\n" + b"x" * (1 << 21))

    assert caught.value.code == "line_too_long"
    assert "Line 2" in caught.value.detail


def test_removes_control_characters_when_texts_hold_them() -> None:
    reading = read_csv(csv_bytes("Date;Payee;Amount", "2025-12-04;A\x00B\x1a\x85C;1.50", "\x1a"))

    assert reading.rows[0].payee == "ABC"
    assert reading.ignored == [(3, "blank")]


def test_keeps_a_character_whole_when_it_lies_across_two_chunks() -> None:
    text = "é" * 150
    lines = [f"2025-12-04;{text};1.50"] * 1000

    reading = read_csv(csv_bytes("Date;Payee;Amount", *lines, end="\r\n"))

    assert {row.payee for row in reading.rows} == {text}
    assert reading.rows[-1].line == 1001
