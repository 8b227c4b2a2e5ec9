"""What reading a plain-text ledger takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID

from app.imports.plaintext.charting import KnownAccount, KnownCategory
from app.imports.plaintext.securities import KnownAsset

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
