"""Reads Beancount files: what happened, and nothing that Beancount would have to work out (plugins, padding)."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from app.imports.plaintext.beancount_amounts import AMOUNT, NUMBER, amount_of, decimal_of, posting_of
from app.imports.plaintext.beancount_text import open_behind, tokens_of, value_of
from app.imports.plaintext.model import (
    KNOWN,
    Amount,
    Assertion,
    Journal,
    Kind,
    LineError,
    Meta,
    Price,
    Transaction,
    complete,
)

ROOTS: dict[str, Kind] = {
    "name_assets": "asset",
    "name_liabilities": "liability",
    "name_equity": "equity",
    "name_income": "income",
    "name_expenses": "expense",
}
NAMES = {"asset": "Assets", "liability": "Liabilities", "equity": "Equity", "income": "Income", "expense": "Expenses"}
NOT_READ = {
    "include": "another file is not read; put all into one",
    "pad": "padding is not worked out; write the transaction that it stands for",
    "pushmeta": "write the metadata where it belongs",
    "popmeta": "write the metadata where it belongs",
}
IGNORED = {"note", "event", "query", "document", "close", "custom"}
METHODS = {"STRICT", "STRICT_WITH_SIZE", "FIFO", "LIFO", "HIFO", "AVERAGE", "NONE"}
MOST_LINES_OF_A_STRING = 10_000
MOST_UNCLOSED = 20
_DATED = re.compile(r"(\d{4,})[-/](\d+)[-/](\d+)\s+(\S+)", re.ASCII)
_ABOUT = re.compile(rf"~\s*+({NUMBER})\s*+([A-Z/]\S*)", re.ASCII)
_META = re.compile(r"([a-z][a-zA-Z0-9\-_]+):(?:\s+(.*))?$", re.DOTALL)


class Reader:
    """Reads one file, entry by entry."""

    def __init__(self, text: str) -> None:
        self.journal = Journal(kinds={name: kind for kind, name in _swapped(NAMES)})
        self._lines = text.replace("\r\n", "\n").split("\n")
        self._at = 0
        self._unclosed = 0
        self._pushed: list[str] = []
        self._place = 0.0

    def read(self) -> Journal:
        while self._at < len(self._lines):
            number = self._at + 1
            try:
                line = self._logical()
                if line[:1] and not line[0].isspace():
                    self._entry(line, number)
                elif line.strip() and not line.strip().startswith(";"):
                    self.journal.errors.append(LineError(number, "an indented line that belongs to nothing"))
            except LineError as error:
                self.journal.errors.append(error)
        return self.journal

    def _logical(self) -> str:
        """The next line, with those that a string goes on in."""
        first = self._at
        lines = [self._lines[first]]
        self._at += 1
        inside = open_behind(lines[0], inside=False)
        while inside:
            if self._at >= len(self._lines) or self._at - first > MOST_LINES_OF_A_STRING:
                self._unclosed += 1
                # What stands in an open string may be anything: after some of them the rest is not worth a guess.
                self._at = first + 1 if self._unclosed < MOST_UNCLOSED else len(self._lines)
                raise LineError(first + 1, "a quote is not closed")
            lines.append(self._lines[self._at])
            inside = open_behind(lines[-1], inside=True)
            self._at += 1
        return "\n".join(lines)

    def _entry(self, line: str, number: int) -> None:
        dated = _DATED.match(line)
        if dated is None:
            self._undated(line, number)
            return
        block = list(self._block())
        try:
            day = date(int(dated[1]), int(dated[2]), int(dated[3]))
        except (ValueError, OverflowError):
            raise LineError(number, f"'{line[:10]}' is not a date") from None
        word, rest = dated[4], line[dated.end() :].strip()
        if word in NOT_READ:
            raise LineError(number, f"'{word}': {NOT_READ[word]}")
        if word == "txn" or re.fullmatch(r"[*!&#?%A-Z]", word) or word[0] in "\"'":
            rest = line[dated.start(4) :] if word[0] == '"' else rest
            self._transaction(rest, number, day, block, pending=word == "!")
        elif word in {"open", "commodity"}:
            self._declared(word, rest, number, dict(self._meta(block)))
        elif word == "balance":
            self._balance(rest, number, day)
        elif word == "custom":
            self._custom(rest)
        elif word == "price":
            self._price(rest, number, day)
        elif word not in IGNORED:
            raise LineError(number, f"'{word[:40]}' is not a directive that is known here")

    def _undated(self, line: str, number: int) -> None:
        tokens = list(tokens_of(line))
        words = [text for kind, text in tokens if kind == "word"]
        texts = [text for kind, text in tokens if kind == "string"]
        first = words[0] if words else ""
        if not tokens or line[0] in "*:#!&?%;":
            return
        if first in NOT_READ:
            raise LineError(number, f"'{first}': {NOT_READ[first]}")
        if first == "plugin":
            detail = f"Plugins are not run (line {number}): what they would add or change is not imported."
            self.journal.warnings.setdefault("plugins_ignored", detail)
        elif first == "option" and len(texts) == 2:
            self._option(*texts)
        elif first in {"pushtag", "poptag"} and len(tokens) > 1 and tokens[1][0] == "tag":
            if first == "pushtag":
                self._pushed.append(tokens[1][1])
            elif tokens[1][1] in self._pushed:
                self._pushed.remove(tokens[1][1])
        else:
            raise LineError(number, f"'{line[:40]}' cannot be read")

    def _option(self, name: str, value: str) -> None:
        if name in ROOTS:
            kinds = self.journal.kinds
            self.journal.kinds = {root: kind for root, kind in kinds.items() if kind != ROOTS[name]}
            self.journal.kinds[value] = ROOTS[name]
        elif name == "operating_currency":
            self.journal.base_currency = self.journal.base_currency or value
        elif name == "booking_method" and value in METHODS:
            self.journal.booking[""] = value

    def _declared(self, word: str, rest: str, number: int, meta: Meta) -> None:
        found = re.match(r"\S+", rest)
        if found is None:
            raise LineError(number, f"'{word}' names nothing")
        if word == "open":
            currency = re.match(r"\s+([A-Z/][A-Z0-9'._\-]*)", rest[found.end() :])
            self.journal.accounts[found[0]] = {**({"currency": currency[1]} if currency else {}), **meta}
            methods = [text for kind, text in tokens_of(rest) if kind == "string"]
            if methods and methods[0] not in METHODS:
                raise LineError(number, f"'{methods[0][:40]}' is no booking method")
            self.journal.booking |= dict.fromkeys([found[0]], methods[0]) if methods else {}
        else:
            self.journal.commodities[found[0]] = meta
            if "code" in meta:
                self.journal.codes[found[0]] = meta["code"]

    def _price(self, rest: str, number: int, day: date) -> None:
        found = re.match(r"(\S+)\s+(.*)$", rest, re.DOTALL)
        amount = amount_of(found[2], number)[0] if found else None
        if found is None or amount is None:
            raise LineError(number, f"'{rest[:40]}' is not a price")
        self.journal.prices.append(Price(number, day, found[1], amount))

    def _custom(self, rest: str) -> None:
        texts = [text for kind, text in tokens_of(rest) if kind == "string"]
        if len(texts) == 3 and texts[0] == "tag":
            self.journal.tags[texts[1]] = texts[2]

    def _balance(self, rest: str, number: int, day: date) -> None:
        account, _, rest = rest.partition(" ")
        found = AMOUNT.match(rest.strip())
        tolerance = None
        if found and (about := _ABOUT.match(rest.strip(), found.end())):
            tolerance, commodity = decimal_of(about[1], number), about[2]
        else:
            commodity = (found[2] if found else None) or ""
        if found is None or not commodity:
            raise LineError(number, f"'{rest.strip()[:40]}' is not a balance")
        stated = decimal_of(found[1], number)
        exponent = stated.as_tuple().exponent
        if tolerance is None:
            tolerance = Decimal(1).scaleb(exponent) if isinstance(exponent, int) and exponent < 0 else Decimal(0)
        # It speaks of the start of its day.
        self.journal.assertions.append(
            Assertion(number, day, -1, account, Amount(stated, commodity), tolerance, with_children=True)
        )

    def _block(self) -> Iterator[tuple[int, str]]:
        """The indented lines that follow; comments are none."""
        while self._at < len(self._lines) and self._lines[self._at][:1] in {" ", "\t"}:
            number = self._at + 1
            line = self._logical().strip()
            if line and not line.startswith(";"):
                yield number, line

    def _meta(self, block: list[tuple[int, str]]) -> Iterator[tuple[str, str]]:
        for _, line in block:
            if found := _META.match(line):
                yield found[1], value_of(found[2] or "")

    def _transaction(self, rest: str, number: int, day: date, block: list[tuple[int, str]], *, pending: bool) -> None:
        self._place += 1
        made = Transaction(number, day, pending=pending, tags=list(self._pushed))
        texts = [text for kind, text in tokens_of(rest) if kind == "string"]
        if len(texts) > 2:
            raise LineError(number, "more than a payee and a narration")
        if texts:
            made.description = texts[-1] or None
            made.payee = texts[0] if len(texts) == 2 else None
        self._labels(made, rest)
        for at, line in block:
            if found := _META.match(line):
                into = made.postings[-1].meta if made.postings else made.meta
                into[found[1]] = value_of(found[2] or "")
            elif line[0] in "#^":
                self._labels(made, line)
            else:
                made.postings.append(posting_of(line, at))
        made.notes += [f"{name}: {value}" for name, value in made.meta.items() if name not in KNOWN]
        if not made.has_lots:  # what lots are worth is known once all that came before is read
            complete(made)
        self.journal.transactions.append(made)

    def _labels(self, made: Transaction, text: str) -> None:
        for kind, value in tokens_of(text):
            if kind == "tag" and value not in made.tags:
                made.tags.append(value)
            elif kind == "link":
                made.notes.append(f"^{value}")


def _swapped(names: dict[str, str]) -> list[tuple[Kind, str]]:
    return [(kind, names[kind]) for kind in ROOTS.values()]


def read(text: str) -> Journal:
    return Reader(text).read()
