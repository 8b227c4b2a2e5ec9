"""The book as a Beancount file: strings hold any text, names are letters, digits and dashes."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from app.core.money import plain, quantum
from app.exports import names
from app.exports.book import Balances, Contents
from app.exports.entries import Line, lines_of, postings_of
from app.exports.hledger import FLAG, common_facts

MEDIA_NAME = "beancount"
RESERVED_PAYEES: tuple[str, ...] = ()
RESERVED_TAGS: tuple[str, ...] = ()
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})

clean_account = names.beancount_account
clean_payee = str
clean_tag = names.beancount_tag
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
        # It knows an exchange by a rate of 28 digits; whole numbers have no decimals to infer a tolerance from.
        for symbol_, _, exponent in self._contents.currencies.values():
            if exponent == 0:
                yield f'option "inferred_tolerance_default" "{symbol_}:0.0001"\n'
        yield "\n"
        since = self._chart.first_day
        for code, (symbol_, name, _) in self._contents.currencies.items():
            yield f"{since} commodity {symbol_}\n  name: {quote(name)}\n"
            if symbol_ != code:
                yield f"  code: {quote(code)}\n"
        yield "\n"
        for account in self._chart.declared:
            currency = f" {self._symbols[account.currency]}" if account.currency else ""
            yield f"{account.opened} open {account.name}{currency}\n{_facts(account.facts, '  ')}"
        for _, theirs, ours in self._contents.tags:
            if theirs != ours:
                yield f'{since} custom "tag" {quote(ours)} {quote(theirs)}\n'

    def transaction(self, row: Any) -> str:
        lines = lines_of(row.type, postings_of(row.lines), self._chart, partial=row.other_side_private)
        payee = f"{quote(row.payee)} " if row.payee_id else ""
        tags = "".join(f" #{self._tags[tag]}" for tag in row.tag_ids or ())
        facts = [("id", row.id)]
        if row.type == "journal" or any(name == "role" for line in lines for name, _ in line.facts):
            facts.append(("type", row.type))
        if row.status == "reconciled":
            facts.append(("status", row.status))
        facts += common_facts(row)
        text = [f"\n{row.date} {FLAG[row.status]} {payee}{quote(row.description or '')}{tags}\n", _facts(facts, "  ")]
        text += [self._line(line) for line in lines]
        return "".join(text)

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
