"""From the bytes of a file to rows ready for the database, in one call that needs nothing but its arguments.

A big file is read in a process of its own: in a thread it would hold up the event loop whenever the interpreter's lock
or its garbage collector is busy with a hundred thousand rows.
"""

import gc
import hashlib
from collections.abc import Callable
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from anyio import BrokenResourceError, BrokenWorkerProcess, fail_after, to_process, to_thread

from app.core.errors import BusyError
from app.imports.broker.reader import is_of_broker
from app.imports.csv import CsvMapping, CsvQuestion, CsvReading, CsvUnreadable, Question, read_csv
from app.imports.csv.decoding import decode
from app.imports.schemas import Mapping
from app.imports.staging import Staged, Target, stage
from app.rules.importing import ImportRules
from app.transactions.flat import HEADER
from app.transactions.references import AccountRef

OWN_PROCESS_BYTES = 200_000
ENDED = (BrokenWorkerProcess, BrokenResourceError, BrokenPipeError, ConnectionResetError, ProcessLookupError)
"""What a reading process that is gone looks like, by when it went."""
MOST_SECONDS = 120
# Where a file begins and how it is encoded may differ from one download to the next; what its columns mean does not.
OF_ONE_FILE = {"encoding", "delimiter", "quote", "header_line"}
SEEN_IN_FILE = {"debit_values", "credit_values"}
ANSWERS = {"date_order", "decimal_separator"}
ACCOUNT_OF_SIGN = "account_id"
_LACKING = {"no_date_column", "no_amount_column"}
_BROKERS = " It looks like a broker's file of trades: send format=broker_csv with it."
OUR_EXPORT = CsvMapping(
    date_column="date",
    amount_column="amount",
    direction_column="",
    decimal_separator=".",
    currency_column="currency",
    account_column="account",
    category_column="category",
    payee_column="payee",
    description_columns=["description"],
    notes_column="notes",
    external_id_column="external_id",
)
"""What `GET /exports/transactions` writes: nothing has to be detected."""

Document = dict[str, Any]
AnyTask = TypeVar("AnyTask")
AnyAnswer = TypeVar("AnyAnswer")


@dataclass(frozen=True)
class Task:
    """A file and all that reading it takes.

    `saved` has mappings by `header_digest`; `accounts` are those of the book that take new transactions.
    """

    data: bytes
    given: Mapping
    saved: MappingOf[bytes, Document]
    account_id: UUID
    accounts: MappingOf[UUID, AccountRef]
    categories: MappingOf[tuple[str, str], UUID]
    today: date
    rules: ImportRules | None = None


@dataclass(frozen=True)
class Parsed:
    """What a readable file came to. `lasting_mapping` is the part of the mapping that serves the next file too."""

    staged: Staged
    content_hash: bytes
    header_hash: bytes | None
    mapping: Document
    lasting_mapping: Document
    mapping_source: str
    confidence: Document
    warnings: list[Document]
    assets: list[Document] = field(default_factory=list)
    """What the file calls which asset; see `Import`."""


@dataclass(frozen=True)
class Unreadable:
    """Why the file cannot be read; see `CsvUnreadable`."""

    code: str
    detail: str
    field: str | None


@dataclass(frozen=True)
class Open:
    """What only a person can decide; see `CsvQuestion`."""

    questions: list[Question]


async def parse_off_loop(task: Task) -> Parsed | Unreadable | Open:
    """`parse` where it cannot hold up anybody."""
    return await run_off_loop(parse, task, len(task.data))


async def run_off_loop(parse: Callable[[AnyTask], AnyAnswer], task: AnyTask, size: int) -> AnyAnswer | Unreadable:
    """A reader of files where it cannot hold up anybody: a big one in another process, a small one in a thread."""
    if size <= OWN_PROCESS_BYTES:
        return await to_thread.run_sync(parse, task)
    try:
        with fail_after(MOST_SECONDS):
            try:
                return await to_process.run_sync(_alone, parse, task, cancellable=True)
            except ENDED:
                # Ended from outside, or too slow to start on a busy machine; another one is as good.
                return await to_process.run_sync(_alone, parse, task, cancellable=True)
    except TimeoutError:
        detail = f"Reading the file took more than {MOST_SECONDS} seconds; split it into smaller ones."
        return Unreadable("takes_too_long", detail, None)
    except ENDED:
        raise BusyError("The process that reads files could not be started; try again in a moment.") from None


def _alone(parse: Callable[[AnyTask], AnyAnswer], task: AnyTask) -> AnyAnswer:
    """A reader in the process that is there for reading."""
    _settle()
    return parse(task)


@cache
def _settle() -> None:
    """Take the program itself out of what garbage collection looks through: a third of the time goes there else."""
    gc.freeze()


def fault_of_text(data: bytes) -> Unreadable | None:
    """Why the file is no text that could be CSV, None where it is."""
    try:
        decode(data, None)
    except CsvUnreadable as error:
        return Unreadable(error.code, error.detail, error.field)
    return None


def parse(task: Task) -> Parsed | Unreadable | Open:
    """Read the file; a saved mapping of the same header fills what the given one leaves open.

    What the file itself decides is not overruled by an earlier one: a saved date order answers only a question.
    """
    used: list[Document] = []

    def recall(header: list[str]) -> CsvMapping | None:
        saved = task.saved.get(header_digest(header) or b"")
        if saved is None:
            return OUR_EXPORT if tuple(header) == HEADER else None
        used.append(saved)
        return CsvMapping.model_validate(_columns_of(saved, task.account_id))

    wanted = CsvMapping.model_validate(task.given.model_dump(exclude={"accounts", "commodities"}, exclude_unset=True))
    try:
        try:
            reading = read_csv(task.data, wanted, recall)
        except CsvQuestion as question:
            answers = _answers(question, used[0] if used else {})
            if not answers:
                return Open(question.questions)
            reading = read_csv(task.data, wanted.model_copy(update=answers), recall)
    except CsvQuestion as question:
        return Open(question.questions)
    except CsvUnreadable as error:
        hint = _BROKERS if error.code in _LACKING and is_of_broker(task.data) else ""
        return Unreadable(error.code, error.detail + hint, error.field)
    return _parsed(task, reading, used[0] if used else None)


def _columns_of(saved: Document, account_id: UUID) -> Document:
    """What a saved mapping says about any file; which way the sign goes, it says for its own account alone."""
    aside = {"accounts", ACCOUNT_OF_SIGN, *ANSWERS}
    if saved.get(ACCOUNT_OF_SIGN) != str(account_id):
        aside.add("amount_sign")
    return {name: value for name, value in saved.items() if name not in aside}


def _answers(question: CsvQuestion, saved: Document) -> Document:
    """What an earlier file was told, if it answers all that is asked now."""
    asked = [q.field for q in question.questions]
    if all(
        field in ANSWERS and saved.get(field) in q.options for field, q in zip(asked, question.questions, strict=True)
    ):
        return {field: saved[field] for field in asked}
    return {}


def _parsed(task: Task, reading: CsvReading, before: Document | None) -> Parsed:
    saved = before or {}
    names = task.given.accounts or {name: UUID(i) for name, i in saved.get("accounts", {}).items()}
    mapping = _settled(reading, names)
    lasting = _lasting(mapping, saved.keys() | task.given.model_fields_set)
    given = "given" if task.given.model_fields_set else "detected"
    return Parsed(
        staged=stage(reading, _target(task, names), task.rules),
        content_hash=hashlib.sha256(task.data).digest(),
        header_hash=header_digest(reading.header),
        mapping=mapping,
        lasting_mapping={**lasting, ACCOUNT_OF_SIGN: str(task.account_id)},
        mapping_source="saved" if before is not None else given,
        confidence=dict(reading.confidence),
        warnings=_warnings(reading, names, before),
    )


def _warnings(reading: CsvReading, names: MappingOf[str, UUID], before: Document | None) -> list[Document]:
    found = [{"code": warning.code, "detail": warning.detail} for warning in reading.warnings]
    for warning in found:
        if warning["code"] == "several_accounts" and not names:
            warning["detail"] += (
                " All rows go to one account, unless you send a mapping such as "
                '{"accounts": {"<name>": "<account id>"}}.'
            )
    if before is not None:
        detail = "The mapping of an earlier file with this header was used; what you send in `mapping` goes first."
        found.append({"code": "saved_mapping_used", "detail": detail})
    return found


def header_digest(header: list[str]) -> bytes | None:
    """What a saved mapping belongs to; a file without a header has none."""
    if not header:
        return None
    return hashlib.sha256("\x1f".join(name.casefold() for name in header).encode()).digest()


def _target(task: Task, names: MappingOf[str, UUID]) -> Target:
    """A saved name whose account is gone or archived is as good as not listed: its rows say so."""
    by_name = {name.casefold(): task.accounts[i] for name, i in names.items() if i in task.accounts}
    return Target(
        account=task.accounts[task.account_id],
        accounts_by_name=by_name if names else None,
        categories=task.categories,
        today=task.today,
    )


def _settled(reading: CsvReading, names: MappingOf[str, UUID]) -> Document:
    """The whole mapping: sent back with the same file it gives the same rows."""
    mapping: Document = reading.mapping.model_dump(exclude_none=True)
    if names:
        mapping["accounts"] = {name: str(account_id) for name, account_id in names.items()}
    return mapping


def _lasting(mapping: Document, chosen: set[str]) -> Document:
    """What holds for the next file with this header too.

    The words for in and out that this file happens to use are not all there are: only those a person named last.
    """
    passing = OF_ONE_FILE | (SEEN_IN_FILE - chosen)
    return {name: value for name, value in mapping.items() if name not in passing}
