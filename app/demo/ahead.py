"""What the demo plans: what comes again and again, and what a month may cost.

Amounts are those of the last time, taken from the plan of the past, so a first run on another day plans what is true
then. What is planned is never posted by itself: the demo's own plan has the transactions of each day, and a run makes
the occurrences up to its day a thing of the past.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID, uuid5

from dateutil.relativedelta import relativedelta

from app.budgets.schemas import BudgetIn
from app.demo.household import INSURANCE, SUBSCRIPTIONS
from app.demo.income import EMPLOYER
from app.demo.moves import OPENINGS, AccountName, CategoryName
from app.demo.plan import NAMESPACE
from app.demo.rules import LOAN_DAY, LOAN_PAYMENT, LOAN_RATE, SAVING_DAY, SETTLEMENT_DAY
from app.goals.loan_schemas import LoanIn
from app.goals.schemas import GoalIn, SourceIn
from app.schedules.schemas import ScheduleIn
from app.transactions.schemas import FlowIn, TransferIn

CHECKING = AccountName.CHECKING
LAST_WORKDAY = "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"
MONTHS_OF_BUDGETS = 24
"""Budgets begin so many months after the demo does, a year before its first run."""
PUT_ASIDE = Decimal("250.00")
SAVED_UP, MONTHS_OF_SAVING = Decimal("26000.00"), 48


def monthly(day: int) -> str:
    return f"FREQ=MONTHLY;BYMONTHDAY={day}"


def yearly(month: int, day: int) -> str:
    return f"FREQ=YEARLY;BYMONTH={month};BYMONTHDAY={day}"


@dataclass(frozen=True)
class Past:
    """The demo up to today: when it began, its transactions by date, its accounts and categories."""

    start: date
    today: date
    bodies: Sequence[FlowIn | TransferIn]
    accounts: Mapping[AccountName, UUID]
    categories: Mapping[CategoryName, UUID]

    @property
    def tomorrow(self) -> date:
        return self.today + timedelta(days=1)


@dataclass(frozen=True)
class Payment:
    """Money spent or earned again and again; the last one with this payee, in this category and month, is its like."""

    name: str
    payee: str
    category: CategoryName
    rrule: str
    month: int | None = None
    account: AccountName = CHECKING
    is_bill: bool = False


@dataclass(frozen=True)
class Moved:
    """Money moved again and again; the last transfer with this description is its like."""

    name: str
    description: str
    rrule: str


PAYMENTS = (
    Payment("Salary", EMPLOYER, CategoryName.SALARY, LAST_WORKDAY),
    Payment("Rent", "Linden Housing", CategoryName.RENT, monthly(1)),
    *(Payment(text, payee, CategoryName.INSURANCE, yearly(month, 3), month) for month, _, payee, text, _ in INSURANCE),
    *(
        Payment(item.payee, item.payee, item.category, monthly(item.day), account=item.account, is_bill=True)
        for item in SUBSCRIPTIONS
    ),
)
MOVED = (
    Moved("Put aside", "Put aside", monthly(SAVING_DAY)),
    Moved("Cash", "Cash machine", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR"),
    Moved("Credit card settlement", "Credit card settlement", monthly(SETTLEMENT_DAY)),
    Moved("Car loan", "Car loan: repayment and interest", monthly(LOAN_DAY)),
)


@dataclass(frozen=True)
class Allowance:
    """What a month may cost."""

    name: str
    categories: tuple[CategoryName, ...]
    amount: str
    kind: Literal["limit", "envelope"] = "limit"
    rollover: Literal["none", "surplus", "both"] = "none"

    @property
    def id(self) -> UUID:
        return uuid5(NAMESPACE, f"budget/{self.name}")


ALLOWANCES = (
    Allowance("Food at home", (CategoryName.GROCERIES,), "420.00"),
    Allowance("Eating and going out", (CategoryName.RESTAURANTS, CategoryName.GOING_OUT), "330.00", rollover="surplus"),
    Allowance("Car", (CategoryName.FUEL, CategoryName.CAR), "180.00"),
    Allowance("Holidays", (CategoryName.TRAVEL,), str(PUT_ASIDE), "envelope", "both"),
)


def first_budgeted(start: date) -> date:
    """The first month that has budgets; `start` is that of the demo."""
    return start + relativedelta(months=MONTHS_OF_BUDGETS)


def budgets(past: Past) -> Iterator[BudgetIn]:
    """All budgets, always the same for the same start."""
    for number, each in enumerate(ALLOWANCES):
        yield BudgetIn(
            id=each.id,
            name=each.name,
            kind=each.kind,
            amount=Decimal(each.amount),
            period="monthly",
            start_date=first_budgeted(past.start),
            rollover=each.rollover,
            category_ids=[past.categories[name] for name in each.categories],
            sort=number,
        )


def envelope() -> UUID:
    """The budget that money is put into, month by month."""
    return next(each.id for each in ALLOWANCES if each.kind == "envelope")


def put_aside(past: Past) -> Iterator[date]:
    """On which days money went into the envelope: the first of each month up to today."""
    day = first_budgeted(past.start)
    while day <= past.today:
        yield day
        day += relativedelta(months=1)


def schedules(past: Past) -> Iterator[ScheduleIn]:
    """All schedules whose like is in the past, with its amount; what is due before tomorrow is passed over."""
    for payment in PAYMENTS:
        flow = _last_flow(past, payment)
        if flow is not None:
            template: dict[str, Any] = {
                "type": flow.type,
                "account_id": str(flow.account_id),
                "category_id": str(flow.category_id),
                "payee": flow.payee,
                "tags": list(flow.tags),
            }
            bill = {"kind": "bill", "tolerance": Decimal(25), "window_days": 5} if payment.is_bill else {}
            yield _schedule(past, payment.name, payment.rrule, template, flow.amount, **bill)
    for moved in MOVED:
        transfer = _last_transfer(past, moved)
        if transfer is not None:
            template = {
                "type": "transfer",
                "account_id": str(transfer.account_id),
                "to_account_id": str(transfer.to_account_id),
                "description": transfer.description,
            }
            if transfer.fee_amount is not None:
                template |= {"fee_amount": str(transfer.fee_amount), "fee_category_id": str(transfer.fee_category_id)}
            yield _schedule(past, moved.name, moved.rrule, template, transfer.amount)


def schedule_id(name: str) -> UUID:
    return uuid5(NAMESPACE, f"schedule/{name}")


def _schedule(past: Past, name: str, rrule: str, template: dict[str, Any], amount: Decimal, **more: Any) -> ScheduleIn:
    return ScheduleIn(
        id=schedule_id(name),
        name=name,
        template=template,
        rrule=rrule,
        starts_on=past.start,
        amount=amount,
        mode="confirm",
        active_from=past.tomorrow,
        **more,
    )


def _last_flow(past: Past, payment: Payment) -> FlowIn | None:
    wanted = payment.payee, past.accounts[payment.account], past.categories[payment.category]
    for body in reversed(past.bodies):
        if (
            isinstance(body, FlowIn)
            and (body.payee, body.account_id, body.category_id) == wanted
            and payment.month in {None, body.date.month}
        ):
            return body
    return None


def _last_transfer(past: Past, moved: Moved) -> TransferIn | None:
    bodies = (body for body in reversed(past.bodies) if isinstance(body, TransferIn))
    return next((body for body in bodies if body.description == moved.description), None)


def goal(past: Past) -> GoalIn:
    """What the savings are for: an amount four years after the demo begins, if that is still ahead."""
    until = past.start + relativedelta(months=MONTHS_OF_SAVING)
    return GoalIn(
        id=uuid5(NAMESPACE, "goal/Rainy days"),
        name="Rainy days",
        kind="save_up",
        currency=OPENINGS[AccountName.SAVINGS].currency,
        target_amount=SAVED_UP,
        target_date=until if until > past.today else None,
        sources=[SourceIn(account_id=past.accounts[AccountName.SAVINGS])],
        start_amount=OPENINGS[AccountName.SAVINGS].balance,
        start_date=past.start,
    )


def loan(past: Past) -> LoanIn:
    """The terms of the car loan, as the plan of the past pays it."""
    return LoanIn(
        id=uuid5(NAMESPACE, "loan/Car loan"),
        account_id=past.accounts[AccountName.LOAN],
        principal=-OPENINGS[AccountName.LOAN].balance,
        annual_rate=100 * LOAN_RATE,
        payment=LOAN_PAYMENT,
        first_payment_date=past.start.replace(day=LOAN_DAY),
    )
