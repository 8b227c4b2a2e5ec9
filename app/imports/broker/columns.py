"""Which column is which: what the mapping gives, then the names of the columns, as far as their values fit."""

from collections.abc import Callable, Sequence

from app.core.written_dates import date_like
from app.imports.broker.mapping import BrokerMapping
from app.imports.broker.words import COLUMNS, RATE_TO_ACCOUNT, column_key, kind_of
from app.imports.csv.amounts import amount_like
from app.imports.csv.currencies import CODES
from app.imports.csv.dialect import Record
from app.imports.csv.headers import words
from app.imports.csv.mapping import Column, fold
from app.imports.csv.outcome import Confidence, CsvUnreadableError
from app.imports.csv.table import Table, table_at

SINGLE = ("date", "kind", "symbol", "isin", "name", "quantity", "price", "amount", "currency", "rate", "external_id",
          "notes", "type")  # fmt: skip
SEVERAL = ("fees", "taxes")
OF_ASSET = ("symbol", "isin", "name")
"""Columns that say of which asset a line is."""
_AMOUNTS = ("net", "amount", "gross")
"""The amount's column by its name; what moved on the account goes first."""
_SEARCHED = 200
_KNOWN_WORDS = 0.5
"""Share of the words of a column that must be known, for it to say what happened."""


def find_table(records: Sequence[Record], mapping: BrokerMapping) -> Table:
    """The table below the line with the most names of columns that are known or given.

    Raises CsvUnreadableError where no line of the file names a date, and a quantity or an amount.
    """
    if mapping.header_line == 0:
        return table_at(records, None, "certain")
    if mapping.header_line is not None:
        for position, record in enumerate(records):
            if record.line == mapping.header_line:
                return table_at(records, position, "certain")
        detail = f"No record begins on line {mapping.header_line}, where the header should be."
        raise CsvUnreadableError("header_not_found", detail, "header_line")
    given = {fold(name) for name in _given_names(mapping)}
    best, most = None, 1
    for position, record in enumerate(records[:_SEARCHED]):
        fields = {field for cell in record.cells for field in _fields(cell)}
        count = len(fields) + 10 * len(given & {fold(cell) for cell in record.cells})
        if count > most and (given or ("date" in fields and fields & {"quantity", *_AMOUNTS})):
            best, most = position, count
    if best is None:
        detail = "No line of the file names a column of dates and one of quantities or amounts; see header_line."
        raise CsvUnreadableError("header_not_found", detail, "header_line")
    return table_at(records, best, "certain")


def _given_names(mapping: BrokerMapping) -> list[str]:
    columns = [getattr(mapping, f"{field}_column") for field in SINGLE]
    for field in SEVERAL:
        columns += getattr(mapping, f"{field}_columns") or []
    return [column for column in columns if isinstance(column, str) and column]


class Columns:
    """Positions of the columns by field, and how sure each is."""

    def __init__(self, table: Table, mapping: BrokerMapping) -> None:
        self.table = table
        self.mapping = mapping
        self.found: dict[str, int] = {}
        self.several: dict[str, list[int]] = {}
        self.confidence: dict[str, Confidence] = {}
        self._given = set[str]()
        self._words = {fold(word) for word in mapping.kinds or ()}
        self._take_given()
        for field in SINGLE:
            if field not in self._given:
                self._detect(field)
        for field in SEVERAL:
            if field not in self._given:
                self._detect_several(field)
        if "date" not in self.found:
            raise CsvUnreadableError("no_date_column", "The file has no column of dates.", "date_column")
        if "quantity" not in self.found and "amount" not in self.found:
            detail = "The file has neither a column of quantities nor one of amounts."
            raise CsvUnreadableError("no_amount_column", detail, "amount_column")
        if "quantity" not in self.found and not {"symbol", "isin"} & self.found.keys() and not self._given:
            detail = "The file has no column of quantities or symbols: it is no broker's file of trades."
            raise CsvUnreadableError("no_quantity_column", detail, "quantity_column")
        self.currencies = self._currencies()

    @property
    def amount_is(self) -> str | None:
        """What the name of the amount's column says it is, `gross` or `net`: net, too, beside one that is gross."""
        if "amount" not in self.found:
            return None
        named = _fields(self._name(self.found["amount"]))
        beside = {field for index in self._free() for field in _fields(self._name(index))}
        if "net" in named or ("amount" in named and "gross" in beside):
            return "net"
        return "gross" if "gross" in named else None

    @property
    def rate_multiplies(self) -> bool:
        """Whether the name of the rate's column says that it leads to the account's currency."""
        return "rate" in self.found and column_key(self._name(self.found["rate"])) in RATE_TO_ACCOUNT

    def settled(self) -> dict[str, str | int | list[str | int]]:
        """The columns as a mapping names them."""
        columns: dict[str, str | int | list[str | int]] = {
            f"{field}_column": self.table.name(index) for field, index in self.found.items()
        }
        return columns | {
            f"{field}_columns": [self.table.name(index) for index in indexes]
            for field, indexes in self.several.items()
            if indexes
        }

    def _take_given(self) -> None:
        for field in SINGLE:
            column: Column | None = getattr(self.mapping, f"{field}_column")
            if column is None:
                continue
            self._given.add(field)
            if column != "":
                self.found[field] = self.table.index(column, f"{field}_column")
                self.confidence[f"{field}_column"] = "certain"
        for field in SEVERAL:
            columns: list[Column] | None = getattr(self.mapping, f"{field}_columns")
            if columns is not None:
                self._given.add(field)
                self.several[field] = [self.table.index(column, f"{field}_columns") for column in columns]
                self.confidence[f"{field}_columns"] = "certain"

    def _name(self, index: int) -> str:
        return self.table.header[index] if index < len(self.table.header) else ""

    def _free(self) -> list[int]:
        taken = {*self.found.values(), *(index for indexes in self.several.values() for index in indexes)}
        return [index for index in range(self.table.width) if index not in taken]

    def _named(self, field: str) -> list[int]:
        """Free columns whose name is one of the field and whose values fit it, the preferred and filled ones first."""
        ranked = []
        for index in self._free():
            rank = dict(COLUMNS.get(column_key(self._name(index)), ())).get(field)
            cells = self.table.sampled(index)
            if rank is not None and (not cells or self._fits(field, cells)):
                ranked.append((not cells, rank, index))
        return [index for _, _, index in sorted(ranked)]

    def _detect(self, field: str) -> None:
        named = [index for each in _AMOUNTS for index in self._named(each)] if field == "amount" else self._named(field)
        if field == "amount":
            named.sort(key=lambda index: not self.table.is_filled(index))
        if field == "kind" and not any(map(self.table.is_filled, named)):
            # A column that is meant to say it, in words that are not known: nothing else says it then.
            named = [i for i in self._free() if ("kind", 0) in COLUMNS.get(column_key(self._name(i)), ())]
        if field == "external_id":
            named = [index for index in named if self._identifies(index)]
        if named:
            self.found[field] = named[0]
            self.confidence[f"{field}_column"] = "certain" if len(named) == 1 else "likely"

    def _detect_several(self, field: str) -> None:
        named = self._named(field)
        if named:
            self.several[field] = named
            self.confidence[f"{field}_columns"] = "certain"

    def _fits(self, field: str, cells: Sequence[str]) -> bool:
        if field == "kind":
            return _mostly(cells, lambda cell: fold(cell) in self._words or kind_of(cell) is not None, _KNOWN_WORDS)
        return _fits(field, cells)

    def _identifies(self, index: int) -> bool:
        """Whether the column tells rows apart: an order that was filled in parts has one id for several rows."""
        values = self.table.column(index)
        return bool(values) and len(set(values)) == len(values)

    def _currencies(self) -> dict[int, int]:
        """For a column of money, the column with its currency: `Currency (Total)`, or a nameless one behind it."""
        found: dict[int, int] = {}
        names = {" ".join(words(self._name(index))): index for index in range(self.table.width) if self._name(index)}
        for index in range(self.table.width):
            cells = self.table.sampled(index)
            if not cells or not _mostly(cells, _is_code):
                continue
            tokens = words(self._name(index))
            if not tokens and index and self._name(index - 1):
                found[index - 1] = index
            elif tokens[:1] == ["currency"] and " ".join(tokens[1:]) in names:
                found[names[" ".join(tokens[1:])]] = index
            elif ("amount_currency", 0) in COLUMNS.get(column_key(self._name(index)), ()) and "amount" in self.found:
                found[self.found["amount"]] = index
        # Without prices, the currency can only be that of the amount.
        money = self.found.get("price", self.found.get("amount"))
        if money is not None and "currency" in self.found:
            found.setdefault(money, self.found["currency"])
        return found


def _fields(name: str) -> set[str]:
    return {field for field, _ in COLUMNS.get(column_key(name), ())}


def _is_code(cell: str) -> bool:
    text = cell.strip()
    return text.upper() in CODES or text in {"GBX", "GBp", "ZAc", "ILA"}


def _fits(field: str, cells: Sequence[str]) -> bool:
    if field == "date":
        return any(date_like(cell.split(" as of ", maxsplit=1)[0]) for cell in cells)
    if field in {"quantity", "price", "net", "amount", "gross", "fees", "taxes", "rate"}:
        return any(map(amount_like, cells))
    if field == "currency":
        return _mostly(cells, _is_code, _KNOWN_WORDS)
    if field == "symbol":
        return any(len(cell.strip()) <= 50 for cell in cells)
    return True


def _mostly(cells: Sequence[str], fits: Callable[[str], bool], share: float = 0.8) -> bool:
    return sum(map(fits, cells)) >= share * len(cells)
