"""From the bytes of a broker's file to rows ready for the database, in one call that needs only its arguments."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from app.core.csv_rows import counted
from app.core.fields import EARLIEST
from app.core.ids import new_id
from app.core.money import MAX_INTEGER_DIGITS, plain
from app.imports.broker.figures import Figures, settle
from app.imports.broker.lines import Line
from app.imports.broker.mapping import BrokerMapping
from app.imports.broker.naming import Assets, LineFault
from app.imports.broker.reader import BrokerReading, in_order, read_broker
from app.imports.broker.signs import Judged, judge
from app.imports.broker.sums import Pair, RatesWantedError
from app.imports.broker.trading import Entry, Trader, split_ratio
from app.imports.csv import CsvQuestion, CsvUnreadable, Question
from app.imports.csv.mapping import fold
from app.imports.csv.outcome import shown
from app.imports.known_assets import KnownAsset
from app.imports.parsing import OF_ONE_FILE, Open, Parsed, Unreadable
from app.imports.staging import CHUNK_ROWS, LIMITS, Staged, copy_text, cut
from app.imports.trade_bodies import complaint
from app.transactions.references import AccountRef

BROKER_CSV = "broker_csv"
ANSWERS = {"date_order", "decimal_separator", "amount_is", "amount_in", "rate_is"}
"""What a file decides by itself: an earlier one only answers a question."""
MOST_NAMED = 10
_SUMMED = {"buy", "sell"}
_DIFFERS = Decimal("0.01")
_NAMED = 5
"""So many of what a warning tells of are named."""

Document = dict[str, Any]


@dataclass(frozen=True)
class BrokerTask:
    """A file and all that reading it takes. `saved` has mappings by `header_digest`; `rates` are those looked up."""

    data: bytes
    given: BrokerMapping
    saved: Mapping[bytes, Document]
    account: AccountRef
    assets: Sequence[KnownAsset]
    currencies: frozenset[str]
    today: date
    locked_until: date | None
    rates: Mapping[Pair, Decimal | None] = field(default_factory=dict)


@dataclass(frozen=True)
class RatesWanted:
    """The rates that have to be looked up before the file can be read."""

    pairs: set[Pair]


def header_digest(header: Sequence[str]) -> bytes | None:
    """What a saved mapping belongs to: as a bank's file the same header means something else."""
    if not header:
        return None
    return hashlib.sha256("\x1f".join((BROKER_CSV, *(name.casefold() for name in header))).encode()).digest()


def parse(task: BrokerTask) -> Parsed | Unreadable | Open | RatesWanted:
    """Read the file; a saved mapping of the same header fills what the given one leaves open."""
    used: list[Document] = []
    known = {str(asset.id) for asset in task.assets}

    def recall(header: list[str]) -> BrokerMapping | None:
        saved = task.saved.get(header_digest(header) or b"")
        if saved is None:
            return None
        used.append(saved)
        kept = {name: value for name, value in saved.items() if name not in ANSWERS}
        if "assets" in kept:
            kept["assets"] = {name: asset for name, asset in kept["assets"].items() if asset in known}
        return BrokerMapping.model_validate(kept)

    given = task.given
    try:
        try:
            read = _read(task, given, recall)
        except CsvQuestion as question:
            answers = _answers(question.questions, used[0] if used else {})
            if not answers:
                return Open(question.questions)
            read = _read(task, given.model_copy(update=answers), recall)
    except CsvQuestion as question:
        return Open(question.questions)
    except CsvUnreadable as error:
        return Unreadable(error.code, error.detail, error.field)
    return _Rows(task, *read).parsed(used[0] if used else None)


def _read(task: BrokerTask, given: BrokerMapping, recall: Any) -> tuple[BrokerReading, Assets, Judged, Figures]:
    reading = read_broker(task.data, given, recall)
    settled = BrokerMapping.model_validate(reading.mapping)
    assets = Assets(task.assets, settled.assets or {}, settled.asset_type, task.currencies)
    judged = judge(reading.lines, assets, task.account.currency)
    return reading, assets, judged, settle(judged.sound, reading.columns, settled, task.account.currency)


def _answers(questions: Sequence[Question], saved: Document) -> Document:
    """What an earlier file was told, if it answers all that is asked now."""
    if all(saved.get(q.field) in q.options for q in questions):
        return {q.field: saved[q.field] for q in questions}
    return {}


class _Rows:
    """Turns the lines of one file into rows of an import."""

    def __init__(
        self, task: BrokerTask, reading: BrokerReading, assets: Assets, judged: Judged, figures: Figures
    ) -> None:
        self._task = task
        self._reading = reading
        self._judged = judged
        self._figures = figures
        self._given = reading.mapping.get("assets", {})
        self._assets = assets
        self._columns = self._names()
        found = reading.columns.found
        self._by_name = "symbol" not in found and "isin" not in found
        self._differing = 0
        self._unsure: list[str] = []

    def parsed(self, saved: Document | None) -> Parsed | RatesWanted:
        account = self._task.account
        trader = Trader(self._figures, self._assets, account.currency, account.exponent, self._task.rates)
        rows: list[tuple[int, Sequence[str | None]]] = []
        wanted = set[Pair]()
        ignored = 0
        for line in in_order(self._judged.lines):
            row_id = new_id()
            try:
                self._check(line)
                entry = trader.entry(line, by_name=self._by_name)
                if entry is None:
                    ignored += 1
                else:
                    rows.append((line.line, self._row(line, entry, row_id)))
            except RatesWantedError as error:
                wanted.add(error.pair)
            except LineFault as fault:
                rows.append((line.line, self._failed(line, row_id, fault)))
        if wanted:
            return RatesWanted(wanted)
        rows += [
            (error.line, (str(new_id()), error.column, error.reason[:1000], *[None] * 9))
            for error in self._reading.errors
        ]
        rows.sort(key=lambda row: row[0])
        mapping = {**self._reading.mapping, **self._figures.settled}
        if self._given:
            mapping["assets"] = {name: str(asset_id) for name, asset_id in self._given.items()}
        return Parsed(
            staged=self._staged(rows),
            content_hash=hashlib.sha256(self._task.data).digest(),
            header_hash=header_digest(self._reading.header),
            mapping=mapping,
            lasting_mapping={name: value for name, value in mapping.items() if name not in OF_ONE_FILE},
            mapping_source="saved"
            if saved is not None
            else "given"
            if self._task.given.model_fields_set
            else "detected",
            confidence={**self._reading.confidence, **self._figures.confidence},
            warnings=self._warnings(saved, ignored),
            assets=list(self._assets.used.values()),
        )

    def _names(self) -> dict[str, str]:
        """The column of the file behind each part of a line."""
        columns = self._reading.columns
        single = {part: str(columns.table.name(index)) for part, index in columns.found.items()}
        several = {part: str(columns.table.name(found[0])) for part, found in columns.several.items() if found}
        return {**several, **single}

    def _check(self, line: Line) -> None:
        task = self._task
        if line.line in self._judged.faults:
            raise self._judged.faults[line.line]
        if line.day > task.today:
            raise LineFault("date", f"{line.day} is in the future")
        if line.day < EARLIEST:
            raise LineFault("date", f"{line.day} is before {EARLIEST}")
        if task.locked_until is not None and line.day <= task.locked_until:
            raise LineFault("date", f"the book is closed up to {task.locked_until}")
        if line.external_id is not None and len(line.external_id) > LIMITS["external_id"]:
            raise LineFault("external_id", f"the id has more than {LIMITS['external_id']} characters")

    def _row(self, line: Line, entry: Entry, row_id: UUID) -> Sequence[str | None]:
        """The columns of `staging_sql.COLUMNS` behind position and line."""
        notes = cut(line.notes, "notes")
        document, moved = None, None
        if entry.amount is not None and entry.amount.adjusted() >= MAX_INTEGER_DIGITS:
            raise LineFault("amount", f"the amount has more than {MAX_INTEGER_DIGITS} digits before the point")
        if entry.trade is not None:
            trade = {"id": str(row_id), "account_id": str(self._task.account.id), **entry.trade}
            trade |= {name: v for name, v in (("notes", notes), ("external_id", line.external_id)) if v is not None}
            _validate(trade)
            self._compare(trade)
            if trade["kind"] == "split" and (ratio := split_ratio(line)) is not None and ratio.unsure:
                self._unsure.append(f"{ratio} on line {line.line}")
            document = orjson.dumps({"trade": trade}).decode()
        elif not entry.amount:
            raise LineFault("amount", "the amount is 0")
        if entry.amount is not None:
            moved = plain(entry.amount or entry.amount.copy_abs())
        return (
            str(row_id), None, None, str(self._task.account.id), line.day.isoformat(), moved, None,
            cut(entry.text or None, "description"), notes, line.external_id, None, document,
        )  # fmt: skip

    def _compare(self, trade: Document) -> None:
        """Count amounts that are not what quantity and price come to, by more than a hundredth."""
        if trade["kind"] in _SUMMED and trade.get("currency") == self._task.account.currency:
            amount, computed = Decimal(trade["amount"]), Decimal(trade["quantity"]) * Decimal(trade["price"])
            self._differing += abs(amount - computed) > max(amount, computed) * _DIFFERS

    def _failed(self, line: Line, row_id: UUID, fault: LineFault) -> Sequence[str | None]:
        reason = fault.reason[:1000]
        texts = (cut(line.name, "description"), cut(line.notes, "notes"))
        column = self._columns.get(fault.part)
        return (str(row_id), column, reason, None, line.day.isoformat(), None, None, *texts, None, None, None)

    def _staged(self, rows: Sequence[tuple[int, Sequence[str | None]]]) -> Staged:
        lines = [
            "\t".join((str(position), str(line), *map(copy_text, values))) + "\n"
            for position, (line, values) in enumerate(rows, 1)
        ]
        chunks = ["".join(lines[at : at + CHUNK_ROWS]).encode() for at in range(0, len(lines), CHUNK_ROWS)]
        digest = hashlib.sha256()
        for line in self._reading.lines:
            digest.update(repr((line.day, *line[3:])).encode())
        return Staged(chunks or [b""], len(lines), digest.digest())

    def _absent(self) -> list[str]:
        """What the mapping that came with the file calls an asset, and the file does not."""
        lines = self._reading.lines
        named = {fold(name) for line in lines for name in (line.symbol, line.isin, line.name) if name is not None}
        return [name for name in self._task.given.assets or () if fold(name) not in named]

    def _warnings(self, saved: Document | None, ignored: int) -> list[Document]:
        found = []
        if ignored:
            found.append({"code": "rows_ignored", "detail": f"{counted(ignored, 'row')} of kinds that are left out."})
        if self._differing:
            detail = f"The amounts of {counted(self._differing, 'row')} are not what quantity times price comes to."
            found.append({"code": "amounts_differ", "detail": detail})
        if self._unsure:
            detail = f"The ratio of a split may be a time or a date: check {', '.join(self._unsure[:MOST_NAMED])}."
            found.append({"code": "split_ratio_unsure", "detail": detail})
        if self._judged.differing:
            detail = f"{_listed(self._judged.differing.values())}. See that these are the right assets."
            found.append({"code": "asset_currency_differs", "detail": detail})
        if absent := self._absent():
            detail = f"The file names no asset like these of mapping.assets: {_listed(map(shown, absent))}."
            found.append({"code": "assets_not_in_file", "detail": detail})
        if saved is not None:
            detail = "The mapping of an earlier file with this header was used; what you send in `mapping` goes first."
            found.append({"code": "saved_mapping_used", "detail": detail})
        return found


def _listed(texts: Iterable[str]) -> str:
    """The first of them, and how many more there are."""
    named = list(texts)
    return "; ".join(named[:_NAMED]) + (f"; and {len(named) - _NAMED} more" if len(named) > _NAMED else "")


def _validate(trade: Document) -> None:
    """Raise LineFault for a trade that could never be entered."""
    if wrong := complaint(trade):
        place, text = wrong
        part = str(place[-1]) if place else "amount"
        raise LineFault(part, f"{part}: {text}")
