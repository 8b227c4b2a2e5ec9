"""Texts with values in them: HTML that escapes by itself, plain text, and what people wrote made harmless for both."""

import unicodedata
from functools import cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape

SHORT = 200
LONG = 2000
BREAKS = frozenset("\n\t")
# Among Cf are the signs that turn the order of what follows round: "exe.pdf" would be "fdp.exe" (CVE-2021-42574).
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
JOINERS = frozenset("\u200c\u200d")
"""Unseen, and needed: they hold letters of Persian and Hindi, and families of emoji, together or apart."""


def harmless(text: str, most: int = LONG) -> str:
    """What somebody wrote, without signs that nobody sees or that turn others round, and not without end."""
    kept = "".join(c for c in text if c in BREAKS or c in JOINERS or unicodedata.category(c) not in UNSEEN)
    return kept if len(kept) <= most else f"{kept[: most - 1].rstrip()}…"


def line(text: str, most: int = SHORT) -> str:
    """The same on one line."""
    return harmless(" ".join(text.split()), most)


@cache
def environment(*packages: str) -> Environment:
    """The templates in the folders `templates` of these packages, looked for in this order.

    `.html` escapes what is put into it, `.txt` is plain text. What people wrote goes through `line` or `harmless`
    there. A name that is not given is an error.
    """
    made = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in packages]),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["line"] = line
    made.filters["harmless"] = harmless
    return made
