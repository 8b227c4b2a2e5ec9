"""The forecast: what a book holds today, what is planned, what budgets leave to spend, and what is usual besides.

A few statements read it, whatever the book has seen: balances, a year of monthly totals, schedules and budgets. The
arithmetic is done off the event loop.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from anyio import to_thread
from dateutil.relativedelta import relativedelta

from app.access.context import BookReader
from app.accounts.errors import AccountNotFoundError
from app.accounts.schemas import LIABILITIES
from app.core.errors import invalid
from app.forecast import repository
from app.forecast.changes import Assumptions, assumed
from app.forecast.changes_schemas import WhatIf
from app.forecast.documents import difference, document, fineness
from app.forecast.learning import (
    Key,
    first_month,
    known_months,
    last_explained,
    learn,
    months_of,
    unexplained,
    without_keys,
)
from app.forecast.model import Account, Budgeted, Entry, Flow, Plan, Rest, Side
from app.forecast.projection import project
from app.forecast.schemas import ForecastQuery
from app.forecast.sources import budgets_of, entries_of, furthest
from app.forecast.spending import Budget, spend


@dataclass(frozen=True)
class Ground:
    """All that was read for a forecast, before anything is reckoned with it."""

    today: date
    last: date
    until: date
    """Up to here `entries` and the periods of `budgets` are known: past the last day, as periods end later."""
    base: Account
    accounts: tuple[Account, ...]
    """All that are not archived, in their order."""
    archived: frozenset[UUID]
    kinds: dict[UUID, Side]
    flows: tuple[Flow, ...]
    entries: tuple[Entry, ...]
    budgets: tuple[Budget, ...]


async def forecast(book: BookReader, query: ForecastQuery) -> dict[str, Any]:
    """Where balances go in the coming months.

    Raises `AccountNotFoundError` for an account that is not there, and `InvalidError` for one that is archived or for
    more points than an answer has.
    """
    ground = await _read(book, query.months, with_budgets=query.budgets)
    wanted = _wanted(ground, query.account_id)
    points = fineness(ground.today, ground.last, _lines(ground, wanted), query.points)

    def reckon() -> dict[str, Any]:
        habits = Habits(ground)
        plan = _plan(ground, habits, habits.rest(ground) if query.rest else (), wanted)
        return document(plan, project(plan), base=ground.base, months=query.months, points=points, floor=query.floor)

    return await to_thread.run_sync(reckon)


async def what_if(book: BookReader, body: WhatIf) -> dict[str, Any]:
    """The forecast as things are, the one with the assumptions, and the second less the first.

    Nothing is written. What is usual besides is learned from the book as it is: a schedule that is assumed away does
    not come back as a habit. Raises the errors of `forecast`, and `InvalidError` for assumptions that cannot be made.
    """
    ground = await _read(book, body.months, with_budgets=body.budgets)
    wanted = _wanted(ground, body.account_ids)
    # Three times as many lines: as things are, as assumed, and the difference.
    points = fineness(ground.today, ground.last, 3 * _lines(ground, wanted), body.points)
    known = Assumptions(ground.today, ground.last, ground.until, ground.accounts, frozenset(ground.kinds))
    accounts, entries = assumed(known, ground.entries, body.changes)
    other = replace(ground, accounts=accounts, entries=entries)

    def reckon() -> dict[str, Any]:
        habits = Habits(ground)
        rest = habits.rest(ground) if body.rest else ()
        first, second = _plan(ground, habits, rest, wanted), _plan(other, habits, rest, wanted)
        before, after = project(first), project(second)
        baseline, scenario = (
            document(plan, lines, base=ground.base, months=body.months, points=points, floor=body.floor)
            for plan, lines in ((first, before), (second, after))
        )
        return {"baseline": baseline, "scenario": scenario, "difference": difference(first, before, after, points)}

    return await to_thread.run_sync(reckon)


async def _read(book: BookReader, months: int, *, with_budgets: bool) -> Ground:
    today = book.actor.today()
    last = today + relativedelta(months=months)
    found, tree, flows = await repository.ground(
        book.connection, book.book_id, first_month(today), today.replace(day=1)
    )
    accounts = tuple(_account(row) for row in found)
    base = Account(UUID(int=0), "", "", book.base_currency, book.base_exponent, 0)
    until = max(last, last_explained(today))
    budgets: tuple[Budget, ...] = ()
    if with_budgets:
        until, budgets = await budgets_of(book, tree, base, today, until)
    return Ground(
        today,
        last,
        until,
        base,
        tuple(account for account in accounts if not account.is_archived),
        frozenset(account.id for account in accounts if account.is_archived),
        {UUID(each["id"]): each["kind"] for each in tree},
        tuple(_flow(row) for row in flows),
        tuple(await entries_of(book, accounts, furthest(today), until)),
        budgets,
    )


def _account(row: dict[str, Any]) -> Account:
    return Account(
        UUID(row["id"]),
        row["name"],
        row["type"],
        row["currency"],
        row["exponent"],
        int(row["balance"]),
        row["type"] in LIABILITIES,
        row["archived"],
        row["private"],
    )


def _flow(row: list[Any]) -> Flow:
    account_id, category_id, month, inflow, outflow = row
    return Flow(
        UUID(account_id), category_id and UUID(category_id), date.fromisoformat(month), int(inflow), int(outflow)
    )


def _wanted(ground: Ground, account_ids: Sequence[UUID]) -> frozenset[UUID]:
    """The accounts to show; all without any named."""
    present = frozenset(account.id for account in ground.accounts)
    for number, account_id in enumerate(account_ids):
        if account_id in ground.archived:
            raise invalid(f"account_id.{number}", "archived", "this account is archived: nothing more is planned on it")
        if account_id not in present:
            raise AccountNotFoundError(account_id)
    return frozenset(account_ids) or present


def _lines(ground: Ground, wanted: frozenset[UUID]) -> int:
    """How many lines an answer has: one of each account, and one of each currency."""
    return len(wanted) + len({account.currency for account in ground.accounts if account.id in wanted})


class Habits:
    """What is usual in a book as it is; assumptions change what is planned, and none of this."""

    def __init__(self, ground: Ground) -> None:
        present = {account.id for account in ground.accounts}
        whole = months_of((flow for flow in ground.flows if flow.account_id in present), ground.kinds, ground.today)
        self.months = known_months(whole)
        self.series = unexplained(whole, ground.entries, ground.kinds, ground.today)

    def budgeted(self, ground: Ground) -> tuple[list[Budgeted], frozenset[Key]]:
        """What budgets take beside what is planned in `ground`, and the series that this explains."""
        in_base = [account for account in ground.accounts if account.currency == ground.base.currency]
        expense = frozenset(category_id for category_id, kind in ground.kinds.items() if kind == "expense")
        return spend(
            ground.budgets, ground.entries, self.series, self.months, in_base, expense, ground.today, ground.until
        )

    def rest(self, ground: Ground) -> tuple[Rest, ...]:
        """What neither schedules nor budgets explain."""
        _, explained = self.budgeted(ground)
        return tuple(learn(without_keys(self.series, explained), self.months))


def _plan(ground: Ground, habits: Habits, rest: tuple[Rest, ...], wanted: frozenset[UUID]) -> Plan:
    return Plan(
        ground.today,
        ground.last,
        tuple(account for account in ground.accounts if account.id in wanted),
        ground.entries,
        tuple(habits.budgeted(ground)[0]),
        rest,
    )
