"""The book as an hledger journal.

Texts that hledger could not give back as they are stand in tags, with `%`, commas, brackets and line ends written as
`%` and two hexadecimal digits a byte.
"""

import re
from collections.abc import Iterator
from typing import Any

from app.core.money import plain, quantum
from app.exports import names
from app.exports.book import Balances, Contents
from app.exports.entries import Line, lines_of, postings_of

MEDIA_NAME = "journal"
HAS_LOTS = False
FLAG = {"pending": "!", "cleared": "*", "reconciled": "*"}
ASSERTING = "Balances"
RESERVED_PAYEES = (names.NOBODY, ASSERTING)
# What a tag of the book must not be called: tags of ours, and those that mean something to hledger.
RESERVED_TAGS = (
    "id", "name", "type", "status", "external-id", "description", "original", "refund-of", "notes", "memo", "role",
    "account", "balances", "account-type", "institution", "currency", "color", "icon", "sort",
    "archived", "code", "none", "date", "date2", "t", "assert", "retain", "start", "modified", "recur",
    "generated-transaction", "generated-posting", "cost-posting", "conversion-posting",
)  # fmt: skip
_SPECIAL = re.compile(r"[%,\[\]]|[^\S ]|[\x00-\x1f\x7f-\x9f]|^ | $|(?<= ) ")

clean_account = names.hledger_account
clean_payee = names.hledger_payee
clean_tag = names.hledger_tag
symbol = names.hledger_currency
between = " "


def escape(text: str) -> str:
    """A tag's value that hledger, and our own import, give back as it was."""
    return _SPECIAL.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)


class Journal:
    """Writes the parts of one book's journal."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._chart = contents.chart
        self._symbols = {code: found[0] for code, found in contents.currencies.items()}
        self._payees = {key: ours for key, theirs, ours in contents.payees if theirs != ours}
        self._tags = {key: ours for key, _, ours in contents.tags}

    def head(self) -> Iterator[str]:
        yield f"; {names.hledger_note(self._contents.title)}, exported from Finance Tracker\n"
        yield f"; finance-tracker: 1, base-currency: {self._contents.base_currency}\n\ndecimal-mark .\n\n"
        for code, exponent in ((s, e) for s, _, e in self._contents.currencies.values()):
            yield f"commodity 1000.{'0' * exponent} {code}\n"
        yield "\n"
        for account in self._chart.declared:
            yield f"account {account.name}\n"
            currency: tuple[tuple[str, str], ...] = (("currency", account.currency),) if account.currency else ()
            if account.facts:
                yield f"    ; {_tags((*account.facts, *currency))}\n"
        yield f"\npayee {names.NOBODY}  ; none:\npayee {ASSERTING}  ; balances:\n"
        for _, theirs, ours in self._contents.payees:
            yield f"payee {ours}\n" if theirs == ours else f"payee {ours}  ; name: {escape(theirs)}\n"
        yield "\n"
        for _, theirs, ours in self._contents.tags:
            yield f"tag {ours}\n" if theirs == ours else f"tag {ours}  ; name: {escape(theirs)}\n"

    def transaction(self, row: Any) -> str:
        postings = postings_of(row.lines)
        lines = lines_of(row.type, postings, self._chart, partial=row.other_side_private)
        payee = self._payees.get(row.payee_id, row.payee) if row.payee_id else names.NOBODY
        note = names.hledger_note(row.description) if row.description else ""
        text = [f"\n{row.date} {FLAG[row.status]} {payee}{f' | {note}' if note else ''}\n"]
        facts = [("id", row.id)]
        if row.type == "journal" or any(name == "role" for line in lines for name, _ in line.facts):
            facts.append(("type", row.type))
        if row.status == "reconciled":
            facts.append(("status", row.status))
        if note != (row.description or ""):
            facts.append(("description", row.description))
        facts += common_facts(row)
        text += [f"    ; {name}: {escape(value)}\n" for name, value in facts]
        if row.tag_ids:
            text.append(f"    ; {', '.join(f'{self._tags[tag]}:' for tag in row.tag_ids)}\n")
        text += [self._line(line) for line in lines]
        return "".join(text)

    def _line(self, line: Line) -> str:
        total = f" @@ {plain(line.total[0])} {self._symbols[line.total[1]]}" if line.total else ""
        facts = line.facts if line.account is None else (*line.facts, ("account", line.account))
        comment = f"  ; {_tags(facts)}" if facts else ""
        return f"    {line.name}    {plain(line.amount)} {self._symbols[line.currency]}{total}{comment}\n"

    def balances(self, found: Balances) -> str:
        """A transaction that moves nothing and says what there is."""
        lines = []
        for account, amount in found.amounts:
            code = self._chart.currencies[account]
            currency = self._symbols[code]
            zero = plain(quantum(self._contents.currencies[code][2]) * 0)
            lines.append(f"    {self._chart.accounts[account]}    {zero} {currency} = {plain(amount)} {currency}\n")
        return f"\n{found.day} * {ASSERTING}\n    ; balances:\n{''.join(lines)}"


def _tags(facts: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{name}: {escape(value)}" for name, value in facts)


def common_facts(row: Any) -> list[tuple[str, str]]:
    """What both formats say of a transaction in the same words."""
    facts = []
    if row.external_id:
        facts.append(("external-id", row.external_id))
    if row.original_currency:
        facts.append(("original", f"{plain(row.original_amount)} {row.original_currency}"))
    if row.refund_of_id:
        facts.append(("refund-of", row.refund_of_id))
    if row.notes:
        facts.append(("notes", row.notes))
    return facts
