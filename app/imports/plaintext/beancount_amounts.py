"""The postings of Beancount: their amounts, what lots cost, and prices."""

import re
from datetime import date
from decimal import Decimal

from app.imports.plaintext.beancount_text import tokens_of
from app.imports.plaintext.model import Amount, Cost, LineError, Posting

MOST_DIGITS = 60
# Spaces are possessive (`*+`): where several runs may meet, giving some back in turn would take the square of them.
NUMBER = r"[-+]?\s*+(?:\d[\d,]*(?:\.\d*)?|\.\d+)"
AMOUNT = re.compile(rf"({NUMBER})\s*+([A-Z/][A-Z0-9'._\-]*)?\s*+", re.ASCII)
_ACCOUNT = re.compile(r"(?:[!*&#?%A-Z]\s+)?([^\W\d_a-z][\w\-]*(?::[\w\-]+)+)(?:\s+(.*))?$", re.DOTALL)
_COST = re.compile(r'(\{\{?)((?:[^"{}]|"(?:[^"\\]|\\.)*")*)(\}\}?)\s*', re.DOTALL)
_COMPOUND = re.compile(rf"({NUMBER})?\s*+(?:(#)\s*+({NUMBER})?)?\s*+([A-Z/][A-Z0-9'._\-]*)?$", re.ASCII)
_DAY = re.compile(r"(\d{4,})[-/](\d+)[-/](\d+)", re.ASCII)
_PARTS = re.compile(r'(?:[^,"]|(?<=\d),(?=\d)|"(?:[^"\\]|\\.)*")+', re.DOTALL)
"""A comma between digits stands between thousands."""


def posting_of(line: str, number: int) -> Posting:
    found = _ACCOUNT.match(line)
    if found is None:
        raise LineError(number, f"'{line[:40]}' is neither a posting nor metadata")
    rest = (found[2] or "").strip()
    if rest.startswith(";"):
        rest = ""
    amount, rest = amount_of(rest, number)
    cost, rest = _cost(rest, number)
    if cost is not None and not (amount and amount.number):
        raise LineError(number, "a cost without a number of units")
    total = unit = None
    if price := re.match(r"@@?", rest):
        worth, rest = amount_of(rest[price.end() :].strip(), number)
        if amount is None or worth is None:
            raise LineError(number, "a price without an amount")
        value = abs(worth.number) if price[0] == "@@" else abs(worth.number * amount.number)
        if cost is None:
            total = Amount(value.copy_sign(amount.number), worth.commodity)
        else:
            unit = Amount(value / abs(amount.number), worth.commodity)
    if rest and not rest.startswith(";"):
        raise LineError(number, f"'{rest[:40]}' cannot be read; write a number where there is an expression")
    return Posting(number, found[1], amount, total, cost=cost, price=unit)


def amount_of(text: str, number: int) -> tuple[Amount | None, str]:
    """An amount at the front, and what stands behind it."""
    if not text or text[0] in ";@{":
        return None, text
    found = AMOUNT.match(text)
    if found is None or found[2] is None:
        raise LineError(number, f"'{text[:40]}' is not an amount with a currency")
    return Amount(decimal_of(found[1], number), found[2]), text[found.end() :]


def decimal_of(text: str, number: int) -> Decimal:
    if len(text) > MOST_DIGITS:
        raise LineError(number, f"'{text[:40]}...' has too many digits")
    return Decimal(re.sub(r"[,\s]", "", text))


def _cost(text: str, number: int) -> tuple[Cost | None, str]:
    """`{500.00 USD, 2026-01-05, "label"}`, any part of it or nothing; `{{...}}` is the cost of all units."""
    if not text.startswith("{"):
        return None, text
    found = _COST.match(text)
    if found is None or len(found[1]) != len(found[3]):
        raise LineError(number, f"'{text[:40]}' is not a cost")
    parts: dict[str, object] = {}
    for part in (each.strip() for each in _PARTS.findall(found[2])):
        named = _part(part, number, of_all=len(found[1]) == 2) if part else {}
        if named.keys() & parts.keys():
            raise LineError(number, f"'{part[:40]}' is said twice in this cost")
        parts |= named
    return Cost(**parts), text[found.end() :]  # type: ignore[arg-type]  # `_part` names them


def _part(part: str, number: int, *, of_all: bool) -> dict[str, object]:
    if part == "*":
        raise LineError(number, "lots are not merged at their average cost (`{*}`); name the lot, or leave `{}` empty")
    if part[0] == '"':
        return {"label": next(value for _, value in tokens_of(part))}
    if day := _DAY.fullmatch(part):
        try:
            return {"day": date(int(day[1]), int(day[2]), int(day[3]))}
        except (ValueError, OverflowError):
            raise LineError(number, f"'{part[:40]}' is not a date") from None
    found = _COMPOUND.match(part)
    if found is None or not (found[1] or found[3] or found[4]) or (of_all and found[2]):
        raise LineError(number, f"'{part[:40]}' is not a cost; write a number where there is an expression")
    named: dict[str, object] = {"currency": found[4]} if found[4] else {}
    if found[1]:
        named["total" if of_all else "number"] = _not_negative(found[1], number)
    if found[3]:
        named["total"] = _not_negative(found[3], number)
    return named


def _not_negative(text: str, number: int) -> Decimal:
    value = decimal_of(text, number)
    if value < 0:
        raise LineError(number, "a cost is not negative")
    return value
