"""Whatever rows a bank has and however it writes them: they arrive, once, and can be taken back."""

import os
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import fresh_email
from tests.imports.uploads import bring_in, ledger, listed, signed, undo
from tests.people import Person, register

# The rest of the suite goes through the same lines; measuring them here would cost minutes.
pytestmark = pytest.mark.no_cover

Booking = tuple[date, Decimal, str, str]

DATES = st.integers(0, 700).map(lambda days: date(2024, 1, 1) + timedelta(days))
AMOUNTS = st.integers(-(10**11), 10**11).filter(bool).map(lambda cents: Decimal(cents).scaleb(-2))
WORDS = st.text(st.sampled_from("abcXYZ ÄéßŁ0-'\\\t😀"), max_size=12).map(lambda text: "t" + " ".join(text.split()))
BOOKINGS = st.tuples(DATES, AMOUNTS, WORDS, WORDS)

DAY_FORMATS = {"YMD": "%Y-%m-%d", "DMY": "%d.%m.%Y", "MDY": "%m/%d/%Y"}
DIALECTS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([",", ";", "\t", "|"]),
        "decimal": st.sampled_from([".", ","]),
        "grouped": st.booleans(),
        "order": st.sampled_from(sorted(DAY_FORMATS)),
        "end": st.sampled_from(["\n", "\r\n", "\r"]),
        "encoding": st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
        "sides": st.booleans(),
    }
)


def number(amount: Decimal, decimal: str, *, grouped: bool) -> str:
    text = f"{amount:,.2f}" if grouped else f"{amount:.2f}"
    return text if decimal == "." else text.translate(str.maketrans(",.", ".,"))


def file_of(rows: list[Booking], dialect: dict[str, str | bool]) -> tuple[bytes, dict[str, str]]:
    """The rows as such a bank writes them, and the mapping for what its file alone may leave open."""
    order, delimiter, decimal = str(dialect["order"]), str(dialect["delimiter"]), str(dialect["decimal"])

    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    def money(amount: Decimal) -> list[str]:
        text = number(abs(amount), decimal, grouped=bool(dialect["grouped"]))
        if dialect["sides"]:
            return [text, ""] if amount < 0 else ["", text]
        return [f"-{text}" if amount < 0 else text]

    header = ["Date", "Payee", "Description", *(["Debit", "Credit"] if dialect["sides"] else ["Amount"])]
    lines = [delimiter.join(map(cell, header))]
    for day, amount, payee, description in rows:
        cells = [day.strftime(DAY_FORMATS[order]), payee, description, *money(amount)]
        lines.append(delimiter.join(map(cell, cells)))
    data = "".join(line + str(dialect["end"]) for line in lines).encode(str(dialect["encoding"]))
    return data, {"date_order": order, "decimal_separator": decimal}


def arrived(items: list[dict[str, str]]) -> Counter[Booking]:
    return Counter((date.fromisoformat(i["date"]), Decimal(signed(i)), i["payee"], i["description"]) for i in items)


Example = Callable[..., None]
EXAMPLES = int(os.environ.get("IMPORT_EXAMPLES", "8"))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(BOOKINGS, min_size=1, max_size=25), copies=st.integers(1, 2), dialect=DIALECTS)
async def test_rows_arrive_as_they_are_once_and_can_be_taken_back(
    app: FastAPI, rows: list[Booking], copies: int, dialect: dict[str, str | bool]
) -> None:
    person = await register(app, fresh_email())
    await check(person, rows * copies, dialect)
    await person.check_integrity()
    await person.http.aclose()


async def check(person: Person, rows: list[Booking], dialect: dict[str, str | bool]) -> None:
    account = await person.account(opening_balance="5.00", opening_date="2023-12-31")
    empty = await ledger(person)
    data, mapping = file_of(rows, dialect)
    done = await bring_in(person, account, data, mapping=mapping)
    assert done["created"] == len(rows)
    assert arrived(await listed(person, import_id=done["id"])) == Counter(rows)
    assert Decimal(await person.balance(account)) == sum((row[1] for row in rows), Decimal("5.00"))
    full = await ledger(person)
    assert (await bring_in(person, account, data, mapping=mapping))["created"] == 0
    assert await ledger(person) == full
    await undo(person, done)
    assert await ledger(person) == empty
