"""From the cells of a record to a row, by a settled mapping."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from app.core.written_dates import parse_date
from app.imports.csv.amounts import (
    DECIMAL_DIGITS,
    INTEGER_DIGITS,
    Amount,
    Direction,
    Directions,
    amount_like,
    parse_amount,
)
from app.imports.csv.columns import Columns
from app.imports.csv.currencies import SHARED, code_of, narrower, told_by_cell, told_by_header
from app.imports.csv.dialect import CELL_LIMIT, Cells, Record
from app.imports.csv.mapping import CsvMapping
from app.imports.csv.outcome import CsvRow, shown
from app.rendering.cells import unguarded
from app.transactions.flat import HEADER


class CellError(ValueError):
    """A record cannot become a row for what one of its cells holds."""

    def __init__(self, index: int | None, reason: str) -> None:
        super().__init__(reason)
        self.index = index
        self.reason = reason


class _Money(NamedTuple):
    """An amount with its sign settled, and the position of the cell it comes from."""

    value: Decimal
    told: str | None
    column: int


class RowReader:
    """Turns records into rows. Texts that recur (dates, amounts, currencies) are understood once."""

    def __init__(self, columns: Columns, mapping: CsvMapping) -> None:
        found = columns.found
        self._width = columns.table.width
        self._header = columns.table.header
        self._is_ours = tuple(self._header) == HEADER
        self._date_index = found["date_column"]
        self._order = mapping.date_order
        self._separator = mapping.decimal_separator
        self._inverted = mapping.amount_sign == "inverted"
        self._directions = Directions(mapping.debit_values, mapping.credit_values)
        self._direction_index = found.get("direction_column")
        self._currency_index = found.get("currency_column")
        self._descriptions = columns.descriptions
        self._texts = [found.get(f"{name}_column") for name in ("notes", "external_id", "category", "account")]
        self._payee_index = found.get("payee_column")
        self._dates: dict[str, date | None] = {}
        self._amounts: dict[str, Amount | None] = {}
        self._in_header = {index: told_by_header(name) for index, name in enumerate(self._header)}
        self._money: Callable[[Cells], _Money]
        amount = found.get("amount_column")
        if amount is not None:
            self._amount_index = amount
            self._money = self._single if self._direction_index is None else self._directed
        else:
            self._sides: list[tuple[Direction, int]] = []
            if "debit_column" in found:
                self._sides.append(("debit", found["debit_column"]))
            if "credit_column" in found:
                self._sides.append(("credit", found["credit_column"]))
            self._money = self._of_sides

    def read(self, record: Record) -> CsvRow:
        """The row of a record; CellError when it has none."""
        cells = tuple(map(unguarded, record.cells)) if self._is_ours else record.cells
        if record.fault:
            raise CellError(None, f"A cell is longer than {CELL_LIMIT} characters.")
        if len(cells) < self._width:
            cells += ("",) * (self._width - len(cells))
        elif len(cells) > self._width and any(cell.strip() for cell in cells[self._width :]):
            # An unquoted delimiter has moved the cells behind it, so that none of them can be trusted.
            reason = f"The line has {len(cells)} cells where the others have {self._width}."
            raise CellError(None, reason)
        day = self._date(cells)
        money = self._money(cells)
        notes, external_id, category, account = [
            None if index is None else cells[index].strip() or None for index in self._texts
        ]
        payee = None if self._payee_index is None else " ".join(cells[self._payee_index].split()) or None
        description = " ".join([text for index in self._descriptions if (text := cells[index].strip())]) or None
        value = money.value.copy_negate() if self._inverted and money.value else money.value
        told = self._told(cells, money)
        texts = (payee, description, notes, external_id, category, account)
        return CsvRow(record.line, day, value, code_of(told), *texts, told if told in SHARED else None)

    def has_date(self, cells: Cells) -> bool:
        """Whether the record has a date that exists."""
        return self._date_index < len(cells) and self._parsed_date(cells[self._date_index]) is not None

    def has_amount(self, cells: Cells) -> bool:
        """Whether the record has something in a column of amounts that reads as one."""
        indexes = [index for _, index in self._sides] if self._money == self._of_sides else [self._amount_index]
        return any(index < len(cells) and self._amount(cells[index]) is not None for index in indexes)

    def has_text(self, cells: Cells) -> bool:
        """Whether the record says whom or what it is about."""
        indexes = [*self._descriptions, *([] if self._payee_index is None else [self._payee_index])]
        return any(index < len(cells) and cells[index].strip() for index in indexes)

    def _parsed_date(self, text: str) -> date | None:
        try:
            return self._dates[text]
        except KeyError:
            return self._dates.setdefault(text, parse_date(text, self._order))

    def _date(self, cells: Cells) -> date:
        text = cells[self._date_index]
        day = self._parsed_date(text)
        if day is None:
            if not text.strip():
                raise CellError(self._date_index, "The date is empty.")
            order = f" in the order {self._order}" if self._order else ""
            raise CellError(self._date_index, f"{shown(text)} is not a date{order}.")
        return day

    def _amount(self, text: str) -> Amount | None:
        try:
            return self._amounts[text]
        except KeyError:
            return self._amounts.setdefault(text, parse_amount(text, self._separator))

    def _required_amount(self, cells: Cells, index: int) -> Amount:
        text = cells[index]
        amount = self._amount(text)
        if amount is None:
            raise CellError(index, self._amount_fault(text))
        return amount

    def _amount_fault(self, text: str) -> str:
        if not text.strip():
            return "The amount is empty."
        if self._separator is not None and amount_like(text) and sum(map(str.isdigit, text)) <= DECIMAL_DIGITS:
            return f"{shown(text)} is not an amount whose decimal separator is '{self._separator}'."
        return (
            f"{shown(text)} is not an amount of at most {INTEGER_DIGITS} digits before "
            f"and {DECIMAL_DIGITS} behind the decimal separator."
        )

    def _single(self, cells: Cells) -> _Money:
        amount = self._required_amount(cells, self._amount_index)
        return _Money(amount.value, amount.told, self._amount_index)

    def _directed(self, cells: Cells) -> _Money:
        amount = self._required_amount(cells, self._amount_index)
        index = self._direction_index or 0
        text = cells[index]
        direction = self._directions.of(text)
        if direction is None:
            said = f"{shown(text)} says" if text.strip() else "An empty cell says"
            raise CellError(index, f"{said} neither money in nor money out.")
        return self._toward(direction, amount, self._amount_index, cells)

    def _of_sides(self, cells: Cells) -> _Money:
        """The one of the debit and the credit cell that is filled; a zero beside another amount counts as empty."""
        found: list[tuple[Direction, int, Amount]] = []
        for direction, index in self._sides:
            if cells[index].strip():
                found.append((direction, index, self._required_amount(cells, index)))
        if not found:
            raise CellError(self._sides[0][1], "The amount is empty.")
        filled = [entry for entry in found if entry[2].value] or found[:1]
        if len(filled) > 1:
            first, second = (shown(cells[index]) for _, index, _ in filled)
            raise CellError(filled[0][1], f"The line has both a debit ({first}) and a credit ({second}).")
        direction, index, amount = filled[0]
        return self._toward(direction, amount, index, cells)

    def _toward(self, direction: Direction, amount: Amount, index: int, cells: Cells) -> _Money:
        """The amount with the sign of its direction.

        A debit is often written with the minus it already means; a credit with a minus contradicts itself.
        """
        value = amount.value.copy_abs()
        if direction == "debit" and amount.direction != "credit":
            return _Money(value.copy_negate() if value else value, amount.told, index)
        if direction == "debit" or amount.value < 0:
            raise CellError(index, f"{shown(cells[index])} contradicts the {direction} it is given as.")
        return _Money(value, amount.told, index)

    def _told(self, cells: Cells, money: _Money) -> str | None:
        """The code of the row, or a sign that several currencies share: by its column, the amount, or that's name."""
        index, in_header = self._currency_index, self._in_header.get(money.column)
        text = cells[index].strip() if index is not None else ""
        if not text:
            if money.told is None or in_header is None:
                return money.told or in_header
            return narrower(money.told, in_header) or money.told
        try:
            told = told_by_cell(text)
        except ValueError as error:
            raise CellError(index, f"{shown(text)} is not a currency.") from error
        both = told if money.told is None else narrower(told, money.told)
        if both is None:
            raise CellError(money.column, f"{shown(cells[money.column])} contradicts the currency beside it, {told}.")
        return both
