"""Plans out of debt: over the loans of the book, or over debts that are stated."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_UP, Decimal
from typing import Any
from uuid import UUID

from anyio import to_thread

from app.access.context import BookReader
from app.core.errors import FieldError, InvalidError, invalid
from app.core.money import decimals, plain, quantum
from app.currencies.service import exponent_of
from app.goals import dates, loans, payoff
from app.goals.amortisation import Terms, next_payment, periodic_rate
from app.goals.debt_schemas import MAX_DEBTS, DebtIn, DebtPlanIn
from app.goals.payoff import Debt, MonthlyRate, Outcome, Plan

MAX_DETAILS = 30_000
"""Payments that an answer lists one by one."""

Document = dict[str, Any]


class MonthlyAmountTooSmallError(InvalidError):
    """With this much a month the debts are never paid; `needed` is the least that is taken."""

    code = "monthly_amount_too_small"
    title = "The monthly amount is too small"


@dataclass(frozen=True)
class Named:
    """A debt and what it is called."""

    name: str
    loan_id: UUID | None
    annual_rate: Decimal
    debt: Debt

    @property
    def key(self) -> str:
        return self.name if self.loan_id is None else str(self.loan_id)


async def plan(book: BookReader, body: DebtPlanIn) -> Document:
    """The plan by one strategy, with the others beside it.

    Raises `InvalidError` for debts in several currencies, an order that is not one of all debts, and amounts finer than
    the currency; `MonthlyAmountTooSmallError` where the money does not cover the minimums and the interest.
    """
    today = book.actor.today()
    if body.debts is None:
        currency, exponent, found = await _of_book(book, body.currency, today)
    else:
        currency = body.currency or book.base_currency
        exponent = await exponent_of(book.connection, currency, "currency")
        found = _stated(body.debts, currency, exponent)
    _check_amounts(body, currency, exponent)
    order = _order(body, found)
    first = body.first_payment_date or dates.due(today, 12, 1)
    unit = quantum(exponent)
    least = sum((named.debt.minimum for named in found), Decimal(0)).quantize(unit)
    amount = least if body.monthly_amount is None else body.monthly_amount.quantize(unit)
    extra: dict[int, Decimal] = {}
    for once in body.extra:
        month = dates.passed(first, 12, once.date) + 1
        extra[month] = extra.get(month, Decimal(0)) + once.amount
    planned = Plan(tuple(named.debt for named in found), first, exponent, amount, extra)
    _check_enough(planned, least)
    return await to_thread.run_sync(_computed, body, planned, found, order, currency)


async def _of_book(book: BookReader, currency: str | None, today: date) -> tuple[str, int, list[Named]]:
    """The loans of accounts that are not archived and on which something is owed."""
    owing = [loan for loan in await loans.every(book) if loan["owed"] and not loan["account_archived"]]
    found = [loan for loan in owing if currency in {None, loan["currency"]}]
    if not found:
        raise invalid(
            "debts", "no_debts", "nothing is owed on an account with loan terms: state the debts, or the terms"
        )
    currencies = sorted({loan["currency"] for loan in found})
    if len(currencies) > 1:
        detail = f"the debts are in {', '.join(currencies)}: say with currency which to plan for"
        raise invalid("currency", "several_currencies", detail)
    if len(found) > MAX_DEBTS:
        raise invalid("debts", "too_many_debts", f"a plan has at most {MAX_DEBTS} debts")
    named = [_loan(loan, loans.present(book, loan), today) for loan in found]
    return currencies[0], found[0]["exponent"], named


def _loan(loan: Document, terms: Terms, today: date) -> Named:
    """A loan as a debt: its next payment for a month, rounded up, and its rates from today on."""
    unit = quantum(terms.exponent)
    minimum = (next_payment(terms) * terms.periods_per_year / 12).quantize(unit, ROUND_UP)
    rate = terms.rate_at(today)
    turns: list[tuple[date | None, Decimal]] = [(None, rate)]
    turns += [(change.from_date, change.annual_rate) for change in terms.rate_changes if change.from_date > today]
    rates = tuple(MonthlyRate(day, annual, _monthly(terms, annual)) for day, annual in turns)
    return Named(loan["account_name"], loan["id"], rate, Debt(terms.principal, rates, minimum))


def _monthly(terms: Terms, annual_rate: Decimal) -> Decimal:
    """The fraction that a month adds; interest by days is taken as a twelfth of the year's."""
    if terms.day_count == "actual/365":
        return periodic_rate(annual_rate, 12, None)
    return periodic_rate(annual_rate, 12, terms.compounding_per_year or terms.periods_per_year)


def _stated(debts: Sequence[DebtIn], currency: str, exponent: int) -> list[Named]:
    wrong = []
    for number, debt in enumerate(debts):
        for name in ("balance", "minimum_payment"):
            if decimals(getattr(debt, name)) > exponent:
                detail = f"{currency} has {exponent} decimals"
                wrong.append(FieldError(f"debts.{number}.{name}", "too_many_decimals", detail))
    if len({debt.name for debt in debts}) < len(debts):
        wrong.append(FieldError("debts", "same_name_twice", "two of them have the same name"))
    if wrong:
        raise InvalidError(wrong)
    unit = quantum(exponent)
    return [
        Named(
            debt.name,
            None,
            debt.annual_rate,
            Debt(
                debt.balance.quantize(unit),
                (MonthlyRate(None, debt.annual_rate, periodic_rate(debt.annual_rate, 12, None)),),
                debt.minimum_payment.quantize(unit),
            ),
        )
        for debt in debts
    ]


def _check_amounts(body: DebtPlanIn, currency: str, exponent: int) -> None:
    amounts = [("monthly_amount", body.monthly_amount)]
    amounts += [(f"extra.{number}.amount", once.amount) for number, once in enumerate(body.extra)]
    wrong = [
        FieldError(name, "too_many_decimals", f"{currency} has {exponent} decimals")
        for name, amount in amounts
        if amount is not None and decimals(amount) > exponent
    ]
    if wrong:
        raise InvalidError(wrong)


def _order(body: DebtPlanIn, found: Sequence[Named]) -> list[int] | None:
    """The numbers of the debts in the order that was asked for."""
    if body.order is None:
        if body.strategy == "custom":
            raise invalid(
                "order", "order_needed", "name every debt once, in the order in which they are to be paid off"
            )
        return None
    places = {named.key: number for number, named in enumerate(found)}
    if sorted(body.order) != sorted(places):
        raise invalid("order", "not_every_debt_once", f"name each of these once: {', '.join(places)}")
    return [places[key] for key in body.order]


def _check_enough(planned: Plan, least: Decimal) -> None:
    """The month's money covers the minimums, and more than the first interest where no extra payment is to come."""
    amount = planned.monthly_amount
    interest = payoff.first_interest(planned) if not planned.extra else Decimal(0)
    needed = max(least, (interest + quantum(planned.exponent)).quantize(quantum(planned.exponent)))
    if amount < needed:
        detail = (
            f"{plain(amount)} does not cover the minimums and the interest: it takes at least {plain(needed)} a month"
        )
        error = FieldError("monthly_amount", MonthlyAmountTooSmallError.code, detail)
        raise MonthlyAmountTooSmallError(error, needed=plain(needed))


def _computed(
    body: DebtPlanIn, planned: Plan, found: Sequence[Named], order: list[int] | None, currency: str
) -> Document:
    chosen = payoff.pay_off(planned, payoff.order_of(planned, body.strategy, order or ()), keep=True)
    if chosen.months is None:
        detail = f"something is still owed after {payoff.MAX_MONTHS} months: raise the monthly amount"
        raise invalid("monthly_amount", "takes_too_long", detail)
    size = sum(len(month.payments) for month in chosen.schedule)
    if body.details and size > MAX_DETAILS:
        detail = f"that is {size} payments, and an answer lists at most {MAX_DETAILS}: send details: false"
        raise invalid("details", "too_many_payments", detail)
    outcomes: dict[str, Outcome] = {body.strategy: chosen}
    for strategy in ("avalanche", "snowball", *(("custom",) if order is not None else ())):
        if strategy not in outcomes:
            outcomes[strategy] = payoff.pay_off(planned, payoff.order_of(planned, strategy, order or ()))
    outcomes["minimums"] = least = payoff.minimums_only(planned)
    places = {debt: place for place, (debt, _) in enumerate(chosen.paid_off)}
    return {
        "currency": currency,
        "strategy": body.strategy,
        "monthly_amount": planned.monthly_amount,
        "months": chosen.months,
        "payoff_date": planned.day(chosen.months),
        "total_interest": chosen.total_interest,
        "total_paid": chosen.total_paid,
        "interest_saved": None if least.months is None else least.total_interest - chosen.total_interest,
        "debts": [_debt(found[debt], chosen.interest[debt], month) for debt, month in chosen.paid_off],
        "schedule": [_month(month, places, details=body.details) for month in chosen.schedule],
        "comparison": [
            _comparison(planned, name, outcomes[name])
            for name in ("avalanche", "snowball", "custom", "minimums")
            if name in outcomes
        ],
    }


def _debt(named: Named, interest: Decimal, month: payoff.Month) -> Document:
    return {
        "loan_id": named.loan_id,
        "name": named.name,
        "balance": named.debt.balance,
        "annual_rate": named.annual_rate,
        "minimum_payment": named.debt.minimum,
        "interest": interest,
        "month": month.number,
        "paid_off_on": month.date,
    }


def _month(month: payoff.Month, places: dict[int, int], *, details: bool) -> Document:
    payments = [{**vars(one), "debt": places[one.debt]} for one in month.payments]
    return {
        "month": month.number,
        "date": month.date,
        **{name: sum(one[name] for one in payments) for name in ("payment", "interest", "balance")},
        "payments": payments if details else None,
    }


def _comparison(planned: Plan, name: str, outcome: Outcome) -> Document:
    months = outcome.months
    return {
        "strategy": name,
        "months": months,
        "payoff_date": None if months is None else planned.day(months),
        "total_interest": None if months is None else outcome.total_interest,
    }
