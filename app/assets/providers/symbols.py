"""What a provider knows a security by.

Where an answer does not say which currency its prices are in, the symbol does, behind a stroke: `VOD.LON/GBX`. So one
symbol means one price, whoever follows it.
"""

import re

NAME = re.compile(r"[A-Za-z0-9^][A-Za-z0-9.^=_-]{0,49}", re.ASCII)
CODE = re.compile(r"[A-Za-z0-9]{3,10}", re.ASCII)


def with_currency(text: str, currency: str) -> str:
    """A symbol with its currency, that of the asset where it names none; raises `ValueError` for what is none."""
    name, stroke, code = text.partition("/")
    code = code if stroke else currency
    if not NAME.fullmatch(name) or not CODE.fullmatch(code):
        raise ValueError("is no symbol such as IBM or VOD.LON/GBX")
    return f"{name}/{code.upper()}"


def plain(text: str) -> str:
    """A symbol of a provider that says the currency itself; raises `ValueError` for what is none."""
    if not NAME.fullmatch(text):
        raise ValueError("is no symbol such as AAPL or BTC-USD")
    return text


def parts(symbol: str) -> tuple[str, str]:
    """The name and the currency of a symbol that has one."""
    name, _, code = symbol.partition("/")
    return name, code
