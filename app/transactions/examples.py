"""Bodies to copy, one for each shape of a transaction, for the contract and `/docs`."""

from typing import Any

from fastapi.openapi.models import Example

_CHECKING = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"
_OTHER = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda7"
_CATEGORY = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccdb1"
_HOUSEHOLD = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccdb2"
_PURCHASE = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccdc1"


def _example(summary: str, kind: str, **fields: Any) -> Example:
    return {"summary": summary, "value": {"type": kind, "date": "2026-01-31", **fields}}


TRANSACTIONS: dict[str, Example] = {
    "expense": _example(
        "Money spent", "expense", amount="4.50", account_id=_CHECKING, category_id=_CATEGORY, payee="Corner Café"
    ),
    "split": _example(
        "Money spent for several things",
        "expense",
        amount="60.00",
        account_id=_CHECKING,
        splits=[{"amount": "45.00", "category_id": _CATEGORY}, {"amount": "15.00", "category_id": _HOUSEHOLD}],
    ),
    "income": _example("Money earned", "income", amount="3200.00", account_id=_CHECKING, payee="Employer"),
    "refund": _example(
        "Money that comes back from a purchase",
        "income",
        amount="10.00",
        account_id=_CHECKING,
        category_id=_HOUSEHOLD,
        refund_of_id=_PURCHASE,
    ),
    "transfer": _example(
        "Money moved between two accounts", "transfer", amount="200.00", account_id=_CHECKING, to_account_id=_OTHER
    ),
    "exchange": _example(
        "Money changed into another currency, with a fee",
        "transfer",
        amount="100.00",
        account_id=_CHECKING,
        to_account_id=_OTHER,
        to_amount="92.00",
        fee_amount="1.00",
        fee_category_id=_CATEGORY,
    ),
    "journal": _example(
        "Explicit postings: a loan payment",
        "journal",
        payee="City Bank",
        postings=[
            {"account_id": _CHECKING, "role": "transfer", "amount": "-450.00"},
            {"account_id": _OTHER, "role": "transfer", "amount": "450.00"},
            {"account_id": _CHECKING, "role": "flow", "amount": "-50.00", "category_id": _CATEGORY},
        ],
    ),
    "adjustment": _example(
        "The balance as it really is", "adjustment", account_id=_CHECKING, balance="1234.56", notes="Counted"
    ),
}
