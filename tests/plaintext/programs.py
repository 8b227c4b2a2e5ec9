"""hledger and Beancount, as they read an export: what each says an account held and a category cost."""

import csv
import io
import shutil
import subprocess
from collections import defaultdict
from datetime import date
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest
from beancount import loader
from beancount.core.convert import get_weight

Numbers = dict[tuple[str, str], dict[str, Decimal]]
"""By account's name and month ("2026-01"): the change in each currency."""

needs_hledger = pytest.mark.skipif(shutil.which("hledger") is None, reason="hledger is not installed")


def hledger(path: Path, *arguments: str) -> str:
    """What it writes; it must have nothing to complain about."""
    done = subprocess.run(["hledger", "--file", str(path), *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def check_with_hledger(path: Path) -> None:
    assert hledger(path, "check", "--strict") == ""
    assert hledger(path, "check", "payees", "ordereddates") == ""


def changes_by_hledger(path: Path) -> Numbers:
    """Each account's change in each month."""
    rows = csv.reader(io.StringIO(hledger(path, "balance", "--monthly", "--flat", "--no-total", "-O", "csv")))
    months = next(rows)[1:]
    found: Numbers = {}
    for account, *cells in rows:
        for month, cell in zip(months, cells, strict=True):
            amounts = dict(_amount(part) for part in cell.split(", ") if part != "0")
            amounts = {currency: amount for currency, amount in amounts.items() if amount}
            if amounts:
                found[account, month[:7]] = amounts
    return found


def _amount(text: str) -> tuple[str, Decimal]:
    number, _, currency = text.partition(" ")
    return currency.strip('"'), Decimal(number)


def load_beancount(path: Path) -> list[Any]:
    """The entries of a file in which Beancount finds nothing wrong."""
    entries, errors, _ = loader.load_file(str(path))
    assert errors == []
    return list(entries)


def changes_by_beancount(entries: list[Any]) -> Numbers:
    """Units of a lot are told by what they cost, as "Equity:Lots": what they are taken from or given for."""
    found: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    with localcontext(prec=60):
        for entry in entries:
            for posting in getattr(entry, "postings", ()):
                account, amount = posting.account, posting.units
                if posting.cost is not None:  # which is of one unit, by 28 digits
                    account, amount = "Equity:Lots", get_weight(posting)  # type: ignore[no-untyped-call]
                    amount = amount._replace(number=round(amount.number, 12))
                found[account, f"{entry.date:%Y-%m}"][amount.currency] += amount.number
    return {
        key: kept for key, amounts in found.items() if (kept := {currency: n for currency, n in amounts.items() if n})
    }


def balances_of(changes: Numbers, last: date) -> dict[str, dict[str, Decimal]]:
    """What each account holds at the end."""
    found: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    with localcontext(prec=60):
        for (account, month), amounts in changes.items():
            assert month <= f"{last:%Y-%m}"
            for currency, amount in amounts.items():
                found[account][currency] += amount
    return {account: kept for account, amounts in found.items() if (kept := {c: n for c, n in amounts.items() if n})}
