"""The trades of a plain-text ledger as rows for the database, with the assets and prices that go with them."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from app.core.money import plain
from app.imports.plain_task import PlainTask
from app.imports.plaintext.attaching import Attached, Own
from app.imports.plaintext.charting import Chart
from app.imports.plaintext.dealing import Deal, Dealt
from app.imports.plaintext.dividends import dividend_of
from app.imports.plaintext.evening import even_out
from app.imports.plaintext.model import Journal, LineError, Transaction
from app.imports.plaintext.numbers import MOST_DECIMALS
from app.imports.plaintext.securities import Prices, Securities
from app.imports.plaintext.trading import Trader
from app.imports.staging import cut
from app.imports.trade_bodies import complaint

METHOD = "specific"
CHANGEABLE = ("fifo", METHOD)
"""Cost methods that may become `specific`: it takes the oldest, too, where a sale names no lots."""
TITLES = {
    "buy": "Buy {quantity} {commodity}",
    "sell": "Sell {quantity} {commodity}",
    "deposit": "{quantity} {commodity} come in kind",
    "withdrawal": "{quantity} {commodity} go in kind",
    "transfer": "{quantity} {commodity} go to another account",
    "split": "Split of {commodity}",
    "dividend": "Dividend of {commodity}",
    "interest": "Interest of {commodity}",
    "fee": "Fee for {commodity}",
    "reinvest": "Reinvest {quantity} {commodity}",
}

EXACT = frozenset({"quantity", "price"})
"""What has the decimals of the file: zeros behind the last of them say nothing, and may be more than a trade takes."""
_SOME = tuple(UUID(int=number) for number in range(1, 5))
"""Stands for accounts, asset and category while their ids are not known."""

Document = dict[str, Any]


class Trades:
    """Gathers the trades of one file while its transactions go by in the order of their days."""

    def __init__(self, journal: Journal, task: PlainTask, currency_of: Callable[[str, int], str]) -> None:
        self._journal = journal
        self._task = task
        self._currency_of = currency_of
        self._trader = Trader(journal, currency_of, task.exponents)
        self._trader.ids.remade = task.remade or frozenset()
        self._securities = Securities(journal, task.assets, currency_of)
        self._deals: list[Deal] = []

    def deal(self, transaction: Transaction) -> Dealt:
        """What it comes to: a transaction without lots to itself. Nothing is taken yet. Raises `LineError`."""
        if transaction.has_lots:
            dealt = self._trader.deal(transaction)
        else:
            paid = self._trader.teller.deal(transaction, self._trader.ids, self._securities.knows)
            paid = paid or dividend_of(
                transaction, self._journal, self._trader, self._currency_of, self._task.exponents
            )
            dealt = Dealt([], transaction) if paid is None else Dealt([paid], None)
        for deal in dealt.deals:
            self._securities.of(deal.commodity, deal.account[1], deal.line)
            self._check(deal)
        return dealt

    def _check(self, deal: Deal) -> None:
        """Raise `LineError` for what no trade can say, before its lots are moved and its money is told."""
        account, to_account, asset, category = _SOME
        target = to_account if deal.to_account is not None else None
        document = self._document(deal, account, asset, target, dict.fromkeys(deal.categories, category))
        if wrong := complaint(document):
            place, text = wrong
            part = str(place[-1]) if len(place) > 1 else "trade"
            raise LineError(deal.line, f"{part}: {text}")

    def take(self, dealt: Dealt) -> None:
        self._trader.settle(dealt)
        self._deals += dealt.deals

    def out_of_order(self) -> frozenset[UUID]:
        """See `TradesWanted`."""
        return frozenset(self._trader.ids.out_of_order())

    def even_out(self) -> list[tuple[Transaction, Attached]]:
        """What rounding leaves, put where it does not show; see `evening`. To be asked when all is taken."""
        return list(even_out(self._deals, self._trader, self._task.exponents))

    def accounts(self) -> Iterator[Own]:
        for deal in self._deals:
            yield deal.account
            if deal.to_account is not None:
                yield deal.to_account

    def categories(self) -> Iterator[str]:
        return (name for deal in self._deals for name in deal.categories.values())

    def name_holders(self, chart: Chart) -> None:
        """A new account that holds assets is an investment account, where the file does not say what else it is."""
        holding = {str(chart.accounts[own]): own[0] for own in self.accounts()}
        for row in chart.new_accounts:
            name = holding.get(row["id"])
            if name is not None and "account-type" not in self._journal.accounts.get(name, {}):
                row["type"] = "investment"

    def assets(self) -> list[Document]:
        return list(self._securities.documents.values())

    def prices(self) -> Prices:
        return self._securities.prices(self._task.today)

    def to_set(self, prices: Prices, chart: Chart) -> Document:
        """What the commit stores beside the rows."""
        wanted, present = self._methods(chart), self._task.cost_methods
        return {
            "prices": [[str(asset), day.isoformat(), plain(price)] for (asset, day), price in prices.assets.items()],
            "rates": [[base, quote, day.isoformat(), plain(rate)] for (base, quote, day), rate in prices.rates.items()],
            "cost_methods": {str(account): method for account, method in wanted.items()},
            "methods_before": {str(account): present[account] for account in wanted if account in present},
        }

    def _methods(self, chart: Chart) -> dict[UUID, str]:
        """What has to be set: what the file says of an account that has none; else the lots that sales name must go."""
        naming = {deal.account for deal in self._deals if "lots" in deal.fields}
        wanted: dict[UUID, str] = {}
        for own in dict.fromkeys(self.accounts()):
            account = chart.accounts[own]
            known, stated = self._task.cost_methods.get(account), self._trader.method_of(own)
            if known is None and stated is not None:
                wanted[account] = stated
            elif own in naming and (known is None or known in CHANGEABLE):
                wanted[account] = stated if stated == known and stated else METHOD
        return wanted

    def warnings(self, prices: Prices, chart: Chart) -> list[Document]:
        found = []
        if prices.left_out:
            detail = ", ".join(f"{count} {reason}" for reason, count in prices.left_out.items())
            found.append({"code": "prices_ignored", "detail": f"Prices that are not imported: {detail}."})
        wanted = self._methods(chart)
        changed = [
            f"'{account.name}' from {present} to {wanted[account.id]}"
            for account in self._task.accounts
            if account.id in wanted
            and (present := self._task.cost_methods.get(account.id, CHANGEABLE[0])) != wanted[account.id]
        ]
        if changed:
            detail = f"The commit changes which lots sales take, also those that are there: {', '.join(changed)}."
            found.append({"code": "cost_method_changes", "detail": detail})
        return found

    def rows(self, chart: Chart, digest: Callable[[bytes], None]) -> Iterator[tuple[int, tuple[str | None, ...]]]:
        """Line and columns of `staging_sql.COLUMNS` behind it, one row for each trade."""
        for deal in self._deals:
            account = chart.accounts[deal.account]
            asset = UUID(self._securities.documents[deal.commodity]["id"])
            to_account = chart.accounts[deal.to_account] if deal.to_account is not None else None
            categories = {field: found for field, name in deal.categories.items() if (found := chart.categories[name])}
            document = self._document(deal, account, asset, to_account, categories)
            quantity = plain(deal.fields["quantity"].normalize()) if "quantity" in deal.fields else ""
            title = TITLES[deal.kind].format(quantity=quantity, commodity=deal.commodity)
            digest(repr((deal.day, document)).encode())
            yield deal.line, (
                str(deal.id), None, self._refusal(deal, chart, (account, to_account, asset, *categories.values())),
                str(account), deal.day.isoformat(), plain(deal.money), None, cut(title, "description"), None,
                deal.fields.get("external_id"), None, orjson.dumps({"trade": document}).decode(),
            )  # fmt: skip

    def _document(
        self, deal: Deal, account: UUID, asset: UUID, to_account: UUID | None, categories: Mapping[str, UUID]
    ) -> Document:
        found: Document = {
            "id": str(deal.id),
            "kind": deal.kind,
            "date": deal.day.isoformat(),
            "account_id": str(account),
            "asset_id": str(asset),
            **{name: _written(_short(value) if name in EXACT else value) for name, value in deal.fields.items()},
        }
        if to_account is not None:
            found["to_account_id"] = str(to_account)
        return found | {field: str(category) for field, category in categories.items()}

    def _refusal(self, deal: Deal, chart: Chart, used: tuple[UUID | None, ...]) -> str | None:
        archived = {**chart.archived, **self._securities.archived}
        for each in used:
            if each in archived:
                return f"'{archived[each]}' is archived"
        method = self._task.cost_methods.get(chart.accounts[deal.account], METHOD)
        if "lots" in deal.fields and method not in {*CHANGEABLE, self._trader.method_of(deal.account)}:
            return f"it names its lots, and the account's cost method is '{method}': set it to '{METHOD}'"
        return None


def _short(value: Decimal) -> Decimal:
    return value.normalize() if len(plain(value).partition(".")[2]) > MOST_DECIMALS else value


def _written(value: Any) -> Any:
    if isinstance(value, list):
        return [{"trade_id": str(piece.trade_id), "quantity": plain(piece.units.normalize())} for piece in value]
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str) else plain(value)
