"""How much an occurrence is about, and what it moves: magnitudes in, signed movements out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.core.money import quantum
from app.transactions.schemas import Role

Template = Mapping[str, Any]


@dataclass(frozen=True)
class Estimate:
    """A magnitude that is known to lie between two others; all three the same where it is known."""

    least: Decimal
    expected: Decimal
    most: Decimal


def exactly(amount: Decimal) -> Estimate:
    return Estimate(amount, amount, amount)


def estimate(row: Any, amount: Decimal | None, past: Sequence[Decimal]) -> Estimate | None:
    """What an occurrence is expected to be about; None for a journal, whose postings say it.

    `row` has the schedule's amounts, `amount` is the occurrence's own, `past` are the magnitudes of the last ones.
    Of a range the middle is expected, of an average the mean of the last ones, each rounded half to even to the
    currency's decimals; an average without a past is what the schedule says.
    """
    if amount is not None:
        return exactly(amount)
    unit = quantum(row.exponent)
    if row.amount_kind == "range":
        return Estimate(row.amount_min, ((row.amount_min + row.amount_max) / 2).quantize(unit), row.amount_max)
    if row.amount_kind == "average" and past:
        return Estimate(min(past), (sum(past, Decimal(0)) / len(past)).quantize(unit), max(past))
    return exactly(row.amount) if row.amount is not None else None


@dataclass(frozen=True)
class Line:
    """A movement on one account, signed: what for, and as what."""

    account_id: UUID
    category_id: UUID | None
    amount: Decimal
    role: Role = "flow"


def lines(template: Template, amount: Decimal | None, exponent: int) -> list[Line]:
    """What a transaction of this template and magnitude moves. Parts are scaled with it, see `scaled`."""
    kind = template["type"]
    if kind == "journal":
        return [_posting(posting) for posting in template["postings"]]
    magnitude = amount or Decimal(0)
    source = UUID(template["account_id"])
    if kind == "transfer":
        arriving = Decimal(template["to_amount"]) if template.get("to_amount") is not None else magnitude
        found = [
            Line(source, None, -magnitude, "transfer"),
            Line(UUID(template["to_account_id"]), None, arriving, "transfer"),
        ]
        if template.get("fee_amount") is not None:
            found.append(Line(source, _id(template.get("fee_category_id")), -Decimal(template["fee_amount"])))
        return found
    sign = -1 if kind == "expense" else 1
    if template.get("splits"):
        parts = scaled([Decimal(part["amount"]) for part in template["splits"]], magnitude, exponent)
        return [
            Line(source, _id(part.get("category_id")), sign * amount)
            for part, amount in zip(template["splits"], parts, strict=True)
        ]
    return [Line(source, _id(template.get("category_id")), sign * magnitude)]


def scaled(parts: Sequence[Decimal], whole: Decimal, exponent: int) -> list[Decimal]:
    """Parts in their proportion that sum to another whole.

    Each is rounded half to even to the currency's decimals, and the largest takes what rounding left over.
    """
    before = sum(parts, Decimal(0))
    if before == whole:
        return list(parts)
    unit = quantum(exponent)
    found = [(part * whole / before).quantize(unit) for part in parts]
    largest = max(range(len(found)), key=lambda number: abs(found[number]))
    found[largest] += whole - sum(found, Decimal(0))
    return found


def _posting(posting: Template) -> Line:
    amount = Decimal(posting["amount"])
    return Line(UUID(posting["account_id"]), _id(posting.get("category_id")), amount, posting["role"])


def _id(value: str | None) -> UUID | None:
    return UUID(value) if value is not None else None
