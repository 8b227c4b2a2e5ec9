"""Which account and category of the book each name of the file is, and what has to be made."""

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.accounts.schemas import LIABILITIES
from app.core.ids import new_id
from app.imports.plaintext.attaching import Own, means_nothing
from app.imports.plaintext.model import Journal, LineError, Meta, above

ACCOUNT_LENGTH, CATEGORY_LENGTH = 200, 100
MOST_NAMES = 5_000
MAX_DEPTH = 32
FACTS = {"institution": 200, "notes": 10_000, "color": 7, "icon": 50}
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_MULTILINE_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

# The first word found in a name says what kind of account it is.
GUESSES = {
    "asset": (
        ("cash|wallet|bargeld|petty", "cash"),
        ("saving|spar", "savings"),
        ("invest|broker|depot|stock|401k|ira|pension", "investment"),
        ("house|home|property|estate|flat|car", "property"),
        ("receivable|owed|prepaid", "other_asset"),
        ("", "checking"),
    ),
    "liability": (
        ("mortgage|hypothek", "mortgage"),
        ("loan|kredit$", "loan"),
        ("card|visa|mastercard|amex|credit", "credit_card"),
        ("", "other_liability"),
    ),
}
TYPES = {word for guesses in GUESSES.values() for _, word in guesses}


@dataclass(frozen=True, slots=True)
class KnownAccount:
    id: UUID
    name: str
    kind: str
    currency: str
    archived: bool


@dataclass(frozen=True, slots=True)
class KnownCategory:
    id: UUID
    parent_id: UUID | None
    name: str
    kind: str
    archived: bool


@dataclass
class Chart:
    """The ids by the names of the file; what has to be made, parents in front; what is archived and takes nothing."""

    accounts: dict[Own, UUID] = field(default_factory=dict)
    categories: dict[str, UUID | None] = field(default_factory=dict)
    new_accounts: list[dict[str, Any]] = field(default_factory=list)
    new_categories: list[dict[str, Any]] = field(default_factory=list)
    archived: dict[UUID, str] = field(default_factory=dict)


def one_line(text: str) -> str:
    return " ".join(_CONTROL.sub(" ", text).split())


def as_uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text and len(text) == 36 else None
    except ValueError:
        return None


class Charter:
    """Finds the names of one file in one book."""

    def __init__(self, journal: Journal, accounts: Sequence[KnownAccount], categories: Sequence[KnownCategory]) -> None:
        self._journal = journal
        self._accounts = {account.id: account for account in accounts}
        self._categories = {category.id: category for category in categories}
        self._by_name: dict[tuple[str, str, str], list[UUID]] = {}
        # One in use is found before an archived one, which takes nothing new: its rows say so.
        for account in sorted(accounts, key=lambda account: account.archived):
            key = (account.kind, account.currency, account.name.casefold())
            self._by_name.setdefault(key, []).append(account.id)
        self._siblings = {(c.parent_id, c.kind, c.name.casefold()): c.id for c in categories}
        self._parents = {name for account in journal.accounts for name in above(account) if name != account}
        self._claimed: set[UUID] = set()
        self.chart = Chart(
            archived={account.id: account.name for account in accounts if account.archived}
            | {category.id: category.name for category in categories if category.archived}
        )

    def all_of(self, used: Iterable[Own], categories: Iterable[str], known: Mapping[str, int]) -> Chart:
        """Every account and category that is declared or used; those declared keep their order."""
        wanted: dict[Own, None] = {}
        names: dict[str, None] = {}
        for name, meta in self._journal.accounts.items():
            kind = self._journal.kind_of(name)
            currency = self._journal.codes.get(meta.get("currency", ""), meta.get("currency", ""))
            if kind in {"asset", "liability"} and currency in known:
                wanted[name, currency] = None
            elif kind in {"expense", "income"} and meta.get("role") != "gains":
                names[name] = None
        wanted |= dict.fromkeys(used)
        names |= dict.fromkeys(categories)
        if len(wanted) + len(names) > MOST_NAMES:
            raise LineError(1, f"the file has more than {MOST_NAMES} accounts and categories")
        currencies: dict[str, set[str]] = {}
        for name, currency in wanted:
            currencies.setdefault(name, set()).add(currency)
        for name, currency in wanted:
            self._account(name, currency, alone=len(currencies[name]) == 1)
        for name in names:
            self.chart.categories[name] = self._category(name)
        return self.chart

    def _account(self, name: str, currency: str, *, alone: bool) -> None:
        meta = self._journal.accounts.get(name, {})
        kind = self._journal.kind_of(name) or "asset"
        called = one_line(meta.get("name") or name.partition(":")[2] or name)
        its_own = alone or self._journal.codes.get(meta.get("currency", ""), meta.get("currency")) == currency
        if not its_own:
            called = f"{called} {currency}"
        if len(called) > ACCOUNT_LENGTH:
            raise LineError(1, f"the account '{called[:40]}...' has a name of more than {ACCOUNT_LENGTH} characters")
        given = as_uuid(meta.get("id")) if its_own else None
        known = self._accounts.get(given) if given else None
        if given and known and known.currency == currency and given not in self._claimed:
            self._claim((name, currency), given)
            return
        for found in self._by_name.get((kind, currency, called.casefold()), []):
            if found not in self._claimed:
                self._claim((name, currency), found)
                return
        taken = given is None or given in self._accounts or given in self._claimed
        self._claim((name, currency), new_id() if taken or given is None else given)
        self.chart.new_accounts.append(
            {
                "id": str(self.chart.accounts[name, currency]),
                "name": called,
                "kind": kind,
                "same": sum(
                    not self._accounts[found].archived
                    for found in self._by_name.get((kind, currency, called.casefold()), [])
                ),
                "type": _type_of(meta, kind, called),
                "currency": currency,
                **_known_facts(meta, "institution", "notes", "sort"),
                "archived": "archived" in meta,
            }
        )

    def _claim(self, own: Own, account_id: UUID) -> None:
        self._claimed.add(account_id)
        self.chart.accounts[own] = account_id

    def _category(self, name: str) -> UUID | None:
        """The category of this full name, with those above it; None for what means that there is none."""
        above_it, _, leaf = name.rpartition(":")
        if not above_it:
            return None
        meta = self._journal.accounts.get(name, {})
        if means_nothing(name) and "id" not in meta and name not in self._parents:
            return None
        if above_it not in self.chart.categories:
            if name.count(":") > MAX_DEPTH:
                raise LineError(1, f"the category '{name[:80]}...' lies more than {MAX_DEPTH} levels deep")
            self.chart.categories[above_it] = self._category(above_it)
        if name in self.chart.categories:
            return self.chart.categories[name]
        return self._found_or_new(name, leaf, meta, self.chart.categories[above_it])

    def _found_or_new(self, name: str, leaf: str, meta: Meta, parent: UUID | None) -> UUID:
        kind = self._journal.kind_of(name) or "expense"
        called = one_line(meta.get("name") or leaf)
        if len(called) > CATEGORY_LENGTH:
            raise LineError(1, f"the category '{called[:40]}...' has a name of more than {CATEGORY_LENGTH} characters")
        given = as_uuid(meta.get("id"))
        known = self._categories.get(given) if given else None
        if given and known and known.kind == kind:
            return given
        key = (parent, kind, called.casefold())
        if key not in self._siblings:
            made = given if given and known is None and given not in self._claimed else new_id()
            self._claimed.add(made)
            self._siblings[key] = made
            self.chart.new_categories.append(
                {
                    "id": str(made),
                    "parent_id": str(parent) if parent else None,
                    "name": called,
                    "kind": kind,
                    **_known_facts(meta, "color", "icon", "sort"),
                    "archived": "archived" in meta,
                }
            )
        return self._siblings[key]


def _type_of(meta: Meta, kind: str, name: str) -> str:
    given = meta.get("account-type", "")
    if given in TYPES and (given in LIABILITIES) == (kind == "liability"):
        return given
    return next(word for pattern, word in GUESSES[kind] if re.search(pattern, name.casefold()))


def _known_facts(meta: Meta, *names: str) -> dict[str, Any]:
    """Those that the book would take."""
    found: dict[str, Any] = {}
    for name in names:
        value = meta.get(name, "")
        value = _MULTILINE_CONTROL.sub("", value).strip() if name == "notes" else one_line(value)
        if value and len(value) <= FACTS.get(name, 0) and (name != "color" or _COLOR.fullmatch(value)):
            found[name] = value
    if re.fullmatch(r"-?\d{1,6}", meta.get("sort", ""), re.ASCII):
        found["sort"] = int(meta["sort"])
    return found


def free_ids(wanted: Iterable[str | None]) -> Iterable[UUID | None]:
    """Each id that the file gives and that no transaction above it had; None for the others."""
    seen: set[uuid.UUID] = set()
    for text in wanted:
        given = as_uuid(text)
        yield given if given not in seen else None
        if given:
            seen.add(given)
