"""From the bytes of a file to rows ready for the database, in one call that needs nothing but its arguments.

A big file is read in a process of its own: in a thread it would hold up the event loop whenever the interpreter's lock
or its garbage collector is busy with a hundred thousand rows.
"""

import hashlib
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from anyio import fail_after, to_process, to_thread

from app.imports.csv import CsvMapping, CsvQuestion, CsvReading, CsvUnreadable, Question, read_csv
from app.imports.schemas import Mapping
from app.imports.staging import Staged, Target, stage
from app.transactions.references import AccountRef

OWN_PROCESS_BYTES = 200_000
MOST_SECONDS = 120
# Where a file begins and how it is encoded may differ from one download to the next; what its columns mean does not.
OF_ONE_FILE = {"encoding", "delimiter", "quote", "header_line"}
SEEN_IN_FILE = {"debit_values", "credit_values"}

Document = dict[str, Any]


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
    """`parse` where it cannot hold up anybody: a big file in another process, a small one in a thread."""
    if len(task.data) <= OWN_PROCESS_BYTES:
        return await to_thread.run_sync(parse, task)
    try:
        with fail_after(MOST_SECONDS):
            return await to_process.run_sync(parse, task, cancellable=True)
    except TimeoutError:
        detail = f"Reading the file took more than {MOST_SECONDS} seconds; split it into smaller ones."
        return Unreadable("takes_too_long", detail, None)


def parse(task: Task) -> Parsed | Unreadable | Open:
    """Read the file; a saved mapping of the same header fills what the given one leaves open."""
    used: list[bytes] = []

    def recall(header: list[str]) -> CsvMapping | None:
        digest = header_digest(header)
        if digest is None or digest not in task.saved:
            return None
        used.append(digest)
        return CsvMapping.model_validate({k: v for k, v in task.saved[digest].items() if k != "accounts"})

    wanted = CsvMapping.model_validate(task.given.model_dump(exclude={"accounts"}, exclude_unset=True))
    try:
        reading = read_csv(task.data, wanted, recall)
    except CsvUnreadable as error:
        return Unreadable(error.code, error.detail, error.field)
    except CsvQuestion as error:
        return Open(error.questions)
    before = task.saved[used[0]] if used else {}
    names = task.given.accounts or {name: UUID(i) for name, i in before.get("accounts", {}).items()}
    mapping = _settled(reading, names)
    source = "saved" if used else "given" if task.given.model_fields_set else "detected"
    return Parsed(
        staged=stage(reading, _target(task, names)),
        content_hash=hashlib.sha256(task.data).digest(),
        header_hash=header_digest(reading.header),
        mapping=mapping,
        lasting_mapping=_lasting(mapping, before.keys() | task.given.model_fields_set),
        mapping_source=source,
        confidence=dict(reading.confidence),
        warnings=[{"code": warning.code, "detail": warning.detail} for warning in reading.warnings],
    )


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
