"""What reading a plain-text ledger takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID

from app.imports.known_assets import KnownAsset
from app.imports.plaintext.charting import KnownAccount, KnownCategory

PlainFormat = Literal["hledger", "beancount"]


@dataclass(frozen=True)
class PlainTask:
    """A file and all that reading it takes."""

    data: bytes
    format: PlainFormat
    decimal_mark: str | None
    commodities: Mapping[str, str]
    exponents: Mapping[str, int]
    accounts: Sequence[KnownAccount]
    categories: Sequence[KnownCategory]
    today: date
    assets: Sequence[KnownAsset] = ()
    cost_methods: Mapping[UUID, str] = field(default_factory=dict)
    """By account, where one is set."""
    remade: frozenset[UUID] | None = None
    """Ids of trades in the file that get others, see `TradesWanted`; None where that is not known yet."""


@dataclass(frozen=True)
class TradesWanted:
    """It has to be known which of these trades the book has, before the file can be read.

    Ids order a day, and those of the file do not order it as the file does. The book's own trades are known by them, so
    they keep theirs; those that are new to it get ids that go up as the file does.
    """

    ids: frozenset[UUID]
