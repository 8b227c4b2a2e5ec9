"""The book as a Beancount file: strings hold any text, names are letters, digits and dashes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from app.core.database import AnyRow
from app.core.money import plain, quantum
from app.exports import names
from app.exports.book import Balances, Contents
from app.exports.entries import Line, lines_of, postings_of
from app.exports.hledger import FLAG, common_facts
from app.exports.lots import LotLine, TradeEntry
from app.exports.telling import facts_of, words_of

MEDIA_NAME = "beancount"
HAS_LOTS = True
RESERVED_PAYEES: tuple[str, ...] = ()
RESERVED_TAGS: tuple[str, ...] = ()
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})

clean_account = names.beancount_account
clean_payee = str
clean_tag = names.beancount_tag
clean_commodity = names.beancount_commodity
symbol = names.beancount_currency
between = "-"


def quote(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


class Ledger:
    """Writes the parts of one book's file."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._chart = contents.chart
        self._symbols = {code: found[0] for code, found in contents.currencies.items()}
        self._tags = {key: ours for key, _, ours in contents.tags}

    def head(self) -> Iterator[str]:
        yield f'; Exported from Finance Tracker\n\noption "title" {quote(self._contents.title)}\n'
        yield f'option "operating_currency" "{self._symbols[self._contents.base_currency]}"\n'
        # A text may have more lines than Beancount believes to be meant.
        yield 'option "long_string_maxlines" "1000000"\n'
        # It knows an exchange, and what a unit of a lot cost, by 28 digits; whole numbers, and lots alone, have no
        # decimals to infer a tolerance from.
        for symbol_, _, exponent in self._contents.currencies.values():
            if exponent == 0 or self._contents.holding:
                yield f'option "inferred_tolerance_default" "{symbol_}:{plain(quantum(exponent + 4))}"\n'
        yield "\n"
        since = self._chart.first_day
        for code, (symbol_, name, _) in self._contents.currencies.items():
            yield f"{since} commodity {symbol_}\n  name: {quote(name)}\n"
            if symbol_ != code:
                yield f"  code: {quote(code)}\n"
        yield "\n"
        yield from self._commodities(since)
        names_of, assets = self._chart.accounts, self._contents.assets
        held = {names_of[key]: kept for key, kept in self._contents.holding.items() if key in names_of}
        methods = {names_of[key]: method for key, method in self._contents.methods.items() if key in names_of}
        for account in self._chart.declared:
            commodities = [self._symbols[account.currency]] if account.currency else []
            commodities += [assets[key][0] for key in held.get(account.name, ()) if key in assets]
            opened = f"{account.opened} open {account.name} {','.join(commodities)}".rstrip()
            method = methods.get(account.name)
            facts = (*account.facts, ("cost-method", method)) if method else account.facts
            yield f"{opened}\n{_facts(facts, '  ')}"
        for _, theirs, ours in self._contents.tags:
            if theirs != ours:
                yield f'{since} custom "tag" {quote(ours)} {quote(theirs)}\n'

    def transaction(self, row: Any) -> str:
        lines = lines_of(row.type, postings_of(row.lines), self._chart, partial=row.other_side_private)
        trade = self._contents.paying.get(row.id)
        if trade is not None:
            called = ("trade-asset", self._contents.assets[str(trade.asset_id)][0])
            lines[0] = replace(lines[0], facts=(*lines[0].facts, *facts_of(trade, self._chart), called))
        payee = f"{quote(row.payee)} " if row.payee_id else ""
        tags = "".join(f" #{self._tags[tag]}" for tag in row.tag_ids or ())
        facts = [("id", row.id)]
        if row.type == "journal" or any(name == "role" for line in lines for name, _ in line.facts):
            facts.append(("type", row.type))
        if row.status == "reconciled":
            facts.append(("status", row.status))
        facts += [*common_facts(row), *words_of(trade)]
        text = [f"\n{row.date} {FLAG[row.status]} {payee}{quote(row.description or '')}{tags}\n", _facts(facts, "  ")]
        text += [self._line(line) for line in lines]
        return "".join(text)

    def _commodities(self, since: date) -> Iterator[str]:
        for called, asset in self._contents.assets.values():
            facts = [("id", str(asset.id)), ("name", asset.name), ("asset-class", asset.type)]
            facts += [("symbol", asset.symbol)] if called != asset.symbol else []
            facts += [("isin", asset.isin)] if asset.isin else []
            facts += [("currency", asset.currency)]
            yield f"{since} commodity {called}\n{_facts(facts, '  ')}"
        if self._contents.assets:
            yield "\n"

    def trade(self, entry: TradeEntry) -> str:
        """A trade that moves lots, with its money where it has some."""
        row, trade = entry.row, entry.step.trade
        if row is not None:
            payee = f"{quote(row.payee)} " if row.payee_id else ""
            tags = "".join(f" #{self._tags[tag]}" for tag in row.tag_ids or ())
            sealed = [("status", row.status)] if row.status == "reconciled" else []
            text = [
                f"\n{row.date} {FLAG[row.status]} {payee}{quote(row.description or '')}{tags}\n",
                _facts([("id", row.id), *sealed, *common_facts(row), *words_of(entry.step.seen)], "  "),
            ]
        else:
            called = self._contents.assets[str(trade.asset_id)][1].symbol
            title = f"{entry.title or trade.kind.replace('_', '-').capitalize()} of {called}"
            text = [f"\n{trade.date} * {quote(title)}\n", _facts(words_of(entry.step.seen), "  ")]
        text += [self._lot(line) for line in entry.lots]
        text += [self._line(line) for line in entry.lines]
        return "".join(text)

    def _lot(self, line: LotLine) -> str:
        """What comes says what all of it cost, what goes by its day and label which lot it is of."""
        currency = self._symbols[line.currency]
        named = f"{line.day}, {quote(line.label)}"
        cost = f"{{{{{plain(line.cost)} {currency}, {named}}}}}" if line.units > 0 else f"{{{named}}}"
        price = f" @ {plain(line.price)} {currency}" if line.price is not None else ""
        units = plain(line.units.normalize())
        name = self._chart.accounts[line.account]
        return f"  {name}  {units} {self._contents.assets[line.asset][0]} {cost}{price}\n{_facts(line.facts, '    ')}"

    def holdings(self, last_day: date, held: Iterable[tuple[str, str, Decimal]]) -> Iterator[str]:
        """How many units there are in the end, to the last digit."""
        day = last_day + timedelta(days=1)
        yield "\n"
        for account, asset, units in held:
            name, called = self._chart.accounts[account], self._contents.assets[asset][0]
            yield f"{day} balance {name}  {plain(units.normalize())} ~ 0 {called}\n"

    def prices(self, prices: Sequence[AnyRow], rates: Sequence[AnyRow]) -> Iterator[str]:
        """What assets were worth, and the book's own rates."""
        yield "\n"
        for row in prices:
            amount = f"{plain(row.price)} {symbol(row.currency)}"
            yield f"{row.date} price {self._contents.assets[row.asset_id][0]}  {amount}\n"
        for row in rates:
            yield f"{row.date} price {symbol(row.base)}  {plain(row.rate)} {symbol(row.quote)}\n"

    def _line(self, line: Line) -> str:
        total = f" @@ {plain(line.total[0])} {self._symbols[line.total[1]]}" if line.total else ""
        account = f"    account: {line.account}\n" if line.account else ""
        facts = _facts(line.facts, "    ")
        return f"  {line.name}  {plain(line.amount)} {self._symbols[line.currency]}{total}\n{facts}{account}"

    def balances(self, found: Balances) -> str:
        """Beancount asks at the start of a day; to the last digit, which it would not do by itself."""
        day = found.day + timedelta(days=1)
        lines = ["\n"]
        for account, amount in found.amounts:
            code = self._chart.currencies[account]
            zero = plain(quantum(self._contents.currencies[code][2]) * 0)
            name = self._chart.accounts[account]
            lines.append(f"{day} balance {name}  {plain(amount)} ~ {zero} {self._symbols[code]}\n")
        return "".join(lines)


def _facts(facts: Any, indent: str) -> str:
    return "".join(f"{indent}{name}: {quote(value)}\n" for name, value in facts)
