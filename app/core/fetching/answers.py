"""What another server answered, read with its own digits."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

from app.core.fetching.errors import UnreadableError

LARGEST_EXPONENT = 40
STEP = re.compile(r"([^.\[\]]+)|\[(-?\d{1,6})\]", re.ASCII)
WRITTEN = re.compile(r"[+-]?\d{1,40}(\.\d{0,40})?([eE][+-]?\d{1,2})?", re.ASCII)


@dataclass(frozen=True)
class Answer:
    """The content of an answer, with the media type it says it has, lower case and without parameters."""

    content: bytes
    media_type: str = ""

    def text(self) -> str:
        """As UTF-8, with or without a mark in front; raises `UnreadableError` for anything else."""
        try:
            return self.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UnreadableError("the answer is no text") from None

    def json(self) -> Any:
        """Its JSON with every fraction a `Decimal`; raises `UnreadableError` where it is none."""
        try:
            return json.loads(self.text(), parse_float=_exact, parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise UnreadableError("the answer is no JSON") from None


def _exact(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > LARGEST_EXPONENT:
        raise ValueError("a number out of all proportion")
    return number


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def pick(document: Any, path: str) -> Any:
    """The value at a path such as `chart.result[0].close[-1]`; numbers may also stand as steps: `result.0`.

    Raises `UnreadableError` where there is nothing at it.
    """
    value = document
    for step in steps_of(path):
        try:
            value = value[int(step)] if isinstance(value, list) else dict(value)[step]
        except (LookupError, TypeError, ValueError):
            raise UnreadableError(f"the answer has nothing at {path}") from None
    return value


def steps_of(path: str) -> Sequence[str]:
    """The steps of a path; raises `ValueError` for what is none."""
    steps: list[str] = []
    place = 0
    while place < len(path):
        if path[place] == "." and steps and place + 1 < len(path):
            place += 1
        found = STEP.match(path, place)
        if found is None:
            raise ValueError(f"{path!r} is no path such as data[0].price")
        steps.append(found[1] if found[1] is not None else found[2])
        place = found.end()
    return steps


def decimal_of(value: Any, what: str = "number") -> Decimal:
    """An exact number from JSON or text; raises `UnreadableError` for anything else, NaN and infinity included."""
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        raise UnreadableError(f"the {what} is no number")
    if isinstance(value, str) and not WRITTEN.fullmatch(value.strip()):
        raise UnreadableError(f"the {what} is no number")
    number = Decimal(value)
    if not number.is_finite() or abs(number.adjusted()) > LARGEST_EXPONENT:
        raise UnreadableError(f"the {what} is out of all proportion")
    return number
