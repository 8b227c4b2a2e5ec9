"""Which column is which: what the mapping gives, then the names of the columns, then their values."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from app.core.written_dates import date_like
from app.imports.csv.amounts import Directions, amount_like, decide_separator, has_decimals, has_direction, parse_amount
from app.imports.csv.currencies import CODES, SIGNS
from app.imports.csv.dialect import Cells
from app.imports.csv.headers import Role, roles, stem
from app.imports.csv.mapping import DESCRIPTION_LIMIT, Column, CsvMapping
from app.imports.csv.outcome import Confidence, CsvUnreadableError
from app.imports.csv.table import Table
from app.imports.csv.words import Meaning

# Share of the cells of a column that must be dates or amounts, for its values to say what it is.
_MOST = 0.8
# A column counts as filled as well as the best one when it lacks no more than this share.
_NEARLY_AS_FILLED = 0.95
# Of columns with one meaning so many are looked at in full; no bank writes more.
_LOOKED_AT = 20
_ID_LENGTH = 100
# Of many unnamed columns of amounts, the first ones are compared with each other.
_CANDIDATES = 10


class Columns:
    """Positions of the columns of a table by mapping field, and how sure each is; a column serves one field only."""

    def __init__(self, table: Table, mapping: CsvMapping) -> None:
        self.table = table
        self.mapping = mapping
        self.found: dict[str, int] = {}
        self.descriptions: list[int] = []
        self.confidence: dict[str, Confidence] = {}
        self.guessed_amount = False
        self._roles = [self._fitting_roles(index) for index in range(table.width)]
        self._given = self._take_given()

    def _fitting_roles(self, index: int) -> tuple[Role, ...]:
        """The meanings of the column's name that its values do not contradict."""
        name = self.table.header[index] if index < len(self.table.header) else ""
        cells = self.table.sampled(index)
        return tuple(role for role in roles(name) if not cells or _fits(role.meaning, cells))

    def _take_given(self) -> set[int]:
        """Look up every column the mapping gives, so that detection leaves those alone."""
        taken = set[int]()
        for field in _OPTIONAL | {"date_column", "amount_column", "debit_column", "credit_column", "direction_column"}:
            column: Column | None = getattr(self.mapping, field)
            if column is not None:
                self.confidence[field] = "certain"
            if column is not None and column != "":
                self.found[field] = self.table.index(column, field)
        for column in self.mapping.description_columns or ():
            self.descriptions.append(self.table.index(column, "description_columns"))
        taken.update(self.found.values(), self.descriptions)
        return taken

    def detect(self) -> None:
        """Find every column the mapping leaves open; CsvUnreadableError when there is no date or no amount."""
        if "date_column" not in self.found:
            self._detect_date()
        if "amount_column" not in self.found:
            self._detect_amounts()
        self._detect_direction()
        for field, meaning in _OPTIONAL_MEANINGS:
            if field not in self.confidence:
                self._detect_optional(field, meaning)
        if self.mapping.description_columns is None:
            self._detect_descriptions()
        else:
            self.confidence["description_columns"] = "certain"

    def _free(self) -> set[int]:
        return set(range(self.table.width)) - self._given - set(self.found.values())

    def _named(self, meaning: Meaning) -> list[int]:
        """Free columns whose name has the meaning, the preferred ones first."""
        ranked: list[tuple[int, int]] = []
        for index in self._free():
            first = next(iter(self._roles[index]), None)
            if first is not None and first.meaning == meaning:
                ranked.append((first.rank, index))
        return [index for _, index in sorted(ranked)]

    def _filled(self, indexes: Sequence[int], fits: Callable[[str], bool]) -> list[int]:
        """Of the columns, those with about as many fitting values as the one with the most."""
        counts = {index: sum(map(fits, self.table.sampled(index))) for index in indexes}
        most = max(counts.values(), default=0)
        return [index for index in indexes if counts[index] >= most * _NEARLY_AS_FILLED]

    def _take(self, field: str, index: int, confidence: Confidence) -> None:
        self.found[field] = index
        self.confidence[field] = confidence

    def _by_values(self, fits: Callable[[str], bool]) -> list[int]:
        """Free columns whose name says nothing and whose values nearly all fit."""
        nameless = sorted(index for index in self._free() if not self._roles[index])
        return self._filled([index for index in nameless if _mostly(self.table.sampled(index), fits)], fits)

    def _detect_date(self) -> None:
        named = self._filled(self._named("date"), date_like)
        if named:
            self._take("date_column", named[0], "certain" if len(named) == 1 else "likely")
            return
        found = self._by_values(date_like)
        if not found:
            raise CsvUnreadableError("no_date_column", "The file has no column of dates.", "date_column")
        self._take("date_column", found[0], "likely" if len(found) == 1 else "guess")

    def _detect_amounts(self) -> None:
        sides = {"debit_column": self._named("debit"), "credit_column": self._named("credit")}
        if self.mapping.direction_column:
            sides = {}
        given = any(field in self.found for field in sides)
        if not given and self._detect_single_amount(sides):
            return
        confidence: Confidence = "certain" if given or all(sides.values()) else "guess"
        for field, named in sides.items():
            if field not in self.found and named:
                self._take(field, self._filled(named, amount_like)[0], confidence)
        if "debit_column" not in self.found and "credit_column" not in self.found:
            raise CsvUnreadableError("no_amount_column", "The file has no column of amounts.", "amount_column")

    def _detect_single_amount(self, sides: dict[str, list[int]]) -> bool:
        named = self._filled(self._named("amount"), amount_like)
        both_sides = bool(sides) and all(sides.values())
        if named and both_sides and not any(map(has_direction, self.table.column(named[0]))):
            return False
        if named:
            self._take("amount_column", named[0], "certain" if len(named) == 1 else "likely")
            return True
        if any(sides.values()):
            return False
        found = self._by_values(amount_like)
        for better in (has_direction, has_decimals):
            found = [index for index in found if any(map(better, self.table.sampled(index)))] or found
        found = found[:_CANDIDATES]
        found = [index for index in found if not self._is_balance(index, found)]
        if not found:
            return False
        self.guessed_amount = len(found) > 1
        self._take("amount_column", found[0], "guess" if self.guessed_amount else "likely")
        return True

    def _is_balance(self, index: int, rivals: Sequence[int]) -> bool:
        """Whether each value is the one before plus (or, newest first, the next plus) the amount in another column."""
        return any(self._runs_with(index, rival) for rival in rivals if rival != index)

    def _runs_with(self, index: int, rival: int) -> bool:
        rows = [record.cells for record in self.table.sample[:50] if len(record.cells) > max(index, rival)]
        separator = decide_separator([cells[index] for cells in rows], [cells[rival] for cells in rows]).separator
        pairs = [
            (balance.value, amount.value)
            for cells in rows
            if (balance := parse_amount(cells[index], separator)) and (amount := parse_amount(cells[rival], separator))
        ]
        steps = list(itertools.pairwise(pairs))
        forward = all(after[0] - before[0] == after[1] for before, after in steps)
        backward = all(before[0] - after[0] == before[1] for before, after in steps)
        return len(steps) > 1 and (forward or backward)

    def _detect_direction(self) -> None:
        amount = self.found.get("amount_column")
        if amount is None or "direction_column" in self.confidence:
            return
        if any(map(has_direction, self.table.column(amount))):
            return
        meaning = Directions(self.mapping.debit_values, self.mapping.credit_values).of
        for index in self._named("direction")[:_LOOKED_AT]:
            known = _share(self.table.column(index), lambda cell: meaning(cell) is not None)
            # "Type" may be a column of anything, so that all of its values must be known.
            if known >= (0.5 if self._roles[index][0].rank == 0 else 1):
                self._take("direction_column", index, "certain" if known == 1 else "likely")
                return
        sides = {"debit", "credit"}
        for index in sorted(self._free() & self.table.filled):
            # A look at the sample first: a file may have a thousand columns.
            if self._roles[index] or not {meaning(cell) for cell in self.table.sampled(index)} <= sides:
                continue
            if {meaning(cell) for cell in self.table.column(index)} == sides:
                self._take("direction_column", index, "likely")
                return

    def _detect_optional(self, field: str, meaning: Meaning) -> None:
        named = self._named(meaning)
        if meaning == "external_id":
            named = [index for index in named if self.table.is_filled(index)][:_LOOKED_AT]
            named = [index for index in named if self._identifies(index)]
        filled = [index for index in named if self.table.is_filled(index)] or named
        if filled:
            self._take(field, filled[0], "certain" if len(filled) == 1 else "likely")
        elif meaning == "currency":
            found = self._by_values(lambda cell: cell.strip().upper() in CODES)
            if found:
                self._take(field, found[0], "likely")

    def _identifies(self, index: int) -> bool:
        """Whether the column tells rows apart, in this file and the next: filled, unique, no running number."""
        date = self.found["date_column"]
        rows: dict[str, Cells] = {}
        for record in self.table.records:
            cells = record.cells
            if len(cells) <= max(index, date) or not date_like(cells[date]):
                continue
            value = cells[index].strip()
            if not _id_like(value) or rows.setdefault(value, cells) != cells:
                return False
        return bool(rows) and not _counts_rows(rows)

    def _detect_descriptions(self) -> None:
        named = self._named("description")
        filled = [index for index in named if self.table.is_filled(index)] or named
        if filled:
            first = stem(self.table.header[filled[0]])
            # Numbered columns of one name hold one text between them.
            same = sorted(index for index in named if stem(self.table.header[index]) == first)
            self.descriptions = same[:DESCRIPTION_LIMIT]
            self.confidence["description_columns"] = "certain" if set(filled) <= set(same) else "likely"
            return
        if "payee_column" in self.found:
            return
        texts = {index: self.table.sampled(index) for index in sorted(self._free()) if not self._roles[index]}
        lengths = {index: sum(map(len, cells)) for index, cells in texts.items() if _is_prose(cells)}
        if lengths:
            self.descriptions = [max(lengths, key=lambda index: lengths[index])]
            self.confidence["description_columns"] = "guess"


class _Field(NamedTuple):
    field: str
    meaning: Meaning


_OPTIONAL_MEANINGS = (
    _Field("payee_column", "payee"),
    _Field("notes_column", "notes"),
    _Field("external_id_column", "external_id"),
    _Field("currency_column", "currency"),
    _Field("category_column", "category"),
    _Field("account_column", "account"),
)
_OPTIONAL = {field for field, _ in _OPTIONAL_MEANINGS}


def _fits(meaning: Meaning, cells: Sequence[str]) -> bool:
    if meaning == "date":
        return any(map(date_like, cells))
    if meaning in ("amount", "debit", "credit"):
        return any(map(amount_like, cells))
    if meaning == "currency":
        return any(cell.strip().upper() in CODES or cell.strip().casefold() in SIGNS for cell in cells)
    return True


def _share(cells: Sequence[str], fits: Callable[[str], bool]) -> float:
    return sum(map(fits, cells)) / len(cells) if cells else 0


def _mostly(cells: Sequence[str], fits: Callable[[str], bool]) -> bool:
    return _share(cells, fits) >= _MOST


def _is_prose(cells: Sequence[str]) -> bool:
    return _share(cells, lambda cell: any(map(str.isalpha, cell)) and not date_like(cell)) > 1 - _MOST


def _id_like(value: str) -> bool:
    return 0 < len(value) <= _ID_LENGTH and " " not in value and any(map(str.isdigit, value))


def _counts_rows(values: Iterable[str]) -> bool:
    """Whether the values are 1, 2, 3 and so on: numbers of lines, which the next file uses again."""
    values = list(values)
    if not all(value.isascii() and value.isdigit() and len(value) <= 9 for value in values):
        return False
    numbers = sorted(map(int, values))
    return numbers[0] <= 1 and numbers[-1] - numbers[0] == len(numbers) - 1
