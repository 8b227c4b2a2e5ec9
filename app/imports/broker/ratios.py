"""The ratio of a split in the words of a broker."""

import re
from collections.abc import Iterable
from typing import NamedTuple

_NUMBER = r"\d{1,6}(?:\.\d{1,6})?"
# What has more digits or separators beside it is a date, a time, or a number with its thousands apart.
_RATIO = re.compile(
    rf"(?<![\d.,:/-])(?P<new>{_NUMBER})\s?(?P<sign>-?for-?|:|/)\s?(?P<old>{_NUMBER})(?![.,:/-]?\d)",
    re.ASCII | re.IGNORECASE,
)
_CLOCK = re.compile(r"(?:[01]?\d|2[0-3]):[1-5]\d", re.ASCII)


class SplitRatio(NamedTuple):
    """`new` units for `old` ones; `unsure` where the text may be a time of day or a date."""

    new: str
    old: str
    unsure: bool

    def __str__(self) -> str:
        return f"{self.new}:{self.old}"


def ratio_of(texts: Iterable[str | None]) -> SplitRatio | None:
    """The ratio that the first text with one says; None where none does, or one says several."""
    for text in texts:
        found = {match.group("new", "old"): match for match in _RATIO.finditer(text or "") if _is_ratio(match)}
        if found:
            (match,) = found.values() if len(found) == 1 else (None,)
            return None if match is None else SplitRatio(match["new"], match["old"], _is_unsure(match))
    return None


def _is_ratio(match: re.Match[str]) -> bool:
    """A number with a zero in front is one of a date or a time."""
    return not any(len(part) > 1 and part[0] == "0" and part[1] != "." for part in match.group("new", "old"))


def _is_unsure(match: re.Match[str]) -> bool:
    return match["sign"] == "/" or (match["sign"] == ":" and _CLOCK.fullmatch(str(match[0])) is not None)
