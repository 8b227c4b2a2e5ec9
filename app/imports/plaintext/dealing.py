"""What trades are in the words of the file, and how they get ids that the same file gives them again."""

import hashlib
import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import chain, pairwise
from typing import Any
from uuid import UUID

from app.core.money import plain
from app.imports.plaintext.attaching import Own
from app.imports.plaintext.booking import NOTHING, Booked, Lot, Piece, pieces_of
from app.imports.plaintext.charting import as_uuid, one_line
from app.imports.plaintext.model import Posting, Transaction

MILLISECONDS = 86_400_000
MOST_NOTES = 10_000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
STEP = 1 << 32
LAST = (1 << 128) - 1
EPOCH = date(1970, 1, 1).toordinal()
Fields = dict[str, Any]
Currency = Callable[[str, int], str]


@dataclass(slots=True)
class Deal:
    """A trade: `fields` are those of a trade but for its account, asset and date.

    `money` is by how much it moves the account's balance, with its sign; `categories` has full names by the field.
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
    categories: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Dealt:
    """What a transaction comes to: trades, and the rest of it as a transaction without lots (None: nothing is left).

    `booked` are its lots, `brought` which trade brings what of each; they are not moved yet.
    """

    deals: list[Deal]
    rest: Transaction | None
    booked: Sequence[Booked] = ()
    brought: dict[int, list[Piece]] = field(default_factory=dict)


@dataclass(slots=True)
class Part:
    """What is to be told of a posting yet: units without a sign, what they cost, unrounded, and the lots they are of.

    `number` is its place in what was booked.
    """

    number: int
    booked: Booked
    units: Decimal
    cost: Decimal
    taken: list[tuple[Lot, Piece]] = field(default_factory=list)

    @property
    def pieces(self) -> list[Piece]:
        """The trades that brought the units, each once."""
        found: dict[UUID, Decimal] = {}
        for _, piece in self.taken:
            found[piece.trade_id] = found.get(piece.trade_id, NOTHING) + piece.units
        return [Piece(trade_id, units) for trade_id, units in found.items()]

    def price(self, currency_of: Currency) -> Decimal | None:
        """What a unit was sold for, where that is said in the currency of the cost."""
        price = self.booked.posting.price
        if price is None or currency_of(price.commodity, self.booked.posting.line) != self.booked.currency:
            return None
        return price.number

    def proceeds(self, currency_of: Currency) -> Decimal | None:
        price = self.price(currency_of)
        return None if price is None else price * self.units


def parts_of(booked: Sequence[Booked]) -> list[Part]:
    skip: dict[int, Decimal] = {}
    found = []
    for number, each in enumerate(booked):
        taken = []
        for lot, count in each.taken:
            taken += [(lot, piece) for piece in pieces_of(lot, count, skip.get(id(lot), NOTHING))]
            skip[id(lot)] = skip.get(id(lot), NOTHING) + count
        found.append(Part(number, each, abs(each.units), abs(each.weight), taken))
    return found


class Ids:
    """Hands out the id of each trade: the one that the file gives, else one made of what happened.

    It is of version 7, its time that of the day and its place among the trades of the day, which count in this order;
    behind one that the file gives it is the next but a little. The same file gives the same ids again, also when it has
    grown, so what it brought before is known by them.
    """

    def __init__(self) -> None:
        self._of_day: dict[date, int] = {}
        self._given: set[UUID] = set()
        self._last: dict[date, UUID] = {}
        self._days: dict[tuple[date, str], list[UUID]] = {}
        self.remade: Container[UUID] = frozenset()
        """Ids of the file that are not taken, see `out_of_order`."""
        self._told: set[UUID] = set()

    def is_told(self, row_id: UUID) -> bool:
        """Whether the file has an id of this trade, be it another one."""
        return row_id in self._told

    def take(self, day: date, booked: Booked, kind: str) -> UUID:
        said = f"{kind} {booked.posting.account} {booked.commodity} {plain(booked.units)} {plain(booked.weight)}"
        made = self.make(day, said, booked.posting.meta.get("trade"))
        self._days.setdefault((day, booked.commodity), []).append(made)
        return made

    def out_of_order(self) -> set[UUID]:
        """The ids that the file gives to what happens to one thing on one day, where they do not go up as it does.

        Ids order a day in the book.
        """
        wrong = (ids for ids in self._days.values() if any(one > next_ for one, next_ in pairwise(ids)))
        return self._given.intersection(chain.from_iterable(wrong))

    def make(self, day: date, said: str, given: str | None = None) -> UUID:
        place = self._of_day.get(day, 0)
        self._of_day[day] = place + 1
        own = as_uuid(given)
        is_first = own is not None and own not in self._given
        if own is not None and is_first:
            self._given.add(own)
            if own not in self.remade:
                self._told.add(own)
                self._last[day] = own
                return own
        digest = int.from_bytes(hashlib.sha256(f"{day} {place} {said}".encode()).digest()[:10])
        time = max(day.toordinal() - EPOCH, 0) * MILLISECONDS + place
        made = UUID(int=time << 80 | 7 << 76 | (digest >> 64 & 0xFFF) << 64 | 2 << 62 | digest & (1 << 62) - 1)
        last = self._last.get(day)
        if last is not None and made < last and last.int < LAST - STEP:
            made = UUID(int=last.int + 1 + digest % STEP)
        if is_first:
            self._told.add(made)
        self._last[day] = made
        return made


def left_of(transaction: Transaction, postings: list[Posting]) -> Transaction:
    """What is left beside trades; notes and the external id are theirs where the file has their ids."""
    told = any("trade" in posting.meta for posting in transaction.postings)
    meta = {name: text for name, text in transaction.meta.items() if not told or name not in {"notes", "external-id"}}
    return replace(transaction, postings=postings, meta=meta)


def words_of(transaction: Transaction, *, told: bool = False, tags: bool = False) -> Fields:
    """The notes of a trade, and the external id of one that is `told`: that has its id in the file.

    What such a one is called follows from what it is, so it is no note. Tags, which trades do not have, are a note
    where they are asked for.
    """
    titles = () if told and not transaction.payee else (transaction.payee, transaction.description)
    said = " | ".join(text for text in titles if text)
    labels = " ".join(f"#{tag}" for tag in transaction.tags) if tags else ""
    text = "\n".join(text for text in (said, transaction.meta.get("notes"), *transaction.notes, labels) if text)
    notes = _CONTROL.sub(" ", text)[:MOST_NOTES].strip()
    external_id = one_line(transaction.meta.get("external-id", "")) if told else ""
    return {**({"notes": notes} if notes else {}), **({"external_id": external_id} if external_id else {})}
