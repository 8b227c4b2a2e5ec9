"""Which asset of the book a line is of, and which ones are to be made."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from app.assets import isin
from app.core.ids import new_id
from app.imports.broker.lines import Line
from app.imports.broker.words import TYPES, key
from app.imports.csv.mapping import fold
from app.imports.csv.outcome import shown
from app.imports.known_assets import KnownAsset

SYMBOL_LENGTH, NAME_LENGTH = 50, 200
Document = dict[str, Any]


class LineFault(ValueError):  # noqa: N818  # it is told of a line, and stops nothing
    """Why a line cannot become what it says; `part` is the field of the mapping behind it."""

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(reason)
        self.part = part
        self.reason = reason


class Assets:
    """The assets of one file: as the mapping says, else by symbol, else by ISIN, else new ones.

    `given` has ids by what the file calls them, all of assets in `known`.
    """

    def __init__(
        self, known: Iterable[KnownAsset], given: Mapping[str, UUID], usual_type: str | None, currencies: Iterable[str]
    ) -> None:
        by_id = {asset.id: asset for asset in known}
        # Of several with one ISIN, that in use goes first; the book has each symbol once.
        ordered = sorted(by_id.values(), key=lambda asset: asset.archived)
        self._by_isin = {asset.isin: self._row(asset) for asset in reversed(ordered) if asset.isin}
        self._by_symbol = {asset.symbol.upper(): self._row(asset) for asset in ordered}
        self._given = {fold(name): self._row(by_id[asset_id]) for name, asset_id in given.items()}
        self._archived = {str(asset.id) for asset in ordered if asset.archived}
        self._usual_type = usual_type or "stock"
        self._currencies = set(currencies)
        self.used: dict[str, Document] = {}

    @staticmethod
    def _row(asset: KnownAsset) -> Document:
        return {
            "id": str(asset.id),
            "symbol": asset.symbol,
            "name": asset.name,
            "type": asset.type,
            "currency": asset.currency,
            "isin": asset.isin,
            "new": False,
        }

    def of(self, line: Line, currency: str) -> Document:
        """The asset of a line; a new one's prices are in `currency`. Raises LineFault."""
        found = self._find(line) or self._make(line, currency)
        if found["id"] in self._archived:
            raise LineFault("symbol", f"the asset {shown(found['symbol'])} is archived")
        self.used[found["id"]] = found
        return found

    def known(self, line: Line) -> tuple[str, str] | None:
        """The symbol and the currency of the line's asset, where the file and the book agree on which it is."""
        try:
            found = self._find(line)
        except LineFault:
            return None
        return None if found is None else (found["symbol"], found["currency"])

    def _find(self, line: Line) -> Document | None:
        for name in (line.symbol, line.isin, line.name):
            if name is not None and fold(name) in self._given:
                return self._given[fold(name)]
        number = self._isin(line)
        found = self._by_symbol.get(line.symbol.upper()) if line.symbol else None
        if found is not None and number is not None and found["isin"] not in {None, number}:
            raise LineFault(
                "symbol",
                f"{shown(found['symbol'])} has the ISIN {found['isin']}, not {number}: say with mapping.assets which "
                "asset it is",
            )
        if found is None and number is not None:
            found = self._by_isin.get(number)
        if found is None and line.symbol is None:
            found = self._by_symbol.get((number or line.name or "").upper())
        return found

    def _make(self, line: Line, currency: str) -> Document:
        number = self._isin(line)
        symbol = line.symbol or number or (line.name or "")[:SYMBOL_LENGTH].strip()
        if not symbol:
            raise LineFault("symbol", "it does not say of which asset: there is no symbol, ISIN or name")
        if len(symbol) > SYMBOL_LENGTH:
            raise LineFault("symbol", f"a symbol has at most {SYMBOL_LENGTH} characters")
        if currency not in self._currencies:
            raise LineFault("currency", f"{shown(currency)} is no currency that is known")
        made: Document = {
            "id": str(new_id()),
            "symbol": symbol,
            "name": (line.name or symbol)[:NAME_LENGTH].strip(),
            "type": TYPES.get(key(line.type or ""), self._usual_type),
            "currency": currency,
            "isin": number,
            "new": True,
        }
        self._by_symbol[symbol.upper()] = made
        if number is not None:
            self._by_isin[number] = made
        return made

    @staticmethod
    def _isin(line: Line) -> str | None:
        """The ISIN; what is none counts for nothing where there is a symbol."""
        if line.isin is None:
            return None
        try:
            return isin.normal(line.isin)
        except ValueError as error:
            if line.symbol:
                return None
            raise LineFault("isin", f"{shown(line.isin)} {error}") from None
