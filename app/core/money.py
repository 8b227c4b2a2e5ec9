"""Amounts of money at the edges: what input is taken, how output is written.

Inside, an amount is a `Decimal` with exactly the decimals of its currency; a float never touches one.
"""

import re
from decimal import ROUND_HALF_UP, Decimal, DefaultContext, getcontext
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

# An amount times two rates, one of them turned round: up to 52 digits before the point and 18 behind it, summed.
DefaultContext.prec = 120
getcontext().prec = 120

MAX_INTEGER_DIGITS = 15
MAX_DECIMALS = 18
PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
OUTPUT_PATTERN = r"^-?\d+(\.\d+)?$"
POSITIVE_PATTERN = r"^(?=[0-9.]*[1-9])\d{1,15}(\.\d{1,18})?$"
NON_ZERO_PATTERN = r"^(?=[-0-9.]*[1-9])-?\d{1,15}(\.\d{1,18})?$"
NOT_NEGATIVE_PATTERN = r"^\d{1,15}(\.\d{1,18})?$"
SIGNED_PATTERN = r"^-?\d{1,15}(\.\d{1,18})?$"


def decimals(amount: Decimal) -> int:
    """How many decimals an amount needs when trailing zeros are dropped; 0 for whole numbers."""
    exponent = amount.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def quantum(exponent: int) -> Decimal:
    """The smallest amount of a currency with this many decimals: 0.01 for 2."""
    return Decimal(1).scaleb(-exponent)


def rounded(amount: Decimal, exponent: int) -> Decimal:
    """To so many decimals, half away from zero, as PostgreSQL's round() does."""
    return amount.quantize(quantum(exponent), ROUND_HALF_UP)


def plain(amount: Decimal) -> str:
    """An amount as the API writes it: no exponent, and its own decimals."""
    return format(amount, "f")


def percent(part: Decimal, whole: Decimal) -> Decimal:
    """`part` of `whole` in percent, rounded half to even to 2 decimals; 0 when the whole is 0."""
    return (part * 100 / whole).quantize(Decimal("0.01")) if whole else Decimal(0)


def _no_float(value: Any) -> Any:
    """Bodies are parsed with exact decimals, so a float or a boolean here is somebody's mistake."""
    if isinstance(value, (bool, float)):
        raise ValueError('an amount is a decimal string such as "12.50"')  # noqa: TRY004  # pydantic wants ValueError
    if isinstance(value, str) and not PLAIN_NUMBER.fullmatch(value):
        raise ValueError('an amount is a decimal string such as "12.50"')
    return value


def _in_bounds(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError("an amount is a finite number")
    if value and value.adjusted() >= MAX_INTEGER_DIGITS:
        raise ValueError(f"an amount has at most {MAX_INTEGER_DIGITS} digits before the point")
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > MAX_DECIMALS:
        raise ValueError(f"an amount has at most {MAX_DECIMALS} decimals")
    return value


def _positive(value: Decimal) -> Decimal:
    if value <= 0:
        raise ValueError("must be greater than 0; the type says whether money comes in or goes out")
    return value


def _above_zero(value: Decimal) -> Decimal:
    if value <= 0:
        raise ValueError("must be greater than 0")
    return value


def _not_negative(value: Decimal) -> Decimal:
    if value < 0:
        raise ValueError("must not be negative")
    return abs(value)  # "-0" is 0


def at_most_all(value: Decimal) -> Decimal:
    """Validate a part of a whole, in percent."""
    if value > 100:
        raise ValueError("is at most 100 percent")
    return value


def _not_zero(value: Decimal) -> Decimal:
    if not value:
        raise ValueError("must not be 0")
    return value


def _input_schema(pattern: str, example: str, description: str, **number: int) -> WithJsonSchema:
    as_number = {"type": "number", "exclusiveMaximum": 10**MAX_INTEGER_DIGITS, **number}
    return WithJsonSchema(
        {
            "anyOf": [{"type": "string", "pattern": pattern}, as_number],
            "examples": [example],
            "description": description,
        }
    )


SignedAmount = Annotated[
    Decimal,
    BeforeValidator(_no_float),
    AfterValidator(_in_bounds),
    _input_schema(
        SIGNED_PATTERN, "-12.50", "A decimal string; positive is money in.", exclusiveMinimum=-(10**MAX_INTEGER_DIGITS)
    ),
]
"""An input amount with a sign."""

PositiveAmount = Annotated[
    Decimal,
    BeforeValidator(_no_float),
    AfterValidator(_in_bounds),
    AfterValidator(_positive),
    _input_schema(POSITIVE_PATTERN, "12.50", "A decimal string greater than 0.", exclusiveMinimum=0),
]
"""An input amount without a sign."""

PositiveRate = Annotated[
    Decimal,
    BeforeValidator(_no_float),
    AfterValidator(_in_bounds),
    AfterValidator(_above_zero),
    _input_schema(
        POSITIVE_PATTERN, "1.0842", "A decimal string greater than 0: how much one unit is.", exclusiveMinimum=0
    ),
]
"""An input exchange rate."""

NotNegativeAmount = Annotated[
    Decimal,
    BeforeValidator(_no_float),
    AfterValidator(_in_bounds),
    AfterValidator(_not_negative),
    _input_schema(NOT_NEGATIVE_PATTERN, "500.00", "A decimal string that is not negative.", minimum=0),
]
"""An input amount without a sign that may be 0."""

NonZeroAmount = Annotated[
    Decimal,
    BeforeValidator(_no_float),
    AfterValidator(_in_bounds),
    AfterValidator(_not_zero),
    _input_schema(
        NON_ZERO_PATTERN,
        "-12.50",
        "A decimal string, not 0; positive is money in.",
        exclusiveMinimum=-(10**MAX_INTEGER_DIGITS),
    ),
]
"""An input amount with a sign that moves something."""

Money = Annotated[
    Decimal,
    PlainSerializer(plain, return_type=str),
    WithJsonSchema({"type": "string", "pattern": OUTPUT_PATTERN, "examples": ["12.50"]}),
]
"""An output amount: a decimal string with the decimals of its currency."""
