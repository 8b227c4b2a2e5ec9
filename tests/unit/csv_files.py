"""Small CSV files, built from lines of text."""

from datetime import date
from decimal import Decimal
from typing import TypeAlias

from app.imports.csv import CsvMapping, CsvReading, read_csv

Booked: TypeAlias = tuple[date, Decimal]


def csv_bytes(*lines: str, encoding: str = "utf-8", end: str = "\n") -> bytes:
    """The lines, each with the line end, in the encoding (without a byte order mark)."""
    return "".join(line + end for line in lines).encode(encoding)


def read(*lines: str, **mapping: object) -> CsvReading:
    """What reading the lines with the mapping gives."""
    return read_csv(csv_bytes(*lines), CsvMapping.model_validate(mapping))


def amounts(reading: CsvReading) -> list[str]:
    """The amounts of the rows, as text, with their decimals."""
    return [str(row.amount) for row in reading.rows]


def codes(reading: CsvReading) -> list[str]:
    """The codes of the warnings."""
    return [warning.code for warning in reading.warnings]
