"""International Securities Identification Numbers (ISO 6166)."""

import re

ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]", re.ASCII)


def check_digit(number: str) -> int:
    """Of the first eleven characters: letters count 10 to 35, then as Luhn, from the right."""
    digits = "".join(str(int(character, 36)) for character in number[:11])
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return -total % 10


def normal(text: str) -> str:
    """An ISIN in capitals, without spaces; raises `ValueError` for what is none."""
    number = "".join(text.split()).upper()
    if not ISIN.fullmatch(number):
        raise ValueError("is no ISIN: two letters, nine letters or digits, and a check digit")
    if int(number[-1]) != check_digit(number):
        raise ValueError("is no ISIN: its last digit does not check")
    return number
