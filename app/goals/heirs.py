"""Goals and the terms of loans go over from an account to its heir."""

from typing import Any
from uuid import UUID

from app.access.context import BookReader, BookWriter, Event
from app.access.heirs import Going, Heir, HeirDoesNotFitError, Use, name_ledger
from app.accounts import repository as accounts
from app.accounts.schemas import LIABILITIES
from app.core.database import AnyRow
from app.goals import loan_repository, loans, repository
from app.goals.service import ENTITY, SOURCE

Document = dict[str, Any]
OWN = (
    "id", "name", "kind", "currency", "target_amount", "target_date", "start_amount", "start_date", "notes",
    "archived_at", "revision", "created_at",
)  # fmt: skip
CLAIM = ("goal_id", "line", "account_id", "budget_id", "share", "earmark")


async def users(book: BookReader, going: Going) -> list[Use]:
    if going.kind != "account":
        return []
    named = {row.goal_id for row in await repository.sources_on(book.connection, book.book_id, going.ids)}
    goals = [row for row in await repository.every(book.connection, book.book_id) if row.id in named]
    return [Use(ENTITY, row.id, row.name) for row in goals] + [
        Use(loans.ENTITY, row.id, row.account_name) for row in await _loans(book, going)
    ]


async def _loans(book: BookReader, going: Going) -> list[AnyRow]:
    return [row for row in await loan_repository.every(book.connection, book.book_id) if row.account_id in going.ids]


async def inherit(book: BookWriter, going: Going, heir: Heir) -> None:
    """Raises `HeirDoesNotFitError` where a debt would be on an account of yours, and where two claims make no one."""
    if going.kind != "account":
        return
    account = await accounts.get(book.connection, book.book_id, heir.id)
    owes = account is not None and account.type in LIABILITIES
    await _goals(book, going, heir, owes=owes)
    await _terms(book, going, heir, owes=owes)


async def _goals(book: BookWriter, going: Going, heir: Heir, *, owes: bool) -> None:
    old = await repository.sources_on(book.connection, book.book_id, going.ids)
    present = {row.goal_id: row for row in await repository.sources_on(book.connection, book.book_id, [heir.id])}
    goals = {row.id: row for row in await repository.every(book.connection, book.book_id)}
    for source in old:
        goal = goals[source.goal_id]
        if owes != (goal.kind == "pay_down"):
            what = "debts" if goal.kind == "pay_down" else "money"
            raise HeirDoesNotFitError(f"The goal '{goal.name}' is about {what}, which the other account does not hold.")
        await _source(book, goal, source, present.get(goal.id), heir)
        await repository.change(book.connection, book.book_id, goal.id, {"revision": book.revision})
    touched = {source.goal_id for source in old}
    after = {row.id: row for row in await repository.every(book.connection, book.book_id)} if touched else {}
    for goal_id in sorted(touched):
        book.record(Event(ENTITY, goal_id, "updated", before=_image(goals[goal_id]), after=_image(after[goal_id])))


async def _source(book: BookWriter, goal: AnyRow, old: AnyRow, other: AnyRow | None, heir: Heir) -> None:
    """Its claim is on the heir; where the goal has one on that already, the two become one."""
    named = {"accounts": _accounts(goal)}
    before = {**{name: getattr(old, name) for name in CLAIM}, **named}
    if other is None:
        values: Document = {"account_id": heir.id}
        await repository.change_source(book.connection, book.book_id, old.id, values)
        book.record(Event(SOURCE, old.id, "updated", before=before, after={**before, **values}))
        return
    if old.earmark is not None and other.earmark is not None:
        values = {"earmark": old.earmark + other.earmark}
    elif (old.share, old.earmark) == (other.share, other.earmark):
        values = {}
    else:
        raise HeirDoesNotFitError(
            f"The goal '{goal.name}' claims a part of each of the two accounts, and the parts do not sum: "
            "take one of them out of the goal first."
        )
    await repository.remove_source(book.connection, book.book_id, old.id)
    book.record(Event(SOURCE, old.id, "deleted", before={"id": old.id, **before}))
    if values:
        await repository.change_source(book.connection, book.book_id, other.id, values)
        image = {**{name: getattr(other, name) for name in CLAIM}, **named}
        book.record(Event(SOURCE, other.id, "updated", before=image, after={**image, **values}))


async def _terms(book: BookWriter, going: Going, heir: Heir, *, owes: bool) -> None:
    found = await _loans(book, going)
    if not found:
        return
    if not owes:
        raise HeirDoesNotFitError("There are loan terms for it, and on the other account nothing is owed.")
    if await _loans(book, Going("account", (heir.id,))):
        raise HeirDoesNotFitError("There are loan terms for both accounts: delete one of them first.")
    for row in found:
        before = await loans.get(book, row.id)
        values = {"account_id": heir.id, "revision": book.revision}
        await loan_repository.change(book.connection, book.book_id, row.id, values)
        after = await loans.get(book, row.id)
        book.record(Event(loans.ENTITY, row.id, "updated", before=loans.as_event(before), after=loans.as_event(after)))


def _accounts(goal: AnyRow) -> list[UUID]:
    return [source["account_id"] for source in goal.sources if source["account_id"] is not None]


def _image(goal: AnyRow) -> Document:
    claims = [{name: value for name, value in source.items() if name != "id"} for source in goal.sources]
    return {**{name: getattr(goal, name) for name in OWN}, "sources": claims}


name_ledger("goals", users, inherit)
