"""The terms of a search. A transaction is found when every one of them holds; a negated one when it does not."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

NameKey = Literal["account", "category", "tag", "payee"]
ValueField = Literal["type", "status", "category"]


@dataclass(frozen=True)
class TextTerm:
    """Words, one after the other, in the description, the notes or the payee's name; or an amount of this size.

    The last word may be the beginning of one unless `whole`. How words are folded is the database's business.
    """

    position: int
    negated: bool
    text: str
    whole: bool
    amount: Decimal | None = None


@dataclass(frozen=True)
class AmountTerm:
    """Bounds of the amount, None where there is none; `strict` leaves the bounds themselves out."""

    position: int
    negated: bool
    low: Decimal | None
    high: Decimal | None
    strict: bool = False


@dataclass(frozen=True)
class DateTerm:
    """Days from `first` to `last`, both included; None is open."""

    position: int
    negated: bool
    first: date | None
    last: date | None


@dataclass(frozen=True)
class ValueTerm:
    """A transaction's type or status; with `category` the value is None: it has a part without one."""

    position: int
    negated: bool
    field: ValueField
    value: str | None


@dataclass(frozen=True)
class NameTerm:
    """A part of the name of an account, a category (with all below it), a tag or a payee."""

    position: int
    negated: bool
    key: NameKey
    text: str


Term = TextTerm | AmountTerm | DateTerm | ValueTerm | NameTerm
