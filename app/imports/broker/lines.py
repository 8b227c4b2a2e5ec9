"""What a line of a broker's file says, cell by cell, before it is known what its amounts mean."""

import re
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from app.core.written_dates import DateOrder, parse_date
from app.imports.broker.columns import Columns
from app.imports.broker.mapping import BrokerMapping, LineKind
from app.imports.broker.words import column_key, kind_of
from app.imports.csv.amounts import DECIMAL_DIGITS, INTEGER_DIGITS, Amount, parse_amount
from app.imports.csv.currencies import CODES, SHARED, code_of, narrower, told_by_cell, told_by_header
from app.imports.csv.dialect import CELL_LIMIT, Cells, Record
from app.imports.csv.mapping import DecimalSeparator, fold
from app.imports.csv.outcome import shown

# Prices of some exchanges are in a hundredth of the currency.
HUNDREDTHS = {"GBX": "GBP", "GBp": "GBP", "ZAc": "ZAR", "ZAC": "ZAR", "ILA": "ILS"}
_HUNDRED = Decimal(100)
_NOTHING = {"", "-", "--", "n/a", "na", "none", "null", "not available"}
_EXPONENT = re.compile(r"-?\d{1,20}(?:\.\d{1,30})?[eE][+-]?\d{1,2}", re.ASCII)
_PAIR = re.compile(r"(?P<base>[A-Z0-9.]{2,10}?)[/-]?Z?(?P<quote>EUR|USD|GBP|CHF|CAD|JPY|AUD)", re.ASCII)
_COINS = {"XBT": "BTC", "XXBT": "BTC", "XDG": "DOGE", "XXDG": "DOGE", "XETH": "ETH", "XETC": "ETC", "XLTC": "LTC",
          "XXRP": "XRP", "XXMR": "XMR", "XXLM": "XLM", "XZEC": "ZEC", "XREP": "REP", "XMLN": "MLN"}  # fmt: skip


class Money(NamedTuple):
    """A number with the sign that it is written with; its currency where the file says it.

    `told` is the code or sign written beside the number, or the shared sign in the column's name, where no other
    column says the currency; `signs` judges it.
    """

    value: Decimal
    currency: str | None
    told: str | None = None


class Line(NamedTuple):
    """One record. `moment` is its date as written, with the time behind it. Quantities and amounts have their signs.

    `currency` is that of the price, whether there is one or not; `stated`, too, but only where a column of its own says
    it.
    """

    line: int
    day: date
    moment: str
    word: str
    kind: LineKind | None
    symbol: str | None
    isin: str | None
    name: str | None
    type: str | None
    quantity: Decimal | None
    price: Money | None
    currency: str | None
    stated: str | None
    amount: Money | None
    fees: tuple[Money, ...]
    taxes: tuple[Money, ...]
    rate: Decimal | None
    external_id: str | None
    notes: str | None


class CellError(ValueError):
    """A record cannot become a line for what one of its cells holds; `index` is its column, None for all of it."""

    def __init__(self, index: int | None, reason: str) -> None:
        super().__init__(reason)
        self.index = index
        self.reason = reason


class LineReader:
    """Turns records into lines, in one order of dates and with one decimal separator."""

    def __init__(
        self, columns: Columns, mapping: BrokerMapping, order: DateOrder | None, separator: DecimalSeparator | None
    ) -> None:
        self._columns = columns
        self._found = columns.found
        self._width = columns.table.width
        self._order = order
        self._separator = separator
        self._kinds = {fold(word): kind for word, kind in (mapping.kinds or {}).items()}
        header = columns.table.header
        self._in_header = {index: told_by_header(name) for index, name in enumerate(header)}
        symbol = self._found.get("symbol")
        self._pairs = symbol is not None and symbol < len(header) and column_key(header[symbol]) == "pair"
        self._known: dict[str, Decimal | None] = {}

    def read(self, record: Record) -> Line:
        """The line of a record; CellError when it has none."""
        cells = record.cells
        if record.fault:
            raise CellError(None, f"A cell is longer than {CELL_LIMIT} characters.")
        if len(cells) < self._width:
            cells += ("",) * (self._width - len(cells))
        elif any(cell.strip() for cell in cells[self._width :]):
            raise CellError(None, f"The line has {len(cells)} cells where the others have {self._width}.")
        moment = self._text(cells, "date") or ""
        day = self._day(moment)
        symbol, quote = self._symbol(cells)
        word = self._text(cells, "kind") or ""
        quantity = self._number(cells, "quantity")
        price = self._money(cells, self._found.get("price"), quote)
        return Line(
            record.line,
            day,
            moment,
            word,
            self._kind(word, quantity),
            symbol,
            self._text(cells, "isin"),
            self._text(cells, "name"),
            self._text(cells, "type"),
            quantity,
            price,
            price.currency if price is not None else quote or self._of_price(cells),
            quote or self._stated(cells),
            self._money(cells, self._found.get("amount"), quote),
            self._costs(cells, "fees", quote),
            self._costs(cells, "taxes", quote),
            self._number(cells, "rate"),
            self._text(cells, "external_id"),
            self._text(cells, "notes"),
        )

    def has_date(self, record: Record) -> bool:
        """Whether the record has a date that exists."""
        index = self._found["date"]
        if index >= len(record.cells):
            return False
        try:
            self._day(" ".join(record.cells[index].split()))
        except CellError:
            return False
        return True

    def _text(self, cells: Cells, field: str) -> str | None:
        index = self._found.get(field)
        return None if index is None else " ".join(cells[index].split()) or None

    def _day(self, moment: str) -> date:
        # A booking that counts for an earlier day is written with both of them.
        day = parse_date(moment.split(" as of ", maxsplit=1)[0], self._order)
        if day is None:
            index = self._found["date"]
            if not moment:
                raise CellError(index, "The date is empty.")
            raise CellError(
                index, f"{shown(moment)} is not a date{f' in the order {self._order}' * bool(self._order)}."
            )
        return day

    def _symbol(self, cells: Cells) -> tuple[str | None, str | None]:
        """The symbol and, for a pair of coin and currency, that currency."""
        text = self._text(cells, "symbol")
        found = _PAIR.fullmatch(text.upper()) if self._pairs and text else None
        if found is None:
            return text, None
        return _COINS.get(found["base"], found["base"]), found["quote"]

    def _kind(self, word: str, quantity: Decimal | None) -> LineKind | None:
        if "kind" in self._found:
            return self._kinds.get(fold(word)) or kind_of(word)
        if not quantity:
            return None
        return "buy" if quantity > 0 else "sell"

    def _costs(self, cells: Cells, field: str, quote: str | None) -> tuple[Money, ...]:
        """A place for each column, whatever it holds: the sign of a column is settled over all lines."""
        found = (self._money(cells, index, quote) for index in self._columns.several.get(field, ()))
        return tuple(Money(Decimal(0), None) if money is None else money for money in found)

    def _number(self, cells: Cells, field: str) -> Decimal | None:
        index = self._found.get(field)
        return None if index is None else self._parsed(cells[index], index)

    def _parsed(self, text: str, index: int) -> Decimal | None:
        if text not in self._known:
            self._known[text] = self._value(text, index)
        return self._known[text]

    def _value(self, text: str, index: int) -> Decimal | None:
        plain = text.strip()
        if plain.casefold() in _NOTHING:
            return None
        if _EXPONENT.fullmatch(plain):
            return Decimal(plain)
        amount = self._amount(plain)
        if amount is None:
            raise CellError(
                index,
                f"{shown(text)} is not a number of at most {INTEGER_DIGITS} digits before and {DECIMAL_DIGITS} behind "
                f"the decimal separator{f' {chr(39)}{self._separator}{chr(39)}' if self._separator else ''}.",
            )
        return amount.value

    def _amount(self, text: str) -> Amount | None:
        return parse_amount(text, self._separator)

    def _money(self, cells: Cells, index: int | None, quote: str | None) -> Money | None:
        value = None if index is None else self._parsed(cells[index], index)
        if index is None or value is None:
            return None
        currency, told = self._currency(cells, index)
        if currency is None:
            currency = quote
        if currency in HUNDREDTHS:
            return Money(value / _HUNDRED, HUNDREDTHS[currency])
        return Money(value, currency, told)

    def _of_price(self, cells: Cells) -> str | None:
        """The currency where there is no price: a line of cash may name one all the same."""
        index = self._found.get("price", self._found.get("amount"))
        currency = None if index is None else self._currency(cells, index)[0]
        return HUNDREDTHS.get(currency or "", currency)

    def _stated(self, cells: Cells) -> str | None:
        """The price's currency as a column of its own says it."""
        index = self._found.get("price", self._found.get("amount"))
        currency = None if index is None else code_of(self._beside(cells, index))
        return HUNDREDTHS.get(currency or "", currency)

    def _beside(self, cells: Cells, index: int) -> str | None:
        """What the column with the currency of another one says."""
        beside = self._columns.currencies.get(index)
        text = cells[beside].strip() if beside is not None else ""
        if not text or text in HUNDREDTHS:
            return text or None
        try:
            return told_by_cell(text)
        except ValueError:
            raise CellError(beside, f"{shown(text)} is not a currency.") from None

    def _currency(self, cells: Cells, index: int) -> tuple[str | None, str | None]:
        """What stands in the column for it, in the cell, or in the column's name; and `Money.told`."""
        text = cells[index]
        amount = self._amount(text.strip()) if any(not (c.isdigit() or c in " .,'+-") for c in text) else None
        told = amount.told if amount is not None else None
        beside = self._beside(cells, index)
        if beside in HUNDREDTHS:
            return beside, None
        if beside is not None:
            both = beside if told is None else narrower(beside, told)
            if both is None:
                raise CellError(index, f"{shown(text)} contradicts the currency beside it, {beside}.")
            return code_of(both), both if both in SHARED else None
        in_header = self._in_header.get(index)
        if told is None:
            return code_of(in_header), in_header if in_header in SHARED else None
        told = told if in_header is None else narrower(told, in_header) or told
        return code_of(told), told


def is_currency(text: str | None) -> bool:
    return text is not None and text.upper() in CODES
