"""The newest state of rows of any kind, as reading each through its own route gives it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import ARRAY, Uuid, bindparam, text

from app.access.context import BookReader
from app.accounts import service as accounts
from app.accounts.schemas import AccountOut, ReconciliationOut
from app.assets import prices
from app.assets import service as assets
from app.assets.schemas import AssetState, PriceState
from app.budgets import groups as budget_groups
from app.budgets import service as budgets
from app.budgets.outputs import BudgetState, GroupOut
from app.categories import service as categories
from app.categories.schemas import CategoryOut
from app.goals import loans
from app.goals import service as goals
from app.goals.loan_schemas import LoanState
from app.goals.schemas import GoalState
from app.history.schemas import AttachmentState, PayeeState, TagState
from app.imports import service as imports
from app.imports.schemas import ImportOut
from app.performance import targets
from app.performance.target_schemas import TargetState
from app.portfolio import methods
from app.portfolio import service as trades
from app.portfolio.outputs import CostMethodState, TradeState
from app.rates.schemas import RateOut
from app.reports import saved_service as saved_reports
from app.reports.saved_schemas import SavedOut
from app.rules import service as rules
from app.rules.schemas import RuleState
from app.schedules import service as schedules
from app.schedules.outputs import ScheduleOut
from app.transactions import service as transactions
from app.transactions.outputs import TransactionOut

State = dict[str, Any]
Read = Callable[[BookReader, Sequence[UUID]], Awaitable[dict[UUID, Any]]]

_IDS = (bindparam("book", type_=Uuid), bindparam("ids", type_=ARRAY(Uuid)))
_PAYEES = text(
    """
    SELECT p.id, p.name, p.default_category_id, p.revision,
           coalesce((SELECT array_agg(a.alias ORDER BY a.alias_key) FROM payee_aliases a
                     WHERE a.book_id = :book AND a.payee_id = p.id), '{}') AS aliases
    FROM payees p WHERE p.book_id = :book AND p.id = ANY(:ids)
    """
).bindparams(*_IDS)
_TAGS = text("SELECT id, name, revision FROM tags WHERE book_id = :book AND id = ANY(:ids)").bindparams(*_IDS)
_RECONCILIATIONS = text(
    """
    SELECT id, account_id, statement_date, statement_balance, sealed_count, revision, created_at
    FROM reconciliations WHERE book_id = :book AND id = ANY(:ids)
    """
).bindparams(*_IDS)
_ATTACHMENTS = text(
    """
    SELECT a.id, a.transaction_id, a.file_name, f.media_type, f.size, encode(a.sha256, 'hex') AS sha256, a.revision,
           a.created_at
    FROM attachments a JOIN files f ON f.book_id = a.book_id AND f.sha256 = a.sha256
    WHERE a.book_id = :book AND a.id = ANY(:ids)
    """
).bindparams(*_IDS)

_BOOK_RATES = text(
    "SELECT id, base, quote, date, rate, source, revision FROM book_rates WHERE book_id = :book AND id = ANY(:ids)"
).bindparams(*_IDS)


async def states(book: BookReader, entity: str, ids: Sequence[UUID]) -> dict[UUID, State]:
    """Those of these rows that are there, as JSON documents."""
    read, adapter = _READERS[entity]
    found = await read(book, ids)
    return {
        row_id: adapter.dump_python(adapter.validate_python(row, from_attributes=True), mode="json", by_alias=True)
        for row_id, row in found.items()
    }


def _by(statement: Any) -> Read:
    async def read(book: BookReader, ids: Sequence[UUID]) -> dict[UUID, Any]:
        rows = (await book.connection.execute(statement, {"book": book.book_id, "ids": list(ids)})).mappings()
        return {row["id"]: dict(row) for row in rows}

    return read


def _of_all(every: Callable[[BookReader], Awaitable[list[State]]]) -> Read:
    """For kinds of which a book has a handful: all are read, these are taken."""

    async def read(book: BookReader, ids: Sequence[UUID]) -> dict[UUID, Any]:
        wanted = set(ids)
        return {row["id"]: row for row in await every(book) if row["id"] in wanted}

    return read


async def _imports(book: BookReader, ids: Sequence[UUID]) -> dict[UUID, Any]:
    return {document["id"]: document for document in await imports.get_many(book, ids)}


async def _every_account(book: BookReader) -> list[State]:
    return await accounts.every(book, archived=None)


async def _every_schedule(book: BookReader) -> list[State]:
    return await schedules.every(book, None, archived=True)


async def _every_group(book: BookReader) -> list[State]:
    return [dict(row._mapping) for row in await budget_groups.every(book)]  # noqa: SLF001  # the documented way


_READERS: dict[str, tuple[Read, TypeAdapter[Any]]] = {
    "account": (_of_all(_every_account), TypeAdapter(AccountOut)),
    "allocation_target": (_of_all(targets.every), TypeAdapter(TargetState)),
    "asset": (assets.get_many, TypeAdapter(AssetState)),
    "asset_price": (prices.get_many, TypeAdapter(PriceState)),
    "attachment": (_by(_ATTACHMENTS), TypeAdapter(AttachmentState)),
    "book_rate": (_by(_BOOK_RATES), TypeAdapter(RateOut)),
    "budget": (budgets.states, TypeAdapter(BudgetState)),
    "budget_group": (_of_all(_every_group), TypeAdapter(GroupOut)),
    "category": (_of_all(categories.every), TypeAdapter(CategoryOut)),
    "cost_method": (methods.states, TypeAdapter(CostMethodState)),
    "goal": (_of_all(goals.every), TypeAdapter(GoalState)),
    "import": (_imports, TypeAdapter(ImportOut)),
    "loan": (_of_all(loans.every), TypeAdapter(LoanState)),
    "payee": (_by(_PAYEES), TypeAdapter(PayeeState)),
    "reconciliation": (_by(_RECONCILIATIONS), TypeAdapter(ReconciliationOut)),
    "rule": (_of_all(rules.states), TypeAdapter(RuleState)),
    "saved_report": (_of_all(saved_reports.every), TypeAdapter(SavedOut)),
    "schedule": (_of_all(_every_schedule), TypeAdapter(ScheduleOut)),
    "tag": (_by(_TAGS), TypeAdapter(TagState)),
    "trade": (trades.get_many, TypeAdapter(TradeState)),
    "transaction": (transactions.get_many, TypeAdapter(TransactionOut)),
}
