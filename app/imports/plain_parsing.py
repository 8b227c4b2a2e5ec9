"""From the bytes of a plain-text ledger to rows ready for the database, in one call that needs only its arguments."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from app.core.fields import EARLIEST
from app.core.ids import new_id
from app.core.money import plain, quantum
from app.imports.csv import Question
from app.imports.parsing import Open, Parsed, Unreadable
from app.imports.plain_task import PlainTask, TradesWanted
from app.imports.plain_trades import Trades
from app.imports.plaintext import balances, beancount, hledger
from app.imports.plaintext.attaching import Attached, Attacher
from app.imports.plaintext.charting import Chart, Charter, as_uuid, free_ids, one_line
from app.imports.plaintext.evening import BESIDE
from app.imports.plaintext.model import Journal, LineError, NumberQuestionError, Transaction
from app.imports.staging import CHUNK_ROWS, LIMITS, Staged, copy_text, cut
from app.transactions.schemas import MAX_TAGS

# Signs that stand for one currency alone; others, such as $, are asked about.
SIGNS = {"€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "₺": "TRY", "₩": "KRW", "₪": "ILS", "₫": "VND", "₴": "UAH"}
TAG_LENGTH = 100
MOST_POSTINGS = 1_000
ORIGINAL = re.compile(r"(\d{1,15}(?:\.\d{1,18})?) ([A-Z0-9]{3,10})", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def parse(task: PlainTask) -> Parsed | Unreadable | Open | TradesWanted:
    """Read the file. What is wrong with a part of it becomes a row with an error; the rest is as good as ever."""
    try:
        text = task.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Unreadable("not_utf8", "A plain-text ledger is UTF-8; convert the file.", None)
    if "\x00" in text:
        return Unreadable("not_text", "The file has NUL characters; it is no text.", None)
    try:
        journal = beancount.read(text) if task.format == "beancount" else hledger.read(text, task.decimal_mark)
    except NumberQuestionError as question:
        detail = (
            f"Line {question.line} has '{question.number}': is that sign a decimal mark, or does it stand between "
            "thousands? The file does not say; a line `decimal-mark .` in it would."
        )
        return Open([Question("decimal_separator", "ambiguous_decimal_separator", detail, [".", ","])])
    unclear = _unclear_signs(task, journal)
    if unclear:
        detail = (
            f"'{unclear}' may be one of several currencies: say which with a mapping such as "
            f'{{"commodities": {{"{unclear}": "USD"}}}}.'
        )
        return Unreadable("ambiguous_commodity", detail, "commodities")
    if not journal.transactions and not journal.errors and not journal.accounts:
        return Unreadable("no_rows", "There is not one transaction in the file.", None)
    try:
        return _Rows(task, journal).parsed()
    except LineError as error:
        return Unreadable("unusable_names", error.reason, None)


def _unclear_signs(task: PlainTask, journal: Journal) -> str | None:
    used = {p.amount.commodity for t in journal.transactions for p in t.postings if p.amount and p.cost is None}
    unknown = (sign for sign in sorted(used) if sign not in SIGNS and sign not in task.commodities)
    return next((sign for sign in unknown if not any(c.isalnum() for c in sign)), None)


class _Rows:
    """Turns the transactions of one file into rows of an import."""

    def __init__(self, task: PlainTask, journal: Journal) -> None:
        self._task = task
        self._journal = journal
        self._digest = hashlib.sha256()
        self._good: list[Transaction] = []

    def parsed(self) -> Parsed | TradesWanted:
        attacher = Attacher(self._journal.kind_of, self._currency, self._task.exponents)
        trades = Trades(self._journal, self._task, self._currency)
        errors = list(self._journal.errors)
        attached: list[tuple[Transaction, Attached]] = []
        # Lots go by the order of days.
        for transaction in sorted(self._journal.transactions, key=lambda each: each.day):
            try:
                self._check(transaction)
                dealt = trades.deal(transaction)
                found = attacher.attach(dealt.rest) if dealt.rest is not None else None
            except LineError as error:
                errors.append(error)
                continue
            trades.take(dealt)
            self._good.append(transaction)
            if found is not None:
                attached.append((transaction, found))
        if self._task.remade is None and (wanted := trades.out_of_order()):
            return TradesWanted(wanted)
        attached += trades.even_out()
        movements = [movement for _, found in attached for movement in found.movements]
        charter = Charter(self._journal, self._task.accounts, self._task.categories)
        chart = charter.all_of(
            (*(movement.account for movement in movements), *trades.accounts()),
            (*(m.category for m in movements if m.category is not None), *trades.categories()),
            self._task.exponents,
        )
        trades.name_holders(chart)
        staged = self._staged(attached, errors, chart, trades)
        prices = trades.prices()
        warnings = [{"code": code, "detail": detail} for code, detail in self._journal.warnings.items()]
        return Parsed(
            staged=staged,
            content_hash=hashlib.sha256(self._task.data).digest(),
            header_hash=None,
            mapping=self._mapping(chart),
            lasting_mapping={**self._to_make(chart), **trades.to_set(prices, chart)},
            mapping_source="given" if self._task.decimal_mark or self._task.commodities else "detected",
            confidence={},
            warnings=[*warnings, *trades.warnings(prices, chart), *balances.warnings(self._journal, self._good)],
            assets=trades.assets(),
        )

    def _check(self, transaction: Transaction) -> None:
        if transaction.day > self._task.today:
            raise LineError(transaction.line, f"{transaction.day} is in the future")
        if transaction.day < EARLIEST:
            raise LineError(transaction.line, f"{transaction.day} is before {EARLIEST}")
        if sum(posting.cost is None for posting in transaction.postings) > MOST_POSTINGS:
            raise LineError(transaction.line, f"it has more than {MOST_POSTINGS} postings")
        if len(transaction.tags) > MAX_TAGS:
            raise LineError(transaction.line, f"it has more than {MAX_TAGS} tags")
        if len(transaction.meta.get("external-id", "")) > LIMITS["external_id"]:
            raise LineError(transaction.line, f"the id has more than {LIMITS['external_id']} characters")

    def _currency(self, commodity: str, line: int) -> str:
        code = self._task.commodities.get(commodity) or self._journal.codes.get(commodity) or SIGNS.get(commodity)
        code = code or commodity
        if code not in self._task.exponents:
            raise LineError(line, f"'{commodity[:40]}' is no currency that is known; GET /currencies lists those")
        return code

    def _mapping(self, chart: Chart) -> dict[str, Any]:
        """What a person would look at: which account and category each name becomes."""
        made = {row["id"] for row in (*chart.new_accounts, *chart.new_categories)}
        accounts = [
            {"name": name, "currency": currency, "account_id": str(found), "new": str(found) in made}
            for (name, currency), found in chart.accounts.items()
        ]
        categories = [
            {"name": name, "category_id": str(found), "new": str(found) in made}
            for name, found in chart.categories.items()
            if found is not None
        ]
        return {"accounts": accounts, "categories": categories, **self._given()}

    def _given(self) -> dict[str, Any]:
        given: dict[str, Any] = {"decimal_separator": self._task.decimal_mark, "commodities": self._task.commodities}
        return {name: value for name, value in given.items() if value}

    def _to_make(self, chart: Chart) -> dict[str, Any]:
        base = self._journal.base_currency
        base = self._journal.codes.get(base, base) if base else None
        return {
            "accounts": chart.new_accounts,
            "categories": chart.new_categories,
            "base_currency": base if base in self._task.exponents else None,
        }

    def _staged(
        self, attached: list[tuple[Transaction, Attached]], errors: list[LineError], chart: Chart, trades: Trades
    ) -> Staged:
        ids = free_ids(transaction.meta.get("id") for transaction, _ in attached)
        rows: list[tuple[int, Sequence[str | None]]] = []
        for (transaction, found), own_id in zip(attached, ids, strict=True):
            rows.append((transaction.line, self._row(transaction, found, own_id or new_id(), chart)))
        rows += trades.rows(chart, self._digest.update)
        rows += [(error.line, (str(new_id()), None, error.reason[:1000], *[None] * 9)) for error in errors]
        rows.sort(key=lambda row: row[0])
        lines = [
            "\t".join((str(position), str(line), *map(copy_text, values))) + "\n"
            for position, (line, values) in enumerate(rows, 1)
        ]
        chunks = ["".join(lines[at : at + CHUNK_ROWS]).encode() for at in range(0, len(lines), CHUNK_ROWS)]
        return Staged(chunks or [b""], len(lines), self._digest.digest())

    def _row(self, transaction: Transaction, found: Attached, row_id: UUID, chart: Chart) -> Sequence[str | None]:
        """The columns of `staging_sql.COLUMNS` behind position and line."""
        first = found.movements[0].account
        account = chart.accounts[first]
        meta = transaction.meta
        amount = sum((m.amount for m in found.movements if m.account == first), Decimal(0))
        categories = {m.category for m in found.movements}
        category = chart.categories.get(next(iter(categories)) or "") if len(categories) == 1 else None
        payee = self._payee(transaction)
        description = one_line(meta.get("description") or transaction.description or "") or None
        notes = _CONTROL.sub("", meta.get("notes") or "\n".join(transaction.notes)).strip() or None
        external_id = one_line(meta.get("external-id", "")) or None
        document = self._document(transaction, found, chart)
        self._digest.update(repr((transaction.day, payee, description, external_id, found)).encode())
        used = [UUID(p[name]) for p in document["postings"] for name in ("account_id", "category_id") if p[name]]
        archived = next((chart.archived[key] for key in used if key in chart.archived), None)
        reason = f"'{archived}' is archived" if archived else None
        return (
            str(row_id), None, reason, str(account), transaction.day.isoformat(), plain(amount),
            cut(payee, "payee"), cut(description, "description"), cut(notes, "notes"), external_id,
            str(category) if category else None, orjson.dumps(document).decode(),
        )  # fmt: skip

    def _payee(self, transaction: Transaction) -> str | None:
        payee = transaction.payee
        if payee is not None and payee in self._journal.payees:
            payee = self._journal.payees[payee]
        return one_line(payee or "") or None

    def _document(self, transaction: Transaction, found: Attached, chart: Chart) -> dict[str, Any]:
        original = self._original(transaction, found)
        return {
            **({"beside": transaction.meta[BESIDE]} if BESIDE in transaction.meta else {}),
            "type": found.type,
            "amount": plain(found.amount),
            "status": "pending" if transaction.pending else "cleared",
            "tags": list(self._tags(transaction)),
            "refund_of": _text(as_uuid(transaction.meta.get("refund-of"))),
            "original_amount": plain(original[0]) if original else None,
            "original_currency": original[1] if original else None,
            "postings": [
                {
                    "account_id": str(chart.accounts[m.account]),
                    "category_id": _text(chart.categories.get(m.category)) if m.category else None,
                    "role": m.role,
                    "amount": plain(m.amount),
                    "memo": cut(one_line(m.memo), "description") or None if m.memo else None,
                }
                for m in found.movements
            ],
        }

    def _original(self, transaction: Transaction, found: Attached) -> tuple[Decimal, str] | None:
        told = ORIGINAL.fullmatch(transaction.meta.get("original", ""))
        if told and told[2] in self._task.exponents:
            return Decimal(told[1]), told[2]
        if found.original is None:
            return None
        code = found.original.commodity
        return found.original.number.quantize(quantum(self._task.exponents[code])), code

    def _tags(self, transaction: Transaction) -> Iterator[str]:
        seen: set[str] = set()
        for tag in transaction.tags:
            name = one_line(self._journal.tags.get(tag, tag))[:TAG_LENGTH].strip()
            if name and name.casefold() not in seen:
                seen.add(name.casefold())
                yield name


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None
