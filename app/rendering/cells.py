"""Cells as files have them: which are numbers, and which texts a spreadsheet must not take for a formula."""

import re
from decimal import Decimal
from string import ascii_letters, digits

from app.core.money import PLAIN_NUMBER
from app.rendering.model import Cell, Column

NUMERIC = ("money", "percent", "number")

# What Excel, LibreOffice and Google Sheets take for the beginning of a formula, in its full-width and small forms too,
# behind anything that some of them skip. https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(
    "[\\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2060\ufeff']*"
    "[=+\\-@\u2212\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]"
    "|'*[\t\r\n]"
)

HARMLESS = frozenset(ascii_letters + digits)
"""A text that begins with one of these is never a formula, and needs no search."""


def guarded(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would compute something; `unguarded` takes it off."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """What `guarded` was given, for every text."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


def value_of(cell: Cell, column: Column) -> Cell:
    """The cell, and a number where a column of numbers has one written out."""
    if isinstance(cell, str) and column.kind in NUMERIC and PLAIN_NUMBER.fullmatch(cell):
        return Decimal(cell)
    return cell
