"""Reads hledger journals: what happened, and nothing that hledger would have to work out (rules, aliases)."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from urllib.parse import unquote

from app.imports.plaintext import numbers
from app.imports.plaintext.hledger_words import AMOUNT, EQUALS, HEADER, OURS, QUIET, REFUSED, ROOTS, TAG, TYPES
from app.imports.plaintext.model import (
    KNOWN,
    Amount,
    Assertion,
    Journal,
    LineError,
    Meta,
    Posting,
    Transaction,
    complete,
)


class Reader:
    """Reads one journal, line by line."""

    def __init__(self, text: str, mark: str | None) -> None:
        self.journal = Journal(kinds={})
        self._lines = text.replace("\r\n", "\n").split("\n")
        self._at = 0
        self._asked = mark
        self._mark = mark
        self._marks: dict[str, str] = {}
        self._year: int | None = None
        self._default: str | None = None
        self._place = 0.0
        self._ours = False

    def read(self) -> Journal:
        self._marks_of_directives()
        while self._at < len(self._lines):
            line, number = self._lines[self._at], self._at + 1
            self._at += 1
            try:
                self._entry(line, number)
            except LineError as error:
                self.journal.errors.append(error)
        return self.journal

    def _marks_of_directives(self) -> None:
        """hledger lets `decimal-mark` and `commodity` speak for the whole file; so do numbers that leave no doubt."""
        seen: set[str] = set()
        for line in self._lines:
            if found := re.match(r"decimal-mark\s+([.,])", line):
                self._mark = self._mark or found[1]
            elif found := re.match(r"(?:commodity|D|\s+format)\s+(.*)", line):
                self._commodity_format(found[1])
            elif line[:1].isspace() and not line.lstrip().startswith(";"):
                for number in numbers.DIGITS.findall(line.split(";")[0]):
                    seen.add(numbers.decimal_mark(number) or "")
        seen.discard("")
        if self._mark is None and len(seen) == 1:
            self._mark = seen.pop()

    def _commodity_format(self, text: str) -> None:
        found = AMOUNT.match(text.split(";", maxsplit=1)[0].strip())
        commodity = _symbol(found) if found else None
        if found and commodity:
            mark = numbers.decimal_mark(found["number"])
            number: str = found["number"]
            if number[-1] in ".,":
                mark = number[-1]
            elif number.count(".") + number.count(",") == 1:
                # The directive shows how amounts are written, and hledger wants a decimal mark in it.
                mark = "." if "." in number else ","
            if mark:
                self._marks.setdefault(commodity, mark)

    def _entry(self, line: str, number: int) -> None:
        if not line.strip() or line[0] in ";#*%|":
            if found := OURS.match(line):
                self._ours = True
                self.journal.base_currency = found[1]
            return
        if line[0].isspace():
            raise LineError(number, "an indented line that belongs to nothing")
        block = list(self._block())
        if line[0].isdigit():
            self._transaction(line, number, block)
            return
        word = re.match(r"[@!]?(\S+)", line)
        self._directive(word[1] if word else line, line.lstrip("@!"), number, block)

    def _block(self) -> Iterator[tuple[int, str]]:
        """The indented lines that follow."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if not line.strip() or not line[0].isspace():
                return
            self._at += 1
            yield self._at, line.strip()

    def _directive(self, word: str, line: str, number: int, block: list[tuple[int, str]]) -> None:
        if word[0] in "~=":
            raise LineError(number, REFUSED[word[0]])
        if word in REFUSED:
            raise LineError(number, REFUSED[word])
        if word == "comment":
            while self._at < len(self._lines) and self._lines[self._at].strip() != "end comment":
                self._at += 1
            self._at += 1
            return
        simple: dict[str, Callable[[str, str], None]] = {
            "account": self._account,
            "payee": self._payee,
            "tag": self._tag,
        }
        head, _, comment = line[len(word) :].partition(";") if word != "account" else _split(line[len(word) :])
        comment = "\n".join([comment, *(text.lstrip(";") for _, text in block if text.startswith(";"))])
        if word in simple:
            simple[word](head.strip(), comment)
        elif word in {"Y", "year"} or re.fullmatch(r"Y\d{4}", word):
            found = re.search(r"\d{4,9}", line, re.ASCII)
            self._year = int(found[0]) if found else None
        elif word == "D":
            found = AMOUNT.match(head.strip())
            self._default = _symbol(found) if found else None
        elif word == "P":
            self.journal.warnings.setdefault("prices_ignored", f"Market prices (line {number}) are not imported.")
        elif word not in QUIET | {"commodity", "decimal-mark"}:
            raise LineError(number, f"'{word[:40]}' is not a directive that is known here")

    def _account(self, name: str, comment: str) -> None:
        meta = self._tags_of(comment)
        kind = meta.pop("type", "").casefold()
        if kind in TYPES:
            self.journal.kinds[name] = TYPES[kind]
        self.journal.accounts[name] = meta

    def _payee(self, name: str, comment: str) -> None:
        meta = self._tags_of(comment)
        name = name.strip('"')
        if "none" in meta or "name" in meta:
            self.journal.payees[name] = meta.get("name")

    def _tag(self, name: str, comment: str) -> None:
        self.journal.tags[name] = self._tags_of(comment).get("name") or name

    def _transaction(self, line: str, number: int, block: list[tuple[int, str]]) -> None:
        found = HEADER.match(line)
        if found is None:
            raise LineError(number, "a line that begins with a digit is a transaction, and this date cannot be read")
        rest, _, comment = found["rest"].partition(";")
        made = Transaction(number, self._date(found["date"], number), pending=found["status"] == "!")
        payee, between, note = rest.partition("|")
        made.payee, made.description = (payee.strip() or None), (note.strip() or None) if between else None
        if found["code"]:
            made.notes.append(f"Code: {found['code'].strip()}")
        comments = [comment]
        self._place += 1
        for at, text in block:
            if text.startswith(";"):
                comments.append(text[1:])
                if made.postings:
                    made.postings[-1].meta |= self._posting_tags(text[1:], at)
            else:
                made.postings.append(self._posting(text, at, made.day))
        self._comments(made, comments if not made.postings else comments[: 1 + _leading(block)])
        complete(made)
        self.journal.transactions.append(made)

    def _comments(self, made: Transaction, comments: list[str]) -> None:
        """Tags with a value of ours are facts; those without one are the book's tags; the rest are notes."""
        for comment in comments:
            meta = self._tags_of(comment)
            made.meta |= {name: value for name, value in meta.items() if value}
            made.tags += [name for name, value in meta.items() if not value]
            words = TAG.sub("", comment).strip(" ,")
            if words or any(value and name not in KNOWN for name, value in meta.items()):
                made.notes.append(comment.strip())

    def _tags_of(self, comment: str) -> Meta:
        """The tags of a comment by name; in a file of ours `%` and two digits are what hledger could not give back."""
        found = ((name, value.strip()) for line in comment.split("\n") for name, value in TAG.findall(line))
        return {name: unquote(value) if self._ours else value for name, value in found}

    def _date(self, text: str, number: int) -> date:
        parts = re.split(r"[-/.]", text)
        if len(parts) == 2:
            if self._year is None:
                raise LineError(number, f"'{text}' has no year, and no `Y` line says which")
            parts.insert(0, str(self._year))
        wrong = f"'{text}' is not a date (year, month, day)"
        if len(parts[0]) != 4:
            raise LineError(number, wrong)
        try:
            return date(int(parts[0]), int(parts[1]), int(parts[2]))
        except (ValueError, OverflowError):
            raise LineError(number, wrong) from None

    def _posting(self, text: str, number: int, day: date) -> Posting:
        text = re.sub(r"^[*!]\s+", "", text)
        account, rest = _account_and_rest(text)
        if account[:1] in "([":
            raise LineError(number, "a virtual posting (in brackets) is not money of an account")
        rest, _, comment = rest.partition(";")
        rest = rest.strip()
        amount, rest = self._amount(rest, number)
        if "{" in rest:
            raise LineError(number, "a lot with a cost: hledger keeps no lots; a Beancount file does")
        total, rest = self._price(rest, number, amount)
        if rest.startswith("="):
            self._assertion(rest, number, account, day, amount)
        elif rest:
            raise LineError(number, f"'{rest[:40]}' cannot be read")
        return Posting(number, account, amount, total, self._posting_tags(comment, number))

    def _posting_tags(self, comment: str, number: int) -> Meta:
        meta = self._tags_of(comment)
        if {"date", "date2"} & meta.keys() or re.search(r"\[=?\d[\d/.=-]*\]", comment):
            raise LineError(number, "a posting with a date of its own; a transaction happens on one day here")
        if comment.strip() and not meta:
            meta["memo"] = comment.strip()
        return meta

    def _price(self, rest: str, number: int, amount: Amount | None) -> tuple[Amount | None, str]:
        found = re.match(r"\(?(@@?)\)?\s*", rest)
        if found is None:
            return None, rest
        price, rest = self._amount(rest[found.end() :], number)
        if price is None or amount is None:
            raise LineError(number, "a price without an amount")
        worth = abs(price.number) if found[1] == "@@" else abs(price.number * amount.number)
        return Amount(worth.copy_sign(amount.number), price.commodity), rest

    def _assertion(self, rest: str, number: int, account: str, day: date, amount: Amount | None) -> None:
        if amount is None:
            raise LineError(number, "a balance assignment; write the amount that it stands for with `hledger print -x`")
        found = EQUALS.match(rest)
        stated, left = self._amount(rest[found.end() :], number) if found else (None, rest)
        if stated is None or found is None or (left and left[0] not in "@{"):
            raise LineError(number, f"'{rest[:40]}' is not a balance")
        self.journal.assertions.append(
            Assertion(number, day, self._place + number / 1e9, account, stated, Decimal(0), found[2] == "*")
        )

    def _amount(self, text: str, number: int) -> tuple[Amount | None, str]:
        """An amount at the front, and what stands behind it."""
        if not text or text[0] in "=@{":
            return None, text
        found = AMOUNT.match(text)
        if found is None or (found["left"] and found["right"]):
            raise LineError(number, f"'{text[:40]}' is not an amount")
        commodity = _symbol(found) or self._default
        if commodity is None:
            raise LineError(number, f"'{text[:40]}' does not say in which currency it is")
        mark = self._asked or self._marks.get(commodity) or self._mark
        value = numbers.parse(found["number"].strip(), mark, number)
        if (found["sign"] == "-") != (found["inner"] == "-"):
            value = -value
        return Amount(value, commodity), text[found.end() :].strip()


def _leading(block: list[tuple[int, str]]) -> int:
    """How many comment lines stand before the first posting."""
    for count, (_, text) in enumerate(block):
        if not text.startswith(";"):
            return count
    return len(block)


def _split(text: str) -> tuple[str, str, str]:
    """An account's name ends at two spaces; a comment may follow."""
    found = re.search(r"\s{2,}|\t", text.strip())
    name = text.strip()[: found.start()] if found else text.strip()
    return name, "", text.strip()[found.end() :].lstrip(";") if found else ""


def _account_and_rest(text: str) -> tuple[str, str]:
    found = re.search(r"[ ]{2,}|\t", text)
    if found:
        return text[: found.start()], text[found.end() :].strip()
    account, between, comment = text.partition(" ;")
    return account.strip(), f";{comment}" if between else ""


def _symbol(found: re.Match[str]) -> str | None:
    side = found["left"] or found["right"]
    return side.strip('"').strip() or None if side else None


def read(text: str, mark: str | None) -> Journal:
    """Raises `NumberQuestionError` where the decimal mark is anybody's guess."""
    journal = Reader(text, mark).read()
    names = [*journal.accounts, *(posting.account for t in journal.transactions for posting in t.postings)]
    for root in {name.partition(":")[0] for name in names}:
        kind = ROOTS.get(root.casefold())
        if kind:
            journal.kinds.setdefault(root, kind)
    return journal
