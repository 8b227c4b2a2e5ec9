"""What comes out of reading a CSV file: rows, faults of single rows, and the two ways a whole file can fail."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from app.imports.csv.mapping import CsvMapping

Confidence = Literal["certain", "likely", "guess"]

_SHOWN = 80


def shown(value: str) -> str:
    """The value as messages quote it: on one line, at most 80 characters."""
    line = " ".join(value.split())
    return f"'{line if len(line) <= _SHOWN else line[: _SHOWN - 1] + '…'}'"


class CsvRow(NamedTuple):
    """One booking. `line` is the physical line (from 1) its record starts on; `amount` is positive for money in.

    `sign` stands where only a sign of several currencies says which it is in; `currency` is the usual one, if any.
    """

    line: int
    date: date
    amount: Decimal
    currency: str | None = None
    payee: str | None = None
    description: str | None = None
    notes: str | None = None
    external_id: str | None = None
    category: str | None = None
    account: str | None = None
    sign: str | None = None


class CsvError(NamedTuple):
    """A record that could not become a row; `column` is the header name, or the column number without a header."""

    line: int
    column: str | None
    reason: str


class CsvIgnored(NamedTuple):
    """A record that is not a booking: a blank line, the text above the header, a repeated header, a total."""

    line: int
    reason: str


class CsvWarning(NamedTuple):
    """Something about the whole file that the person importing it should look at."""

    code: str
    detail: str


class Question(NamedTuple):
    """A choice the file leaves open: `field` of the mapping settles it with one of `options`."""

    field: str
    code: str
    detail: str
    options: list[str]


@dataclass(frozen=True)
class CsvReading:
    """A whole file as read.

    `mapping` holds everything that was settled; reading the same file with it gives the same rows again. A field stays
    unset where nothing in the file depends on it (the decimal separator of whole numbers, the order of ISO dates).
    `confidence` has an entry for each field that `mapping` settles.
    """

    mapping: CsvMapping
    confidence: dict[str, Confidence]
    warnings: list[CsvWarning]
    header: list[str]
    rows: list[CsvRow]
    errors: list[CsvError]
    ignored: list[CsvIgnored]


class CsvUnreadableError(ValueError):
    """The file as a whole cannot be read; `field` names the mapping field that would settle it, if one would."""

    def __init__(self, code: str, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field


class CsvQuestionError(ValueError):
    """The file can be read in more than one way and only a person can tell which; all open questions at once."""

    def __init__(self, questions: list[Question]) -> None:
        super().__init__(" ".join(question.detail for question in questions))
        self.questions = questions
