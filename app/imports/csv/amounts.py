"""Amounts as banks write them: signs, brackets, currencies, separators, and words for the direction."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, NamedTuple

from app.imports.csv.currencies import CODES, SIGN_PATTERN, SIGNS, code_of, narrower, told_by
from app.imports.csv.headers import plain
from app.imports.csv.mapping import DecimalSeparator, fold
from app.imports.csv.outcome import Confidence, Question
from app.imports.csv.words import CREDIT_WORDS, DEBIT_WORDS

INTEGER_DIGITS, DECIMAL_DIGITS = 20, 18

Direction = Literal["debit", "credit"]

_LENGTH_LIMIT = 100
# Apostrophes that group digits become one, and every dash that stands for minus becomes the plain one.
_VARIANTS = str.maketrans(
    dict.fromkeys("\u2019\u2018\u00b4`", "'") | dict.fromkeys("\u2212\u2013\u2014\u2010\u2011\u2012\ufe63\uff0d", "-")
)
_CURRENCY = rf"[A-Za-z]{{3}}|{SIGN_PATTERN}"
_AMOUNT = re.compile(
    rf"(?P<open>\()? ?(?P<sign1>[+-])? ?(?P<before>{_CURRENCY})? ?(?P<sign2>[+-])? ?"
    rf"(?P<body>[0-9](?:[0-9.,' ]*[0-9])?|[.,][0-9]+) ?"
    rf"(?P<sign3>[+-])? ?(?P<after>{_CURRENCY})? ?(?P<sign4>[+-])? ?(?P<close>\))? ?(?P<mark>[CD]R?|S|H)?",
    re.IGNORECASE | re.ASCII,
)
_MARKS: dict[str, Direction] = {"c": "credit", "cr": "credit", "h": "credit", "d": "debit", "dr": "debit", "s": "debit"}

# A group of thousands never begins with a zero, so that 0.125 can only have decimals.
_GROUPED = r"[1-9][0-9]{{0,2}}(?:(?P<group>[{group}' ])[0-9]{{3}})(?:(?P=group)[0-9]{{3}})*"
_INDIAN = r"[0-9]{{1,2}}(?:{group}[0-9]{{2}})+{group}[0-9]{{3}}"
_BODY = r"(?P<integer>[0-9]+|" + _GROUPED + "|" + _INDIAN + r")?(?:{decimal}(?P<decimals>[0-9]+))?"
_BODIES: dict[DecimalSeparator, re.Pattern[str]] = {
    ".": re.compile(_BODY.format(group=",", decimal=r"\.")),
    ",": re.compile(_BODY.format(group=r"\.", decimal=",")),
}
# Most amounts are as simple as this; looking for it first makes reading a file a good deal faster.
_PLAIN = re.compile(r"(-)?[0-9]{1,20}(?:([.,])[0-9]{1,2})?")
_GROUPING = re.compile(r"[^0-9]")

_DIRECTIONS: dict[str, Direction] = {
    **dict.fromkeys(DEBIT_WORDS, "debit"),
    **dict.fromkeys(CREDIT_WORDS, "credit"),
}


class Amount(NamedTuple):
    """An amount cell: its value with the sign it is written with, the currency it names, the direction it names.

    `told` is what stands beside the number: a code, or a sign of `SHARED`; `currency` is what that usually means.
    """

    value: Decimal
    signed: bool
    told: str | None = None
    direction: Direction | None = None

    @property
    def currency(self) -> str | None:
        return code_of(self.told)


class _Parts(NamedTuple):
    body: str
    negative: bool
    signed: bool
    told: str | None
    direction: Direction | None


class SeparatorDecision(NamedTuple):
    """The decimal separator, None where no amount has any; or the question to ask."""

    separator: DecimalSeparator | None
    confidence: Confidence
    question: Question | None = None


def _split(text: str) -> _Parts | None:
    # Runs of spaces become one, of whichever kind; without that, many of them would make the pattern slow.
    text = " ".join(text.split())
    if not text.isascii():
        text = text.translate(_VARIANTS)
    found = _AMOUNT.fullmatch(text) if len(text) <= _LENGTH_LIMIT else None
    if found is None:
        return None
    parts = found.groupdict()
    signs = [sign for sign in (parts["sign1"], parts["sign2"], parts["sign3"], parts["sign4"]) if sign]
    brackets = parts["open"] is not None
    if len(signs) > 1 or brackets != (parts["close"] is not None) or (brackets and "+" in signs):
        return None
    named = [name for name in (parts["before"], parts["after"]) if name is not None]
    if any(name.casefold() not in SIGNS and name.upper() not in CODES for name in named):
        return None
    told = told_by(named[0]) if named else None
    if len(named) > 1:
        told = narrower(told_by(named[0]), told_by(named[1]))
        if told is None:
            return None
    direction = _MARKS[parts["mark"].casefold()] if parts["mark"] else None
    negative = brackets or "-" in signs
    if negative and direction == "credit":
        return None
    return _Parts(parts["body"], negative, negative or bool(signs), told, direction)


def amount_like(text: str) -> bool:
    """Whether the text is written like an amount, with whichever decimal separator."""
    parts = _split(text)
    return parts is not None and any(pattern.fullmatch(parts.body) for pattern in _BODIES.values())


def has_direction(text: str) -> bool:
    """Whether an amount cell says itself that it is money out: by a minus, brackets, or a word such as DR."""
    if (plainly := _PLAIN.fullmatch(text)) is not None:
        return bool(plainly[1])
    parts = _split(text)
    return parts is not None and (parts.negative or parts.direction is not None)


def has_decimals(text: str) -> bool:
    """Whether an amount cell has a sign, a currency or a separator, which the numbers of ids and checks lack."""
    parts = _split(text)
    return parts is not None and (parts.signed or parts.told is not None or not parts.body.isdigit())


def parse_amount(text: str, separator: DecimalSeparator | None) -> Amount | None:
    """The amount, exact; None when the text is no amount with this decimal separator, or a number out of bounds.

    A direction that stands in the cell (`12.50 DR`) is already part of the sign of the value.
    """
    separator = separator or "."
    plainly = _PLAIN.fullmatch(text)
    if plainly is not None and plainly[2] in (None, separator):
        value = Decimal(text.replace(",", "."))
        return Amount(value or value.copy_abs(), bool(plainly[1]))
    parts = _split(text)
    found = _BODIES[separator].fullmatch(parts.body) if parts is not None else None
    if parts is None or found is None:
        return None
    integer = _GROUPING.sub("", found["integer"] or "").lstrip("0")
    decimals = found["decimals"] or ""
    if len(integer) > INTEGER_DIGITS or len(decimals) > DECIMAL_DIGITS:
        return None
    value = Decimal(f"{integer or '0'}.{decimals}" if decimals else integer or "0")
    # copy_negate, because the minus operator rounds to the precision of the context.
    negative = value != 0 and (parts.negative or parts.direction == "debit")
    return Amount(value.copy_negate() if negative else value, parts.signed, parts.told, parts.direction)


def decide_separator(amounts: Iterable[str], others: Iterable[str]) -> SeparatorDecision:
    """The decimal separator the amounts are written with.

    A separator followed by exactly three digits may group thousands; when no amount is plainer than that, `others`, the
    cells of the file's other columns of numbers, may decide.
    """
    found, open_example = _evidence(amounts)
    if len(found) == 1:
        return SeparatorDecision(found.popitem()[0], "certain")
    if not found and open_example is None:
        return SeparatorDecision(None, "certain")
    if not found:
        elsewhere, _ = _evidence(others)
        if len(elsewhere) == 1:
            return SeparatorDecision(elsewhere.popitem()[0], "likely")
    return SeparatorDecision(None, "guess", _separator_question(found, open_example))


def _evidence(cells: Iterable[str]) -> tuple[dict[DecimalSeparator, str], str | None]:
    """An example of an amount for each separator that some amount demands, and one amount that leaves it open."""
    found: dict[DecimalSeparator, str] = {}
    open_example: str | None = None
    for text in dict.fromkeys(cells):
        plainly = _PLAIN.fullmatch(text)
        if plainly is not None and plainly[2]:
            found.setdefault("." if plainly[2] == "." else ",", text)
            continue
        parts = _split(text)
        if parts is None:
            continue
        readable = [separator for separator, pattern in _BODIES.items() if pattern.fullmatch(parts.body)]
        if len(readable) == 2 and "." not in parts.body and "," not in parts.body:
            continue
        if len(readable) == 1:
            found.setdefault(readable[0], text.strip())
        elif readable:
            open_example = open_example or text.strip()
    return found, open_example


def _separator_question(found: dict[DecimalSeparator, str], open_example: str | None) -> Question:
    if found:
        detail = f"Some amounts have a decimal point ({found['.']}), others a decimal comma ({found[',']})."
    else:
        detail = f"The amount {open_example} may have three decimals, or its separator may stand between thousands."
    return Question("decimal_separator", "ambiguous_decimal_separator", detail, [".", ","])


class Directions:
    """What the values of a direction column mean: first as the mapping says, then as banks use them."""

    def __init__(self, debit: list[str] | None, credit: list[str] | None) -> None:
        self._given: dict[str, Direction] = {fold(value): "debit" for value in debit or ()}
        self._given |= {fold(value): "credit" for value in credit or ()}

    def of(self, value: str) -> Direction | None:
        """The direction the value means; None when that is not known."""
        folded = fold(value)
        return self._given.get(folded) or _DIRECTIONS.get(plain(folded))
