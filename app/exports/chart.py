"""The names of a book's accounts and categories as the accounts of a plain-text ledger."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.exports.names import Unique

Document = Mapping[str, Any]

ROOTS = {"asset": "Assets", "liability": "Liabilities", "expense": "Expenses", "income": "Income"}
UNCATEGORISED = "Uncategorised"
OPENING = "Equity:Opening-Balances"
ADJUSTMENTS = "Equity:Adjustments"
OTHER_EQUITY = "Equity:Other"
PRIVATE = "Equity:Private"
"""The other side of what has one that the reader does not see."""
GAINS = "Income:Capital-Gains"
"""What sales gained: it follows from lots, and is no category."""
EQUITY_OF = {"opening_balance": OPENING, "adjustment": ADJUSTMENTS}


@dataclass(frozen=True)
class Declared:
    """An account of the plain-text ledger: since when it is used, in which currency, and what is known of it."""

    name: str
    opened: date
    currency: str | None
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Chart:
    """All accounts to declare, and the full name by the id of each account and category of the book."""

    declared: Sequence[Declared]
    accounts: Mapping[str, str]
    currencies: Mapping[str, str]
    """The currency by the id of the account."""
    categories: Mapping[str, str]
    first_day: date


def build(
    accounts: Sequence[Document],
    categories: Sequence[Document],
    first_used: Mapping[str, date],
    first_day: date,
    *,
    clean: Callable[[str], str],
    between: str,
    hides: bool = False,
    gains: bool = False,
) -> Chart:
    """Name everything; `first_used` has the day of the first posting by the id of the account or category."""
    declared: list[Declared] = []
    names = _accounts(accounts, first_used, first_day, declared, clean, between)
    tree = _categories(categories, first_used, first_day, declared, clean, between)
    others = [f"Expenses:{UNCATEGORISED}", f"Income:{UNCATEGORISED}", OPENING, ADJUSTMENTS, OTHER_EQUITY]
    if hides:
        others.append(PRIVATE)
    declared += [Declared(name, first_day, None, ()) for name in others]
    if gains:
        declared.append(Declared(GAINS, first_day, None, (("role", "gains"),)))
    currencies = {str(account["id"]): account["currency"] for account in accounts}
    return Chart(declared, names, currencies, tree, first_day)


def _accounts(
    accounts: Sequence[Document],
    first_used: Mapping[str, date],
    first_day: date,
    declared: list[Declared],
    clean: Callable[[str], str],
    between: str,
) -> dict[str, str]:
    unique = {root: Unique(clean, between) for root in ("asset", "liability")}
    found: dict[str, str] = {}
    for account in accounts:
        own = unique[account["class"]].take(account["name"])
        name = f"{ROOTS[account['class']]}:{own}"
        key = str(account["id"])
        found[key] = name
        facts = _facts(account, own, "institution", "notes", kind=("account-type", account["type"]))
        declared.append(Declared(name, first_used.get(key, first_day), account["currency"], facts))
    return found


def _categories(
    categories: Sequence[Document],
    first_used: Mapping[str, date],
    first_day: date,
    declared: list[Declared],
    clean: Callable[[str], str],
    between: str,
) -> dict[str, str]:
    children: dict[str | None, list[Document]] = {}
    for category in categories:
        parent = category["parent_id"]
        children.setdefault(str(parent) if parent else None, []).append(category)
    found: dict[str, str] = {}
    # The names for what has no category are taken before any category may have them.
    waiting: list[tuple[str, list[Document], tuple[str, ...]]] = [
        (ROOTS[kind], [c for c in children.get(None, []) if c["kind"] == kind], (UNCATEGORISED,))
        for kind in ("expense", "income")
    ]
    while waiting:
        above, siblings, reserved = waiting.pop(0)
        unique = Unique(clean, between, reserved)
        for category in siblings:
            own, key = unique.take(category["name"]), str(category["id"])
            found[key] = f"{above}:{own}"
            facts = _facts(category, own, "color", "icon")
            declared.append(Declared(found[key], first_used.get(key, first_day), None, facts))
            waiting.append((found[key], children.get(key, []), ()))
    return found


def _facts(row: Document, own: str, *texts: str, kind: tuple[str, str] | None = None) -> tuple[tuple[str, str], ...]:
    """What an import needs to make the same row again; a name only where it could not be kept."""
    found = [("id", str(row["id"]))]
    if own != row["name"]:
        found.append(("name", row["name"]))
    if kind is not None:
        found.append(kind)
    found += [(text, row[text]) for text in texts if row[text]]
    if row["sort"]:
        found.append(("sort", str(row["sort"])))
    if row["archived_at"] is not None:
        found.append(("archived", row["archived_at"].isoformat()))
    return tuple(found)
