"""What an export says beside its transactions, read before the first of them is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from app.core.database import AnyRow
from app.exports.chart import Chart

Facts = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Contents:
    """The names of a book in the words of one format.

    `payees` and `tags` are id, the book's name and the format's name; `balances` are the accounts' names with what each
    holds in its currency.
    """

    title: str
    base_currency: str
    chart: Chart
    currencies: Mapping[str, tuple[str, str, int]]
    """By code: the format's symbol, the name, and how many decimals."""
    payees: Sequence[tuple[str, str, str]]
    assets: Mapping[str, tuple[str, AnyRow]] = field(default_factory=dict, kw_only=True)
    """By id: the format's symbol and the asset."""
    holding: Mapping[str, Sequence[str]] = field(default_factory=dict, kw_only=True)
    """By account: the assets that it ever held."""
    methods: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    """By account: its cost method, where it is not the usual one."""
    tags: Sequence[tuple[str, str, str]]
    paying: Mapping[str, AnyRow] = field(default_factory=dict, kw_only=True)
    """By transaction: the dividend, interest or fee whose money it is."""


@dataclass(frozen=True)
class Balances:
    """What accounts held at the end of a day, by the id of the account."""

    day: date
    amounts: Sequence[tuple[str, Decimal]]
