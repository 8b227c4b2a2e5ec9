"""Other programs read an export and report, for every account and category, what the book says, to the last digit."""

import re
import time
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from app.exports.chart import GAINS
from tests.plaintext.conftest import Book
from tests.plaintext.programs import (
    Numbers,
    balances_of,
    changes_by_beancount,
    changes_by_hledger,
    check_with_hledger,
    load_beancount,
    needs_hledger,
)

# The rest of the suite goes through the same lines; measuring them here would cost minutes.
pytestmark = pytest.mark.no_cover

ACCOUNT_OF_HLEDGER = re.compile(r"^account (.+)\n    ; id: ([0-9a-f-]{36})", re.MULTILINE)
ACCOUNT_OF_BEANCOUNT = re.compile(r'^\S+ open (\S+).*\n  id: "([0-9a-f-]{36})"', re.MULTILINE)

# By the account or category whose line it is, else by the kind of the line: what each month changed, in each currency.
_CHANGES = text(
    """
    SELECT to_char(m.month, 'YYYY-MM') AS month, m.account_id::text AS key, a.currency, sum(m.inflow - m.outflow) AS n
    FROM monthly_totals m JOIN accounts a ON a.book_id = m.book_id AND a.id = m.account_id
    WHERE m.book_id = :book GROUP BY 1, 2, 3
    UNION ALL
    SELECT to_char(m.month, 'YYYY-MM'), m.category_id::text, a.currency, sum(m.outflow - m.inflow)
    FROM monthly_totals m JOIN accounts a ON a.book_id = m.book_id AND a.id = m.account_id
    WHERE m.book_id = :book AND m.category_id IS NOT NULL GROUP BY 1, 2, 3
    UNION ALL
    SELECT to_char(m.month, 'YYYY-MM'), 'Expenses:Uncategorised', a.currency, sum(m.outflow)
    FROM monthly_totals m JOIN accounts a ON a.book_id = m.book_id AND a.id = m.account_id
    WHERE m.book_id = :book AND m.role = 'flow' AND m.category_id IS NULL GROUP BY 1, 2, 3
    UNION ALL
    SELECT to_char(m.month, 'YYYY-MM'), 'Income:Uncategorised', a.currency, -sum(m.inflow)
    FROM monthly_totals m JOIN accounts a ON a.book_id = m.book_id AND a.id = m.account_id
    WHERE m.book_id = :book AND m.role = 'flow' AND m.category_id IS NULL GROUP BY 1, 2, 3
    UNION ALL
    SELECT to_char(m.month, 'YYYY-MM'), 'Equity', a.currency, sum(m.outflow - m.inflow)
    FROM monthly_totals m JOIN accounts a ON a.book_id = m.book_id AND a.id = m.account_id
    WHERE m.book_id = :book AND m.role = 'equity' GROUP BY 1, 2, 3
    """
)


async def export(book: Book, name: str, folder: Path) -> tuple[Path, str]:
    started = time.perf_counter()
    answer = await book.person.get(f"/exports/{name}")
    assert answer.status_code == 200, answer.text
    assert time.perf_counter() - started < 120
    path = folder / f"book.{name}"
    path.write_bytes(answer.content)
    return path, answer.text


async def changes_of_ours(book: Book, names: dict[str, str]) -> Numbers:
    """The book's monthly totals by the names of the export."""
    async with book.database.begin() as connection:
        rows = (await connection.execute(_CHANGES, {"book": book.person.book_id})).all()
    found: Numbers = defaultdict(dict)
    for row in rows:
        if row.n:
            found[names.get(row.key, row.key), row.month][row.currency] = row.n
    return dict(found)


def equity_in_one(changes: Numbers) -> Numbers:
    """With what trades paid and got: there, it is what lots cost and what sales gained."""
    found: Numbers = defaultdict(lambda: defaultdict(Decimal))
    for (account, month), amounts in changes.items():
        for currency, amount in amounts.items():
            found["Equity" if account.startswith(("Equity:", GAINS)) else account, month][currency] += amount
    return {key: kept for key, amounts in found.items() if (kept := {c: n for c, n in amounts.items() if n})}


async def check_numbers(book: Book, written: str, pattern: re.Pattern[str], theirs: Numbers) -> None:
    names = {key: name for name, key in pattern.findall(written)}
    accounts = (await book.person.read("/accounts"))["items"]
    categories = (await book.person.read("/categories"))["items"]
    assert names.keys() == {row["id"] for row in accounts} | {row["id"] for row in categories}
    assert len(set(names.values())) == len(names)
    assert equity_in_one(theirs) == await changes_of_ours(book, names)
    held = balances_of(theirs, date(9998, 1, 1))
    for account in accounts:
        balance = Decimal(account["balance"])
        assert held.get(names[account["id"]], {}) == ({account["currency"]: balance} if balance else {})


@needs_hledger
async def test_hledger_reports_what_the_book_says(book: Book, tmp_path: Path) -> None:
    path, written = await export(book, "hledger", tmp_path)
    check_with_hledger(path)
    await check_numbers(book, written, ACCOUNT_OF_HLEDGER, changes_by_hledger(path))


async def test_beancount_reports_what_the_book_says(book: Book, tmp_path: Path) -> None:
    path, written = await export(book, "beancount", tmp_path)
    entries = load_beancount(path)
    await check_numbers(book, written, ACCOUNT_OF_BEANCOUNT, changes_by_beancount(entries))
