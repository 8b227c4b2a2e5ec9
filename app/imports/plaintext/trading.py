"""From transactions with lots to trades of the book, and what is left of them to ordinary transactions.

Pure: names are those of the file. A trade moves the money of the account that holds the asset (`holders`); what the
transaction says beyond that, commissions or money from another account, goes on as a transaction of its own, so that
every account keeps its balance.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from app.core.money import decimals, plain, quantum
from app.imports.plaintext.attaching import OWN_KINDS, Own
from app.imports.plaintext.booking import NOTHING, Booked, Booker, Piece, pieces_of
from app.imports.plaintext.holders import Holders
from app.imports.plaintext.model import Amount, Journal, LineError, Posting, Transaction

MOST_DECIMALS = 18
MOST_LOTS = 1_000
MOST_UNITS_DIGITS = 15
Fields = dict[str, Any]


@dataclass(slots=True)
class Deal:
    """A trade in the words of the file: `fields` are those of a trade but for account, asset and date.

    `money` is by how much it moves the account's balance, with its sign.
    """

    id: UUID
    line: int
    day: date
    account: Own
    commodity: str
    kind: str
    fields: Fields
    money: Decimal = NOTHING
    to_account: Own | None = None


@dataclass(slots=True)
class Dealt:
    """What a transaction came to: trades, and the rest of it as a transaction without lots (None: nothing is left)."""

    deals: list[Deal]
    rest: Transaction | None


@dataclass(slots=True)
class _Part:
    """Some units of a posting on their way to a trade. `number` is the place in what was booked."""

    number: int
    booked: Booked
    units: Decimal
    lots: list[Piece] = field(default_factory=list)
    cost: Decimal = NOTHING
    """What they cost, unrounded, without a sign."""


class Trader:
    """Turns the transactions of one file into trades; they come in the order in which they happened."""

    def __init__(self, journal: Journal, currency_of: Callable[[str, int], str], exponents: Mapping[str, int]) -> None:
        self._journal = journal
        self._exponents = exponents
        self._holders = Holders(journal, currency_of)
        self._currency_of = currency_of
        self._counts: dict[date, int] = {}
        self.booker = Booker(journal, currency_of, exponents)

    def deal(self, transaction: Transaction) -> Dealt:
        """Raises `LineError`; then no lot has moved."""
        booked = self.booker.book(transaction)
        for each in booked:
            self._check(each)
        parts = [_part(n, each, booked[:n]) for n, each in enumerate(booked)]
        out, into = [p for p in parts if p.booked.made is None], [p for p in parts if p.booked.made is not None]
        plain_lines = [posting for posting in transaction.postings if posting.cost is None]
        made: list[tuple[Deal, _Part | None]] = []
        brought: dict[int, list[Piece]] = {}
        made += self._moved(transaction, out, into, brought)
        if self._is_split(out, into):
            made += self._split(transaction, out, into, brought)
        in_kind = all(self._journal.kind_of(posting.account) == "equity" for posting in plain_lines)
        if in_kind:
            plain_lines = []
            made += [(self._kind(transaction, part), part) for part in (*out, *into) if part.units]
        else:
            rest, deals = self._paid(transaction, plain_lines, [part for part in (*out, *into) if part.units])
            plain_lines = rest
            made += deals
        for deal, part in made:
            if part is not None and part.booked.made is not None:
                brought[part.number] = [Piece(deal.id, part.units)]
        self.booker.settle(booked, brought)
        return Dealt([deal for deal, _ in made], self._rest(transaction, plain_lines, [deal for deal, _ in made]))
