"""Which of the formats a file is in, from its text."""

import re
from typing import Literal

LOOKED_AT = 200_000
_BEANCOUNT = re.compile(
    r"^(?:\d{4,}[-/]\d+[-/]\d+\s+(?:(?:[*!]|txn)\s+\"|(?:open|close|balance|pad)\s+[^\W\d_a-z][\w-]*:\S)|option\s+\"\w+\"\s+\")",
    re.MULTILINE,
)
# A date in front of a line, and an indented line with an account below it.
_HLEDGER = re.compile(
    r"^(?:\d{1,4}[-/.]\d+(?:[-/.]\d+)?(?:[ =][^\n]*)?\r?\n(?:[ \t]+;[^\n]*\r?\n)*[ \t]+[^\s;,][^\n,;]*"
    r"|decimal-mark [.,]\s*$|account [^\W\d_][^\n,;]*:[^\n]*$)",
    re.MULTILINE,
)


def format_of(data: bytes) -> Literal["csv", "hledger", "beancount"]:
    """CSV unless it is plainly something else."""
    text = data[:LOOKED_AT].decode("utf-8-sig", errors="replace")
    if _BEANCOUNT.search(text):
        return "beancount"
    return "hledger" if _HLEDGER.search(text) else "csv"
