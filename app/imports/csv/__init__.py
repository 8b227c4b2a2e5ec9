"""A reader for the CSV files banks export, pure from bytes to rows: no files, no database, no logging."""

from app.imports.csv.mapping import CsvMapping
from app.imports.csv.outcome import (
    Confidence,
    CsvError,
    CsvIgnored,
    CsvReading,
    CsvRow,
    CsvWarning,
    Question,
)
from app.imports.csv.outcome import CsvQuestionError as CsvQuestion
from app.imports.csv.outcome import CsvUnreadableError as CsvUnreadable
from app.imports.csv.reader import read_csv

__all__ = [
    "Confidence",
    "CsvError",
    "CsvIgnored",
    "CsvMapping",
    "CsvQuestion",
    "CsvReading",
    "CsvRow",
    "CsvUnreadable",
    "CsvWarning",
    "Question",
    "read_csv",
]
