"""Rules: adding, changing, ordering, deleting, and trying one out."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.access.context import BookReader, BookWriter, Event
from app.core.conditional import check_revision
from app.core.database import AnyRow
from app.core.errors import FieldError, invalid
from app.core.ids import new_id
from app.core.pagination import PageRequest, bad_cursor, decode_cursor, encode_cursor
from app.rules import repository
from app.rules.applying import Named, apply
from app.rules.drafts import FIELDS, Draft, of_wanted
from app.rules.errors import RuleNotFoundError, TooManyRulesError
from app.rules.matcher import Budget, Compiled, Matcher
from app.rules.naming import accounts_of, check_names
from app.rules.schemas import MAX_RULES, ReorderIn, RuleCreate, RuleIn, RulePatch, TrialIn
from app.transactions import references, shapes
from app.transactions.errors import ReferenceNotFoundError

ENTITY = "rule"
Document = dict[str, Any]
_OWN = {"rank", "last_error", "last_error_at", "updated_at"}


async def every(book: BookReader) -> list[Document]:
    rows = await repository.every(book.connection, book.book_id)
    return [_document(row, rank) for rank, row in enumerate(rows, 1)]


async def states(book: BookReader) -> list[Document]:
    """All for clients that keep a copy: `position` orders them, whether or not there is one at each."""
    rows = await repository.every(book.connection, book.book_id)
    return [_document(row, row.position) for row in rows]


async def get(book: BookReader, rule_id: UUID) -> Document:
    row = await _find(book, rule_id)
    return _document(row, row.rank)


async def _find(book: BookReader, rule_id: UUID) -> AnyRow:
    row = await repository.get(book.connection, book.book_id, rule_id)
    if row is None:
        raise RuleNotFoundError(rule_id)
    return row


async def create(book: BookWriter, body: RuleCreate) -> Document:
    """Put it behind the others. Raises `ReferenceNotFoundError` and `ArchivedError` for what it names."""
    await check_names(book, body)
    last, count = await repository.last_position(book.connection, book.book_id)
    if count >= MAX_RULES:
        raise TooManyRulesError(f"A book has at most {MAX_RULES} rules; delete one that you do not need.")
    rule_id = body.id or new_id()
    values = {
        **_values(body),
        "book_id": book.book_id,
        "id": rule_id,
        "position": last + 1,
        "written_by": book.actor.user_id,
        "revision": book.revision,
    }
    await repository.add(book.connection, values)
    row = await _find(book, rule_id)
    book.record(Event(ENTITY, rule_id, "created", after=image(row)))
    return _document(row, row.rank)


async def replace(book: BookWriter, rule_id: UUID, body: RuleIn, expected: int | None) -> Document:
    """Its place stays; see `create` for what is refused."""
    before = await _find(book, rule_id)
    check_revision(expected, before.revision)
    return await _write_over(book, before, body)


async def patch(book: BookWriter, rule_id: UUID, body: RulePatch, expected: int | None) -> Document:
    before = await _find(book, rule_id)
    check_revision(expected, before.revision)
    present = {
        "name": before.name,
        "enabled": before.enabled,
        "on": before.triggers,
        "condition": before.condition,
        "actions": before.actions,
    }
    named = {name: getattr(body, name) for name in body.model_fields_set}
    return await _write_over(book, before, RuleIn.model_validate({**present, **named}), checked=named.keys())


async def _write_over(book: BookWriter, before: AnyRow, body: RuleIn, checked: Any = None) -> Document:
    changes = {**_values(body), "last_error": None, "last_error_at": None, "revision": book.revision}
    if checked is None or checked & {"condition", "actions"}:
        await check_names(book, body)
        changes["written_by"] = book.actor.user_id
    await repository.change(book.connection, book.book_id, before.id, changes)
    after = await _find(book, before.id)
    book.record(Event(ENTITY, before.id, "updated", before=image(before), after=image(after)))
    return _document(after, after.rank)


async def delete(book: BookWriter, rule_id: UUID, expected: int | None) -> None:
    """What it did stays in the history."""
    before = await _find(book, rule_id)
    check_revision(expected, before.revision)
    await repository.remove(book.connection, book.book_id, rule_id)
    book.record(Event(ENTITY, rule_id, "deleted", before=image(before)))


async def reorder(book: BookWriter, body: ReorderIn) -> list[Document]:
    """Give the rules that the member sees each other's places: those of rules that they do not see stay."""
    rows = {row.id: row for row in await repository.every(book.connection, book.book_id)}
    if len(set(body.ids)) != len(body.ids):
        raise invalid("ids", "named_twice", "a rule is named twice")
    unknown = [rule_id for rule_id in body.ids if rule_id not in rows]
    if unknown:
        raise RuleNotFoundError(unknown[0])
    if len(body.ids) != len(rows):
        raise invalid("ids", "incomplete", f"name all {len(rows)} rules, each once")
    places: dict[UUID, int] = {}
    last = 0
    for rule_id, slot in zip(body.ids, sorted(row.position for row in rows.values()), strict=True):
        last = max(slot, last + 1)
        if rows[rule_id].position != last:
            places[rule_id] = last
    if places:
        await repository.reorder(book.connection, book.book_id, book.revision, places)
    for rule_id, place in places.items():
        before, after = {"position": rows[rule_id].position}, {"position": place}
        book.record(Event(ENTITY, rule_id, "updated", before=before, after=after))
    return await every(book)


async def trial(book: BookReader, body: TrialIn) -> Document:
    """What the rule would do to the transaction. Raises for what the rule, and the accounts that the draft names."""
    await check_names(book, body.rule, prefix="rule.")
    before = of_wanted(body.transaction, body.source)
    if body.source != "manual":
        before.kept = {name for name in before.kept if name == "category_id"}
    matcher = Matcher([compiled(None, body.rule, 0)])
    known = await references.load(
        book.connection,
        book.book_id,
        accounts=shapes.accounts_named(body.transaction) | matcher.account_ids,
        categories=shapes.categories_named(body.transaction) | matcher.category_ids,
    )
    missing = shapes.missing_references(body.transaction, known)
    if missing:
        raise ReferenceNotFoundError([FieldError(f"transaction.{e.field}", e.code, e.detail) for e in missing])
    (outcome,) = apply(matcher, [before], Named(known.accounts, known.categories), Budget())
    return {
        "matches": outcome.matched,
        "before": shown(outcome.before),
        "after": shown(outcome.after),
        "applied": [applied_document(rule, changes) for rule, changes in outcome.applied],
        "skipped": [{"rule_id": None, "action": action, "code": code} for _, action, code in outcome.skipped],
    }


def compiled(
    rule_id: UUID | None,
    body: RuleIn,
    revision: int,
    account_ids: Sequence[UUID] = (),
    written_by: UUID | None = None,
) -> Compiled:
    return Compiled(rule_id, body.name, revision, body.condition, tuple(body.actions), tuple(account_ids), written_by)


def compiled_row(row: AnyRow) -> Compiled:
    """A stored rule, ready for a matcher."""
    body = RuleIn.model_validate({"name": row.name, "condition": row.condition, "actions": row.actions})
    return compiled(row.id, body, row.revision, row.account_ids, row.written_by)


def shown(draft: Draft) -> Document:
    """A draft as the API shows it."""
    return {
        **{name: getattr(draft, name) for name in FIELDS},
        "amount": draft.amount,
        "tags": list(draft.tags),
        "splits": [{"amount": a, "category_id": c, "memo": m} for a, c, m in draft.splits],
    }


def applied_document(rule: Compiled, changes: Document) -> Document:
    return {"rule_id": rule.id, "name": rule.name, "changes": changes_document(changes)}


def changes_document(changes: Document) -> Document:
    """What changed, for people and for the log: parts by name, and amounts as decimal strings."""
    return {name: {side: _plain(name, value) for side, value in sides.items()} for name, sides in changes.items()}


def _plain(name: str, value: Any) -> Any:
    if name == "splits":
        return [{"amount": format(a, "f"), "category_id": c, "memo": m} for a, c, m in value]
    return value


async def applications(
    book: BookReader, page: PageRequest, *, rule_id: UUID | None = None, transaction_id: UUID | None = None
) -> Document:
    """A page of what rules did, the newest first; also of rules that are deleted."""
    name = f"applications {rule_id} {transaction_id}"
    before: repository.Place | None = None
    if page.cursor is not None:
        revision, *ids = decode_cursor(page.cursor, name, 3)
        try:
            before = (int(revision), UUID(ids[0]), UUID(ids[1]))
        except (TypeError, ValueError, AttributeError):
            raise bad_cursor() from None
        if not 0 <= before[0] < 2**62:
            raise bad_cursor()
    rows = await repository.applications(
        book.connection,
        book.book_id,
        rule_id=rule_id,
        transaction_id=transaction_id,
        before=before,
        limit=page.limit + 1,
    )
    if rule_id is not None and before is None and not rows:
        await _find(book, rule_id)
    items = rows[: page.limit]
    cursor = None
    if len(rows) > page.limit:
        cursor = encode_cursor(name, [items[-1].revision, items[-1].transaction_id, items[-1].rule_id])
    return {"items": [_application(row) for row in items], "next_cursor": cursor, "total": None}


def _application(row: AnyRow) -> Document:
    return {
        "rule_id": row.rule_id,
        "rule_name": row.rule_name,
        "transaction_id": row.transaction_id,
        "revision": row.revision,
        "trigger": row.cause,
        "changes": row.changes,
        "at": row.at,
    }


def _values(body: RuleIn) -> Document:
    """The row's own columns."""
    written = body.model_dump(mode="json", by_alias=True)
    return {
        "name": body.name,
        "enabled": body.enabled,
        "triggers": list(body.on),
        "condition": written["condition"],
        "actions": written["actions"],
        "account_ids": sorted({account for _, account in accounts_of(body)}),
    }


def _document(row: AnyRow, rank: int) -> Document:
    document = dict(row._mapping)  # noqa: SLF001  # the documented way to a row's mapping
    return {**document, "position": rank, "on": document["triggers"]}


def image(row: AnyRow) -> Document:
    """A rule for the event log, whole."""
    return {str(name): value for name, value in row._mapping.items() if name not in _OWN}  # noqa: SLF001  # as above
