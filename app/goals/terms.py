"""From what is stored or sent about a loan to the terms it is computed with, and what must hold of them."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from anyio import to_thread

from app.core.errors import FieldError, InvalidError
from app.core.money import decimals
from app.goals.amortisation import RateChange, Schedule, Terms, amortise, in_order, without_extra
from app.goals.extra_payments import ExtraPayment

Document = dict[str, Any]
Wrong = tuple[str, str, str]
AMOUNTS = ("principal", "payment", "fee", "balloon")


def check(loan: Mapping[str, Any], currency: str, exponent: int) -> None:
    """What must hold of a whole loan; raises `InvalidError` with every wrong field."""
    wrong = [FieldError(*rule) for rule in (*_of_ending(loan), *_of_counting(loan), *_of_extras(loan))]
    amounts = [(name, loan[name]) for name in AMOUNTS]
    amounts += [(f"extra_payments.{n}.amount", extra["amount"]) for n, extra in enumerate(loan["extra_payments"])]
    wrong += [
        FieldError(name, "too_many_decimals", f"{currency} has {exponent} decimals")
        for name, amount in amounts
        if amount is not None and decimals(amount) > exponent
    ]
    if wrong:
        raise InvalidError(wrong)


def _of_ending(loan: Mapping[str, Any]) -> Iterator[Wrong]:
    payment, term, balloon = loan["payment"], loan["term"], loan["balloon"]
    if payment is None and term is None:
        yield "payment", "payment_or_term_needed", "give a payment, a term, or both"
    if balloon and (term is None or payment is not None):
        yield "balloon", "balloon_without_term", "needs a term, and no payment: with both the rest is due anyway"
    if balloon and loan["principal"] is not None and balloon > loan["principal"]:
        yield "balloon", "more_than_principal", "is more than was lent"
    if term is not None and loan["interest_only"] >= term:
        yield "interest_only", "longer_than_term", "leaves no payment to pay it off with"


def _of_counting(loan: Mapping[str, Any]) -> Iterator[Wrong]:
    if loan["compounding_per_year"] is not None and loan["day_count"] == "actual/365":
        yield "compounding_per_year", "counted_by_days", "interest by days is simple within a period: leave it out"
    if loan["start_date"] is not None and loan["start_date"] >= loan["first_payment_date"]:
        yield "start_date", "not_before_payment", "must be before the first payment"
    days = [change["from_date"] for change in loan["rate_changes"]]
    if len(set(days)) < len(days):
        yield "rate_changes", "same_day_twice", "two of them are from the same day on"


def _of_extras(loan: Mapping[str, Any]) -> Iterator[Wrong]:
    for number, extra in enumerate(loan["extra_payments"]):
        until = extra["until"]
        if until is not None and (extra["repeats"] == "once" or until < extra["date"]):
            detail = "is the end of what repeats, and not before its day"
            yield f"extra_payments.{number}.until", "not_an_end", detail


def terms_of(loan: Mapping[str, Any], principal: Decimal, exponent: int) -> Terms:
    """A checked loan's terms over this principal."""
    return Terms(
        principal=principal,
        annual_rate=loan["annual_rate"],
        first_payment_date=loan["first_payment_date"],
        exponent=exponent,
        payment=loan["payment"],
        term=loan["term"],
        periods_per_year=loan["periods_per_year"],
        start_date=loan["start_date"],
        day_count=loan["day_count"],
        compounding_per_year=loan["compounding_per_year"],
        rounding=loan["rounding"],
        fee=loan["fee"],
        interest_only=loan["interest_only"],
        balloon=loan["balloon"],
        rate_changes=in_order([RateChange(c["from_date"], c["annual_rate"]) for c in loan["rate_changes"]]),
        extra_payments=tuple(
            ExtraPayment(e["date"], e["amount"], e["repeats"], e["until"]) for e in loan["extra_payments"]
        ),
    )


async def schedule(terms: Terms, currency: str) -> Document:
    """Every payment, and what extra payments save; computed off the event loop."""
    return await to_thread.run_sync(_schedule, terms, currency)


def _schedule(terms: Terms, currency: str) -> Document:
    found = amortise(terms)
    document = {
        "currency": currency,
        "principal": found.principal,
        "payment": found.payment,
        "payments": len(found.lines),
        "payoff_date": found.payoff_date,
        "total_interest": found.total_interest,
        "total_fees": found.total_fees,
        "total_paid": found.total_paid,
        "without_extra": None,
        "lines": [vars(line) for line in found.lines],
    }
    if terms.extra_payments:
        document["without_extra"] = _saved(found, amortise(without_extra(terms)))
    return document


def _saved(found: Schedule, plain: Schedule) -> Document:
    return {
        "payments": len(plain.lines),
        "payoff_date": plain.payoff_date,
        "total_interest": plain.total_interest,
        "interest_saved": plain.total_interest - found.total_interest,
        "payments_saved": len(plain.lines) - len(found.lines),
    }


def stored(loan: Mapping[str, Any]) -> Document:
    """The lists of a loan as its row and its image keep them: decimals and days as text."""
    return {
        "rate_changes": [
            {"from_date": change["from_date"].isoformat(), "annual_rate": format(change["annual_rate"], "f")}
            for change in loan["rate_changes"]
        ],
        "extra_payments": [
            {
                "date": extra["date"].isoformat(),
                "amount": format(extra["amount"], "f"),
                "repeats": extra["repeats"],
                "until": extra["until"] and extra["until"].isoformat(),
            }
            for extra in loan["extra_payments"]
        ],
    }


def read(row: Mapping[str, Any]) -> Document:
    """The reverse."""
    return {
        "rate_changes": [
            {"from_date": date.fromisoformat(c["from_date"]), "annual_rate": Decimal(c["annual_rate"])}
            for c in row["rate_changes"]
        ],
        "extra_payments": [
            {
                "date": date.fromisoformat(e["date"]),
                "amount": Decimal(e["amount"]),
                "repeats": e["repeats"],
                "until": e["until"] and date.fromisoformat(e["until"]),
            }
            for e in row["extra_payments"]
        ],
    }
