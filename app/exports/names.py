"""Names as the two formats can write them: what a format cannot say is replaced, and nothing is ever named twice."""

import re
import unicodedata
from collections.abc import Callable, Iterable

LETTERS = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nd"})
FIRST_LETTERS = frozenset({"Lu", "Nd"})
NOBODY = "-"
"""Stands in hledger where a payee would, so that a description is never taken for one."""


class Unique:
    """Hands out names that differ, without regard to case, from all it handed out before and from those reserved."""

    def __init__(self, clean: Callable[[str], str], between: str, reserved: Iterable[str] = ()) -> None:
        self._clean = clean
        self._between = between
        self._taken = {name.casefold() for name in reserved}

    def take(self, name: str) -> str:
        wanted = found = self._clean(name)
        number = 1
        while found.casefold() in self._taken:
            number += 1
            found = f"{wanted}{self._between}{number}"
        self._taken.add(found.casefold())
        return found


def _spaced(text: str) -> str:
    """One line with single spaces: hledger ends a name at two of them."""
    return " ".join("".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in text).split())


def hledger_account(name: str) -> str:
    """A part of an account's name: `:` would begin another part, `;` a comment."""
    return _spaced(name.translate({ord(":"): "-", ord(";"): ","})) or "Unnamed"


def hledger_payee(name: str) -> str:
    """A payee: `|` would begin the note, `;` a comment, `(` in front a code, and a quote in front a quoted name."""
    text = _spaced(name.translate({ord("|"): "/", ord(";"): ","}))
    instead = {"(": "[", '"': "'"}
    return instead.get(text[:1], text[:1]) + text[1:] or "Unnamed"


def hledger_note(text: str) -> str:
    return _spaced(text.replace(";", ","))


def hledger_tag(name: str) -> str:
    return re.sub(r"[\s:;,\[\]]+", "-", _spaced(name)).strip("-") or "tag"


def beancount_account(name: str) -> str:
    """A part of an account's name: letters, digits and dashes, with a capital letter or a digit in front."""
    text = unicodedata.normalize("NFC", name)
    text = "".join(c if unicodedata.category(c) in LETTERS else "-" for c in text)
    text = re.sub(r"-+", "-", text).strip("-")
    if not text:
        return "Unnamed"
    if unicodedata.category(text[0]) not in FIRST_LETTERS:
        text = text[0].upper() + text[1:]
    return text if unicodedata.category(text[0]) in FIRST_LETTERS else f"X{text}"


def beancount_tag(name: str) -> str:
    """Beancount's tags are ASCII: accents go, what is left over becomes a dash."""
    text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_/.]+", "-", text).strip("-") or "tag"


def beancount_currency(code: str) -> str:
    if re.fullmatch(r"[A-Z][A-Z0-9]+", code) and code not in {"TRUE", "FALSE", "NULL"}:
        return code
    return f"C-{code}"


def beancount_commodity(symbol: str) -> str:
    """What an asset is called: capitals, digits and dashes, with a letter in front."""
    text = unicodedata.normalize("NFKD", symbol).encode("ascii", "ignore").decode().upper()
    text = re.sub(r"[^A-Z0-9]+", "-", text)[:18].strip("-")
    return beancount_currency(text) if text.isalnum() else f"C-{text}".strip("-")


def hledger_currency(code: str) -> str:
    return code if re.fullmatch(r"[A-Z]+", code) else f'"{code}"'
