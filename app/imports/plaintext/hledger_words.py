"""The words and shapes of hledger's journal format."""

import re

from app.imports.plaintext import numbers
from app.imports.plaintext.model import Kind

ROOTS: dict[str, Kind] = {
    "asset": "asset", "assets": "asset", "liability": "liability", "liabilities": "liability", "debt": "liability",
    "debts": "liability", "expense": "expense", "expenses": "expense", "income": "income", "incomes": "income",
    "revenue": "income", "revenues": "income", "equity": "equity",
}  # fmt: skip
TYPES: dict[str, Kind] = {
    "a": "asset", "asset": "asset", "c": "asset", "cash": "asset", "l": "liability", "liability": "liability",
    "x": "expense", "expense": "expense", "r": "income", "revenue": "income", "income": "income",
    "e": "equity", "equity": "equity", "v": "equity", "conversion": "equity",
}  # fmt: skip
REFUSED = {
    "~": "a periodic rule is a plan, not something that happened",
    "=": "an automatic rule is not applied; write what it adds with `hledger print --auto`",
    "include": "another file is not read; put all into one with `hledger print`",
    "alias": "aliases are not applied; write the names out with `hledger print`",
    "apply": "`apply account` is not applied; write the names out with `hledger print`",
}
OURS = re.compile(r"; finance-tracker: .*base-currency: (\S+)")
QUIET = {"end", "N", "i", "o", "b", "h", "A", "C", "test", "assert", "def", "value", "eval", "expr", "bucket"}
HEADER = re.compile(
    r"(?P<date>\d+[-/.]\d+(?:[-/.]\d+)?)(?:=\S+)?(?:\s+|$)(?:(?P<status>[*!])\s*)?(?:\((?P<code>[^)]*)\)\s*)?(?P<rest>.*)"
)
TAG = re.compile(r"(?:^|[\s,])([^\s:,]+):([^,\n]*)(?:,|$)")
SIDE = r'(?:"[^"]*"|[^\d\s.,;+@={}()\[\]"\'*-][^\d\s.,;+@={}()\[\]"\'*-]*)'
# Spaces are possessive (`*+`): three runs that meet, each giving some back in turn, would take the cube of them.
AMOUNT = re.compile(
    rf"(?P<sign>[-+]?)\s*+(?P<left>{SIDE})?\s*+(?P<inner>[-+]?)\s*+(?P<number>{numbers.DIGITS.pattern})\s*+"
    rf"(?P<right>{SIDE})?",
    re.ASCII,
)
EQUALS = re.compile(r"(={1,2})(\*?)\s*")
