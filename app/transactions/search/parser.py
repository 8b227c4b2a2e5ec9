"""Reads what a person typed into terms. It knows no database: names stay as they were written."""

import re
import unicodedata
from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal

from app.core.fields import EARLIEST, LATEST
from app.transactions.search.errors import SearchError
from app.transactions.search.terms import AmountTerm, DateTerm, NameKey, NameTerm, Term, TextTerm, ValueTerm

MAX_TERMS = 20
TYPES = ("expense", "income", "transfer", "journal", "adjustment", "opening_balance", "trade")
STATUSES = ("pending", "cleared", "reconciled")
UNCATEGORISED = ("uncategorised", "uncategorized")
NAME_KEYS: tuple[NameKey, ...] = ("account", "category", "payee", "tag")
DATE_KEYS = ("after", "before", "on")
KEYS = (*NAME_KEYS, *DATE_KEYS, "is", "status", "type")

QUOTES = '"“”„'  # what phones and word processors make of a straight one means the same
KEY = re.compile(r"([A-Za-z]+):")
COMPARED = re.compile(r"(>=|<=|>|<)(.*)", re.DOTALL)
NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,18}|,\d{1,2})?", re.ASCII)
RANGE = re.compile(r"(\d[\d.,]*|)\.\.(.*)", re.ASCII | re.DOTALL)
PARTIAL_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)


def parse(text: str) -> tuple[Term, ...]:
    """The terms in `text`, none for a blank one; raises `SearchError` with the place of the first mistake."""
    nul = text.find("\x00")
    if nul >= 0:
        raise SearchError("nul_character", nul + 1, "a text has no NUL character")
    reader = _Reader(text)
    terms: list[Term] = []
    while (start := reader.skip_space()) is not None:
        if len(terms) == MAX_TERMS:
            raise SearchError("too_many_terms", start, f"a search has at most {MAX_TERMS} terms")
        terms.append(_term(reader, start))
    return tuple(terms)


class _Reader:
    """The text and how far it has been read; positions count from 1."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    @property
    def position(self) -> int:
        return self.at + 1

    def skip_space(self) -> int | None:
        """Go to the next term; returns its position, None at the end."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.position if self.at < len(self.text) else None

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def is_at_quote(self) -> bool:
        return self.text[self.at : self.at + 1] in tuple(QUOTES)

    def is_at_end_of_term(self) -> bool:
        return self.at == len(self.text) or self.text[self.at].isspace()

    def word(self) -> str:
        """All up to the next space."""
        start = self.at
        while not self.is_at_end_of_term():
            self.at += 1
        return self.text[start : self.at]

    def quoted(self) -> str:
        """What stands between this quote and the next."""
        start = self.position
        self.at += 1
        end = next((i for i in range(self.at, len(self.text)) if self.text[i] in QUOTES), None)
        if end is None:
            raise SearchError("unclosed_quote", start, "this quote is not closed")
        inside = self.text[self.at : end]
        self.at = end + 1
        if not inside.strip():
            raise SearchError("empty_value", start, "there is nothing between the quotes")
        return inside


def _term(reader: _Reader, start: int) -> Term:
    negated = reader.text[reader.at] == "-"
    if negated:
        reader.at += 1
        if reader.is_at_end_of_term():
            raise SearchError(
                "lone_minus", start, "a minus excludes the term that follows without a space; leave a lone one out"
            )
    if reader.is_at_quote():
        return _text(start, reader.quoted(), negated=negated, whole=True)
    before = reader.at
    key = reader.take(KEY)
    if key is not None and (term := _keyed(reader, start, key[1], negated=negated)) is not None:
        return term
    reader.at = before
    return _plain(reader.position, start, reader.word(), negated=negated)


def _keyed(reader: _Reader, start: int, written: str, *, negated: bool) -> Term | None:
    """The term of a key and its value; None where the colon is only part of a text, such as in a web address."""
    key = written.lower()
    if key not in KEYS:
        if reader.is_at_end_of_term() or reader.text[reader.at] in "/:":
            return None
        raise SearchError(
            "unknown_key",
            start,
            f"there is no key {written[:50]}:, only {', '.join(f'{k}:' for k in KEYS)}; "
            "to find it as text, put it in quotes",
        )
    position = reader.position
    value = reader.quoted() if reader.is_at_quote() else reader.word()
    if not value:
        raise SearchError("empty_value", position, f"{key}: needs a value that follows without a space")
    for name in NAME_KEYS:
        if key == name:
            return NameTerm(position, negated, name, _with_word(position, value))
    if key in DATE_KEYS:
        return _dated(position, key, value.strip(), negated=negated)
    return _valued(position, key, value.strip(), negated=negated)


def _text(position: int, text: str, *, negated: bool, whole: bool, amount: Decimal | None = None) -> TextTerm:
    return TextTerm(position, negated, _with_word(position, text), whole, amount)


def _with_word(position: int, text: str) -> str:
    """The text; raises `SearchError` where it has nothing that could be found."""
    if not any(unicodedata.category(c)[0] in "LN" for c in unicodedata.normalize("NFKD", text)):
        raise SearchError("no_word", position, f"{text[:50]} has no letter and no digit to look for; leave it out")
    return text


def _plain(position: int, start: int, word: str, *, negated: bool) -> Term:
    """A word, a number, a comparison or a range."""
    if compared := COMPARED.fullmatch(word):
        sign, written = compared.groups()
        number = _number(position + len(sign), written)
        low, high = (number, None) if sign[0] == ">" else (None, number)
        return AmountTerm(start, negated, low, high, strict=len(sign) == 1)
    ranged = RANGE.fullmatch(word)
    if ranged is not None and (ranged[1] or ranged[2][:1].isdecimal()):
        low = _number(position, ranged[1]) if ranged[1] else None
        high = _number(position + ranged.start(2), ranged[2]) if ranged[2] else None
        if low is not None and high is not None and low > high:
            raise SearchError("empty_range", position, f"{word[:50]} ends before it begins")
        return AmountTerm(start, negated, low, high)
    amount = _decimal(word) if NUMBER.fullmatch(word) else None
    return _text(start, word, negated=negated, whole=False, amount=amount)


def _number(position: int, written: str) -> Decimal:
    if not NUMBER.fullmatch(written):
        raise SearchError(
            "bad_number",
            position,
            f"{written[:50] or 'nothing'} is not an amount; write it without a sign and without thousands "
            "separators, such as 12.50",
        )
    return _decimal(written)


def _decimal(written: str) -> Decimal:
    return Decimal(written.replace(",", "."))


def _dated(position: int, key: str, written: str, *, negated: bool) -> DateTerm:
    first, last = _days(position, written)
    if key == "before":
        return DateTerm(position, negated, None, first - timedelta(days=1))
    if key == "after":
        return DateTerm(position, negated, last + timedelta(days=1), None)
    return DateTerm(position, negated, first, last)


def _days(position: int, written: str) -> tuple[date, date]:
    """The first and the last day of a year, a month or a day."""
    found = PARTIAL_DATE.fullmatch(written)
    year, month, day = (int(part) if part else None for part in found.groups()) if found else (0, None, None)
    try:
        first = date(year or 0, month or 1, day or 1)
        last = date(first.year, month or 12, day or monthrange(first.year, month or 12)[1])
    except ValueError:
        raise SearchError(
            "bad_date", position, f"{written[:50]} is not a date; write 2026, 2026-01 or 2026-01-31"
        ) from None
    if not EARLIEST <= first <= last <= LATEST:
        raise SearchError("bad_date", position, f"a date lies between {EARLIEST} and {LATEST}")
    return first, last


def _valued(position: int, key: str, written: str, *, negated: bool) -> ValueTerm:
    value = written.lower()
    if key == "is" and value in UNCATEGORISED:
        return ValueTerm(position, negated, "category", None)
    if key in ("is", "type") and value in TYPES:
        return ValueTerm(position, negated, "type", value)
    if key in ("is", "status") and value in STATUSES:
        return ValueTerm(position, negated, "status", value)
    known = {"type": TYPES, "status": STATUSES, "is": (*STATUSES, *TYPES, UNCATEGORISED[0])}[key]
    raise SearchError("unknown_value", position, f"{key}: is one of {', '.join(known)}, not {written[:50]}")
