"""What a column is for, by its name."""

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from app.imports.csv.currencies import CODES
from app.imports.csv.mapping import NAME_LIMIT
from app.imports.csv.words import DATE_TOKENS, IGNORED_TOKENS, PHRASES, TOTAL_WORDS, Meaning


class Role(NamedTuple):
    """One meaning a column may have; of two columns with the same meaning the one with the lower rank is preferred."""

    meaning: Meaning
    rank: int


_UNDECOMPOSED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "\u0131": "i", "æ": "a", "œ": "o"})
_UMLAUTS = re.compile("ae|oe|ue")
_BRACKETS = re.compile(r"[(\[{][^)\]}]*[)\]}]?")
_INNER_CAPITAL = re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])")
_WORD = re.compile(r"[^\W_]+")
_NUMBER_AT_END = re.compile(r" ?\d+$")
_BEFORE_CURRENCY = frozenset(("in", "en", "w", "i", "em"))


def plain(text: str) -> str:
    """The text folded to compare words: lower case, without accents, umlauts written out or not."""
    folded = text.casefold()
    if not folded.isascii():
        decomposed = unicodedata.normalize("NFKD", folded.translate(_UNDECOMPOSED))
        folded = "".join(character for character in decomposed if not unicodedata.combining(character))
    return folded


def words(text: str) -> list[str]:
    """The words of a column name or a cell in the form the tables use: `Empfänger` and `Empfaenger` are the same."""
    return _WORD.findall(_UMLAUTS.sub(lambda pair: pair[0][0], plain(_INNER_CAPITAL.sub(" ", text))))


def stem(name: str) -> str:
    """The name without the number at its end, the same for `VWZ1` and `VWZ 14`."""
    return _NUMBER_AT_END.sub("", " ".join(words(name)))


def roles(name: str) -> tuple[Role, ...]:
    """What a column of this name may be for, likelier meanings first; empty for a name that says nothing."""
    if len(name) > NAME_LIMIT:
        return ()
    whole = words(name)
    outside = words(_BRACKETS.sub(" ", name))
    for candidate in (whole, outside, _without_currency(whole), _without_currency(outside)):
        phrase = " ".join(candidate)
        found = _TABLE.get(phrase) or _TABLE.get(_NUMBER_AT_END.sub("", phrase))
        if found is not None:
            return found
    if not _IGNORED.isdisjoint(whole):
        return (Role("other", 0),)
    if not _DATES.isdisjoint(whole):
        return (Role("date", 4),)
    return ()


def _without_currency(tokens: list[str]) -> list[str]:
    if len(tokens) > 1 and tokens[-1].upper() in CODES:
        tokens = tokens[:-1]
    if len(tokens) > 1 and tokens[-1] in _BEFORE_CURRENCY:
        tokens = tokens[:-1]
    return tokens


def _table() -> dict[str, tuple[Role, ...]]:
    table: dict[str, tuple[Role, ...]] = {}
    for meaning, rank, phrases in PHRASES:
        for phrase in phrases.split(","):
            key = " ".join(words(phrase))
            table[key] = (*table.get(key, ()), Role(meaning, rank))
    return table


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(word for name in names for word in words(name))


_TABLE = _table()
_IGNORED = _folded(IGNORED_TOKENS)
_DATES = _folded(DATE_TOKENS)
_TOTALS = _folded(TOTAL_WORDS)


def names_total(cells: Iterable[str]) -> bool:
    """Whether a cell holds a word of a line of totals."""
    return any(not _TOTALS.isdisjoint(words(cell)) for cell in cells)
