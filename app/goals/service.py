"""Goals: making and changing them, and where they stand."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookReader, BookWriter, Event
from app.accounts.errors import AccountNotFoundError
from app.accounts.schemas import LIABILITIES
from app.budgets import service as budgets
from app.budgets.errors import BudgetNotFoundError
from app.core.clock import now
from app.core.conditional import check_revision
from app.core.errors import FieldError, InvalidError
from app.core.ids import new_id
from app.core.money import decimals, quantum
from app.currencies.service import exponent_of
from app.goals import reaching, repository
from app.goals.progress import Aim, Source, Standing
from app.goals.reading import Overview, claim_of, document_of, documents, overview, place_of
from app.goals.schemas import GoalIn, GoalPatch, GoalReplace
from app.transactions.errors import ArchivedError

ENTITY = "goal"
SOURCE = "goal_source"
MAX_GOALS = 500

Document = dict[str, Any]


class TooManyGoalsError(InvalidError):
    code = "too_many_goals"


async def every(book: BookReader) -> list[Document]:
    """All goals with where they stand today, archived ones too, in the order in which they were made."""
    return documents(await overview(book, book.actor.today()))


async def get(book: BookReader, goal_id: UUID) -> Document:
    return document_of(await overview(book, book.actor.today()), goal_id)


async def create(book: BookWriter, body: GoalIn) -> Document:
    """Raises `InvalidError` for what does not go together, `AccountNotFoundError`, `TooManyGoalsError`."""
    exponent = await exponent_of(book.connection, body.currency, "currency")
    today = book.actor.today()
    present = await overview(book, today, [source.model_dump() for source in body.sources])
    if len(present.rows) >= MAX_GOALS:
        detail = f"a book has at most {MAX_GOALS} goals: delete some"
        raise TooManyGoalsError(FieldError("name", TooManyGoalsError.code, detail))
    values = body.model_dump(exclude={"id", "sources"})
    values["start_date"] = body.start_date or today
    sources = body.model_dump(include={"sources"})["sources"]
    _check(values, sources, exponent, today)
    _check_accounts(present, values, sources)
    await _check_envelopes(book, values, sources)
    goal_id = body.id or new_id()
    if values["start_amount"] is None:
        values["start_amount"] = _amount_now(present, goal_id, values, sources, exponent, today)
    _round(values, exponent)
    await repository.add(book.connection, {**values, "book_id": book.book_id, "id": goal_id, "revision": book.revision})
    await _add_sources(book, goal_id, sources)
    after = await reaching.look(book)
    document = document_of(after, goal_id)
    book.record(Event(ENTITY, goal_id, "created", after=_as_event(document)))
    return document


async def replace(book: BookWriter, goal_id: UUID, body: GoalReplace, expected: int | None) -> Document:
    changes = body.model_dump()
    for name in ("start_amount", "start_date"):  # what was at the start does not change by being left out
        if changes[name] is None:
            del changes[name]
    return await _change(book, goal_id, changes, expected)


async def patch(book: BookWriter, goal_id: UUID, body: GoalPatch, expected: int | None) -> Document:
    return await _change(book, goal_id, body.model_dump(include=body.model_fields_set), expected)


async def _change(book: BookWriter, goal_id: UUID, changes: Document, expected: int | None) -> Document:
    today = book.actor.today()
    sources: list[Document] | None = changes.pop("sources", None)
    present = await overview(book, today, sources or ())
    before = document_of(present, goal_id)
    check_revision(expected, before["revision"])
    archived = changes.pop("archived", None)
    if archived is not None and archived != (before["archived_at"] is not None):
        changes["archived_at"] = now() if archived else None
    exponent = next(row.exponent for row in present.rows if row.id == goal_id)
    _check({**before, **changes}, before["sources"] if sources is None else sources, exponent, today)
    _round(changes, exponent)
    await _check_envelopes(book, before, before["sources"] if sources is None else sources)
    if sources is not None:
        _check_accounts(present, before, sources, kept={s["account_id"] for s in before["sources"]})
        if [claim_of(source) for source in sources] != [claim_of(source) for source in before["sources"]]:
            await _remove_sources(book, before)
            await _add_sources(book, goal_id, sources)
    await repository.change(book.connection, book.book_id, goal_id, {**changes, "revision": book.revision})
    document = document_of(await reaching.look(book), goal_id)
    book.record(Event(ENTITY, goal_id, "updated", before=_as_event(before), after=_as_event(document)))
    return document


async def delete(book: BookWriter, goal_id: UUID, expected: int | None) -> None:
    """Its money is free for other goals then; nothing happens to the accounts."""
    before = await get(book, goal_id)
    check_revision(expected, before["revision"])
    await _remove_sources(book, before)
    await repository.remove(book.connection, book.book_id, goal_id)
    await reaching.forget(book, goal_id)
    book.record(Event(ENTITY, goal_id, "deleted", before=_as_event(before)))
    await reaching.look(book)


async def _add_sources(book: BookWriter, goal_id: UUID, sources: Sequence[Document]) -> None:
    rows = [
        {"id": new_id(), "goal_id": goal_id, "line": line, **claim_of(source)} for line, source in enumerate(sources)
    ]
    await repository.add_sources(book.connection, [{**row, "book_id": book.book_id} for row in rows])
    for row in rows:
        book.record(Event(SOURCE, row["id"], "created", after={**row, **_told_with(sources)}))


async def _remove_sources(book: BookWriter, goal: Document) -> None:
    await repository.remove_sources(book.connection, book.book_id, goal["id"])
    for line, source in enumerate(goal["sources"]):
        image = {
            "id": source["id"],
            "goal_id": goal["id"],
            "line": line,
            **claim_of(source),
            **_told_with(goal["sources"]),
        }
        book.record(Event(SOURCE, source["id"], "deleted", before=image))


def _told_with(sources: Sequence[Document]) -> Document:
    """All accounts of the goal: the log hides the event of each source from who does not see one of them."""
    return {"accounts": [source["account_id"] for source in sources if source["account_id"] is not None]}


def _check(goal: Document, sources: Sequence[Document], exponent: int, today: date) -> None:
    """What must hold of a whole goal."""
    wrong = []
    saving = goal["kind"] == "save_up"
    if saving and goal["target_amount"] == 0:
        wrong.append(FieldError("target_amount", "not_positive", "must be greater than 0: there is nothing to save up"))
    wrong += [
        FieldError(name, "too_many_decimals", f"{goal['currency']} has {exponent} decimals")
        for name in ("target_amount", "start_amount")
        if goal[name] is not None and decimals(goal[name]) > exponent
    ]
    if goal["start_date"] > today:
        wrong.append(FieldError("start_date", "date_in_future", f"is in the future: today is {today}"))
    if goal["target_date"] is not None and goal["target_date"] <= goal["start_date"]:
        wrong.append(FieldError("target_date", "not_after_start", f"must be after the start, {goal['start_date']}"))
    for number, source in enumerate(sources):
        if not saving and (source["share"] is not None or source["earmark"] is not None):
            detail = "a debt is paid down whole: leave out share and earmark"
            wrong.append(FieldError(f"sources.{number}", "claim_on_debt", detail))
    if wrong:
        raise InvalidError(wrong)


def _check_accounts(
    present: Overview, goal: Document, sources: Sequence[Document], kept: frozenset[UUID] | set[UUID] = frozenset()
) -> None:
    """The accounts exist, are of the right class, and are not archived unless the goal had them before.

    A debt is in the goal's currency, for it must not look paid off because it was not converted.
    """
    kind, currency, wrong, archived = goal["kind"], goal["currency"], [], []
    for number, source in enumerate(sources):
        if source["account_id"] is None:
            continue
        account = present.accounts.get(source["account_id"])
        if account is None:
            raise AccountNotFoundError(source["account_id"])
        place = f"sources.{number}.account_id"
        if account.archived_at is not None and account.id not in kept:
            archived.append(FieldError(place, "account_archived", "is archived"))
        if (account.type in LIABILITIES) != (kind == "pay_down"):
            detail = "is not an account on which you owe" if kind == "pay_down" else "is an account on which you owe"
            wrong.append(FieldError(place, "wrong_account_class", detail))
        if kind == "pay_down" and account.currency != currency:
            detail = f"is in {account.currency}, the goal in {currency}"
            wrong.append(FieldError(place, "currency_mismatch", detail))
        earmark = source["earmark"]
        if earmark is not None and decimals(earmark) > account.exponent:
            detail = f"{account.currency} has {account.exponent} decimals"
            wrong.append(FieldError(f"sources.{number}.earmark", "too_many_decimals", detail))
    if wrong:
        raise InvalidError(wrong)
    if archived:
        raise ArchivedError(archived)


async def _check_envelopes(book: BookReader, goal: Document, sources: Sequence[Document]) -> None:
    """The budgets exist, are envelopes of everybody's money, and the goal is one to save up.

    An envelope over some accounts or tags may be hidden from some members; the log of a goal would tell them of it.
    """
    wanted = {number: source for number, source in enumerate(sources) if source["budget_id"] is not None}
    known = {one["id"]: one for one in await budgets.every(book, archived=None)} if wanted else {}
    wrong = []
    for number, source in wanted.items():
        budget = known.get(source["budget_id"])
        if budget is None:
            raise BudgetNotFoundError(source["budget_id"])
        place = f"sources.{number}.budget_id"
        if budget["kind"] != "envelope":
            wrong.append(FieldError(place, "not_an_envelope", "is a limit: there is no money in it"))
        elif goal["kind"] != "save_up":
            wrong.append(FieldError(place, "envelope_for_debt", "is money, and the goal is about a debt"))
        elif budget["account_ids"] or budget["tag_ids"]:
            wrong.append(FieldError(place, "envelope_of_part", "counts some accounts or tags only: take one over all"))
        elif source["earmark"] is not None and decimals(source["earmark"]) > book.base_exponent:
            detail = f"{book.base_currency} has {book.base_exponent} decimals"
            wrong.append(FieldError(f"sources.{number}.earmark", "too_many_decimals", detail))
    if wrong:
        raise InvalidError(wrong)


def _amount_now(
    present: Overview, goal_id: UUID, values: Document, sources: Sequence[Document], exponent: int, today: date
) -> Decimal:
    """What a new goal starts with: what those before it leave, or what is owed."""
    aim = Aim(
        goal_id,
        values["kind"],
        values["currency"],
        exponent,
        values["target_amount"],
        values["target_date"],
        Decimal(0),
        values["start_date"],
        tuple(Source(place_of(s), s["share"], s["earmark"]) for s in sources),
    )
    return Standing([*present.aims.values(), aim], present.holdings, today).current(aim)


def _round(values: Document, exponent: int) -> None:
    for name in ("target_amount", "start_amount"):
        if values.get(name) is not None:
            values[name] = values[name].quantize(quantum(exponent))


def _as_event(document: Document) -> Document:
    """What the log keeps: nothing that follows from accounts."""
    image = {key: value for key, value in document.items() if key not in {"updated_at", "status", "reached_at"}}
    return {**image, "sources": [claim_of(source) for source in document["sources"]]}
