"""Which asset of the book each commodity is, what has to be made, and what the file's prices are prices of."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.assets import isin
from app.core.fields import EARLIEST
from app.core.ids import new_id
from app.imports.known_assets import KnownAsset
from app.imports.plaintext.charting import as_uuid, one_line
from app.imports.plaintext.model import Journal, LineError, Meta, Price
from app.imports.plaintext.numbers import is_too_long

SYMBOL_LENGTH, NAME_LENGTH = 50, 200
TYPES = ("stock", "etf", "fund", "bond", "crypto", "metal", "property", "vehicle", "other")
# The first word found in its class, else in its name, says what it is.
WORDS = (
    ("etf", "etf"), ("fund", "fund"), ("bond", "bond"), ("crypto", "crypto"), ("coin", "crypto"), ("gold", "metal"),
    ("metal", "metal"), ("estate", "property"), ("stock", "stock"), ("equity", "stock"), ("share", "stock"),
)  # fmt: skip


@dataclass
class Prices:
    """What the commit stores: `assets` by asset and day, `rates` by pair and day; what it does not, by why."""

    assets: dict[tuple[UUID, date], Decimal] = field(default_factory=dict)
    rates: dict[tuple[str, str, date], Decimal] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


class Securities:
    """Finds the commodities of one file among the assets of one book."""

    def __init__(self, journal: Journal, known: Sequence[KnownAsset], currency_of: Callable[[str, int], str]) -> None:
        self._journal = journal
        self._currency_of = currency_of
        self._by_id = {asset.id: asset for asset in known}
        self._by_symbol = {asset.symbol.upper(): asset for asset in known}
        self._priced_in: dict[str, Counter[str]] = {}
        for price in journal.prices:
            self._priced_in.setdefault(price.commodity, Counter())[price.amount.commodity] += 1
        self.documents: dict[str, dict[str, Any]] = {}
        """What a row of `imports.assets` says, by commodity."""
        self.archived: dict[UUID, str] = {}

    def of(self, commodity: str, cost_currency: str, line: int) -> UUID:
        """The asset's id; a new one is in the currency that the file says, else in that of most of its prices, else in
        that of its first cost.
        """
        if commodity not in self.documents:
            self.documents[commodity] = self._found_or_new(commodity, cost_currency, line)
        return UUID(self.documents[commodity]["id"])

    def knows(self, commodity: str) -> bool:
        """Whether it is an asset: bought in the file, declared in it and no currency, or one that the book has."""
        meta = self._journal.commodities.get(commodity)
        if commodity in self.documents or commodity.upper() in self._by_symbol:
            return True
        return meta is not None and ("asset-class" in meta or self._code(commodity) is None)

    def _found_or_new(self, commodity: str, cost_currency: str, line: int) -> dict[str, Any]:
        meta = self._journal.commodities.get(commodity, {})
        symbol = one_line(meta.get("symbol", "")) or commodity
        if len(symbol) > SYMBOL_LENGTH:
            raise LineError(line, f"'{symbol[:40]}...' is longer than the {SYMBOL_LENGTH} characters of a symbol")
        given = as_uuid(meta.get("id"))
        known = self._by_id.get(given) if given else None
        known = known or self._by_symbol.get(symbol.upper())
        if known is not None:
            if known.archived:
                self.archived[known.id] = known.symbol
            return {**_document(known), "new": False}
        name = one_line(meta.get("name", ""))[:NAME_LENGTH].strip() or symbol
        made = KnownAsset(
            given if given and given not in self._by_id else new_id(),
            symbol, name, _type_of(meta, name), self._currency(commodity, cost_currency), _isin_of(meta), False,  # noqa: FBT003
        )  # fmt: skip
        self._by_symbol[symbol.upper()] = made
        return {**_document(made), "new": True}

    def _currency(self, commodity: str, cost_currency: str) -> str:
        said = self._journal.commodities.get(commodity, {}).get("currency")
        for code in (
            *([said] if said else []),
            *(c for c, _ in self._priced_in.get(commodity, Counter()).most_common()),
        ):
            try:
                return self._currency_of(code, 0)
            except LineError:
                continue
        return cost_currency

    def prices(self, today: date) -> Prices:
        """The last price of a day counts. To be asked when all commodities that are held are known."""
        found = Prices()
        for price in sorted(self._journal.prices, key=lambda price: (price.day, price.line)):
            if price.day > today:
                found.left_out["of days to come"] += 1
            elif price.day < EARLIEST:
                found.left_out[f"from before {EARLIEST}"] += 1
            elif price.amount.number < 0 or is_too_long(price.amount.number):
                found.left_out["negative or too long"] += 1
            else:
                reason = self._take(price, found)
                if reason:
                    found.left_out[reason] += 1
        return found

    def _take(self, price: Price, into: Prices) -> str | None:
        quote = self._code(price.amount.commodity)
        base = self._code(price.commodity)
        asset = self.documents.get(price.commodity) or self._of_book(price.commodity)
        if asset is not None and quote == asset["currency"]:
            into.assets[UUID(asset["id"]), price.day] = price.amount.number
        if base is not None and quote is not None and base != quote and price.amount.number:
            into.rates[base, quote, price.day] = price.amount.number
        elif asset is None:
            return "of what nobody holds"
        elif quote != asset["currency"]:
            return "in another currency than the asset's"
        return None

    def _of_book(self, commodity: str) -> dict[str, Any] | None:
        known = self._by_symbol.get(commodity.upper())
        return None if known is None else _document(known)

    def _code(self, commodity: str) -> str | None:
        try:
            return self._currency_of(commodity, 0)
        except LineError:
            return None


def _document(asset: KnownAsset) -> dict[str, Any]:
    return {
        "id": str(asset.id),
        "symbol": asset.symbol,
        "name": asset.name,
        "type": asset.type,
        "currency": asset.currency,
        "isin": asset.isin,
    }


def _type_of(meta: Meta, name: str) -> str:
    stated = meta.get("asset-class", "").casefold()
    if stated in TYPES:
        return stated
    for text in (stated, name.casefold()):
        for word, kind in WORDS:
            if word in text:
                return kind
    return "stock"


def _isin_of(meta: Meta) -> str | None:
    try:
        return isin.normal(meta["isin"]) if meta.get("isin") else None
    except ValueError:
        return None
