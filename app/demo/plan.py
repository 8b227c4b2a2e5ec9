"""Three years of one person's money, day by day, as the transactions a client would send.

The plan is a pure function of its dates. A day depends on the days before it alone, so a plan that goes further has
the same past; ids come from what happened when, so the same transaction always has the same one.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from uuid import UUID, uuid5

from app.demo.everyday import everyday
from app.demo.holidays import away, holidays
from app.demo.household import household
from app.demo.income import income
from app.demo.months import Month, months
from app.demo.moves import OPENINGS, AccountName, CategoryName, Flow, Move, Transfer
from app.demo.occasions import occasions
from app.demo.rules import cover, obligations
from app.transactions.schemas import FlowIn, SplitIn, Status, TransferIn

NAMESPACE = UUID("6f1d3f0e-7c55-5b0c-9a53-0d2f4b1c8e77")
YEARS = 3
DAYS_UNTIL_CLEARED = 3
BY_BANK = frozenset({AccountName.CHECKING, AccountName.CARD})


def first_day(today: date) -> date:
    """The first of this month, three years ago."""
    return date(today.year - YEARS, today.month, 1)


def account_id(name: AccountName) -> UUID:
    return uuid5(NAMESPACE, f"account/{name.name}")


def bodies(
    start: date, end: date, accounts: Mapping[AccountName, UUID], categories: Mapping[CategoryName, UUID]
) -> Iterator[FlowIn | TransferIn]:
    """All transactions from `start` to `end`, both included, by date; card payments of the last days are pending."""
    seen: Counter[tuple[date, str]] = Counter()
    for move in moves(start, end):
        number = seen[move.day, move.stream]
        seen[move.day, move.stream] += 1
        transaction_id = uuid5(NAMESPACE, f"{move.stream}/{move.day}/{number}")
        if isinstance(move, Transfer):
            yield _transfer(move, transaction_id, accounts, categories)
        else:
            recent = move.day > end - timedelta(days=DAYS_UNTIL_CLEARED)
            by_bank = move.direction == "expense" and move.account in BY_BANK
            yield _flow(move, transaction_id, accounts, categories, "pending" if recent and by_bank else "cleared")


def moves(start: date, end: date) -> Iterator[Move]:
    """The same before it has ids; a month is planned whole and lived day by day, with the balances of that day."""
    balances = {name: opening.balance for name, opening in OPENINGS.items()}
    agenda: defaultdict[date, list[Move]] = defaultdict(list)
    for month in months(start, end):
        for planned in _planned(month):
            agenda[planned.day].append(planned)
        card_statement = balances[AccountName.CARD]
        for day in month.days():
            if day > end:
                return
            due = [*agenda.pop(day, []), *obligations(month, day, balances, card_statement)]
            for move in (*cover(month, day, due, balances), *due):
                for name, change in move.changes():
                    balances[name] += change
                yield move


def _planned(month: Month) -> Iterator[Flow]:
    """What the month brings whatever the balances are."""
    elsewhere = away(month)
    yield from income(month)
    yield from household(month)
    yield from holidays(month)
    yield from (move for move in everyday(month) if move.day not in elsewhere)
    yield from (move for move in occasions(month) if move.day not in elsewhere)


def _flow(
    move: Flow,
    transaction_id: UUID,
    accounts: Mapping[AccountName, UUID],
    categories: Mapping[CategoryName, UUID],
    status: Status,
) -> FlowIn:
    amount, currency = move.original or (None, None)
    splits = [SplitIn(category_id=categories[part.category], amount=part.amount, memo=part.memo) for part in move.parts]
    return FlowIn(
        id=transaction_id,
        type=move.direction,
        date=move.day,
        amount=move.amount,
        account_id=accounts[move.account],
        category_id=categories[move.category] if move.category else None,
        splits=splits or None,
        payee=move.payee,
        description=move.description,
        notes=move.notes,
        tags=list(move.tags),
        status=status,
        original_amount=amount,
        original_currency=currency,
    )


def _transfer(
    move: Transfer,
    transaction_id: UUID,
    accounts: Mapping[AccountName, UUID],
    categories: Mapping[CategoryName, UUID],
) -> TransferIn:
    return TransferIn(
        type="transfer",
        id=transaction_id,
        date=move.day,
        amount=move.amount,
        account_id=accounts[move.source],
        to_account_id=accounts[move.target],
        to_amount=move.received,
        fee_amount=move.fee,
        fee_category_id=categories[CategoryName.FEES] if move.fee else None,
        description=move.description,
    )
