"""Numbers as hledger writes them: the decimal mark is what the file says it is, and never guessed."""

import re
from decimal import Decimal

from app.core.money import MAX_INTEGER_DIGITS, decimals
from app.imports.plaintext.model import LineError, NumberQuestionError

DIGITS = re.compile(r"\d(?:[\d.,' \u00a0\u202f_]*\d)?[.,]?|[.,]\d+", re.ASCII)
MOST_DIGITS = 60
MOST_DECIMALS = 18
"""Of units and prices."""


def is_too_long(number: Decimal) -> bool:
    """Whether units or a price have more decimals, or digits before them, than a trade takes."""
    return decimals(number) > MOST_DECIMALS or (number != 0 and number.adjusted() >= MAX_INTEGER_DIGITS)


def decimal_mark(number: str) -> str | None:
    """The mark that a number shows by itself to be the decimal one; None where it could be either."""
    dots, commas = number.count("."), number.count(",")
    if dots and commas:
        last = max(number.rfind("."), number.rfind(","))
        return number[last] if number.count(number[last]) == 1 else None
    if dots > 1 or commas > 1:
        return "," if dots else "."
    mark = "." if dots else "," if commas else ""
    if not mark:
        return None
    whole, _, rest = number.partition(mark)
    groups = len(rest) == 3 and 1 <= len(whole) <= 3 and whole.strip("0") != "" and whole.isdigit()
    return None if groups else mark


def parse(number: str, mark: str | None, line: int) -> Decimal:
    """Raises `NumberQuestionError` where both readings make sense, and `LineError` where neither does."""
    if len(number) > MOST_DIGITS:
        raise LineError(line, f"'{number[:40]}...' has too many digits")
    used = mark or decimal_mark(number)
    if used is None and ("." in number or "," in number):
        raise NumberQuestionError(line, number)
    used = used or "."
    text = re.sub(r"[' \u00a0\u202f_]", "", number).replace("," if used == "." else ".", "")
    if text.count(used) > 1:
        raise LineError(line, f"'{number}' has the decimal mark '{used}' twice")
    rest = number.partition(used)[2]
    if re.search(r"[.,]", rest):
        raise LineError(line, f"'{number}' has a digit group behind the decimal mark '{used}'")
    return Decimal(text.replace(used, "."))
