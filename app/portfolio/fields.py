"""Field types of trades: quantities, ratios, percentages, the lots of a sale."""

import re
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from app.core.fields import Body
from app.core.money import (
    OUTPUT_PATTERN,
    PLAIN_NUMBER,
    POSITIVE_PATTERN,
    NotNegativeAmount,
    PositiveAmount,
    at_most_all,
    decimals,
    plain,
    quantum,
)

MAX_RATIO = 1_000_000
RATIO_DECIMALS = 40
MAX_LOTS = 1000
_OF = re.compile(r"(\d{1,9}(?:\.\d{1,9})?):(\d{1,9}(?:\.\d{1,9})?)", re.ASCII)


def _ratio(value: Any) -> Any:
    """`1:3` is a third, to so many decimals that three old units are one new one to the last digit."""
    if isinstance(value, (bool, float)):
        raise ValueError('a ratio is written "2" or "3:2"')  # noqa: TRY004  # pydantic wants ValueError
    if not isinstance(value, str):
        return value
    found = _OF.fullmatch(value)
    if found is None:
        if PLAIN_NUMBER.fullmatch(value):
            return value
        raise ValueError('a ratio is written "2" or "3:2"')
    new, old = Decimal(found[1]), Decimal(found[2])
    if not new or not old:
        raise ValueError("a ratio is of positive numbers")
    return (new / old).quantize(quantum(RATIO_DECIMALS))


def _in_bounds(value: Decimal) -> Decimal:
    if not value.is_finite() or not 1 / Decimal(MAX_RATIO) <= value <= MAX_RATIO:
        raise ValueError(f"a ratio is between 1:{MAX_RATIO} and {MAX_RATIO}:1")
    if decimals(value) > RATIO_DECIMALS:
        raise ValueError(f"a ratio has at most {RATIO_DECIMALS} decimals")
    return value.normalize()


def _stripped(value: Decimal) -> Decimal:
    return value.normalize()


def _written(value: Decimal) -> str:
    return plain(value.normalize())


Quantity = Annotated[
    PositiveAmount,
    AfterValidator(_stripped),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": POSITIVE_PATTERN},
                {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 10**15},
            ],
            "examples": ["10.5"],
            "description": "How many units, a decimal string greater than 0, with up to 18 decimals.",
        }
    ),
]
Ratio = Annotated[
    Decimal,
    BeforeValidator(_ratio),
    AfterValidator(_in_bounds),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^(?=[0-9.]*[1-9])\d{1,6}(\.\d{1,6})?(:[1-9]\d{0,5})?$"},
                {"type": "number", "minimum": 0.000001, "maximum": MAX_RATIO},
            ],
            "examples": ["4:1"],
            "description": "New units for old ones: `4:1` or `4` makes four of one, `1:3` one of three.",
        }
    ),
]
Percentage = Annotated[
    NotNegativeAmount,
    AfterValidator(at_most_all),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^(100(\.0{1,18})?|\d{1,2}(\.\d{1,18})?)$"},
                {"type": "number", "minimum": 0, "maximum": 100},
            ],
            "examples": ["12.5"],
            "description": "A decimal string in percent, up to 100.",
        }
    ),
]
Plain = Annotated[
    Decimal,
    PlainSerializer(_written, return_type=str),
    WithJsonSchema({"type": "string", "pattern": OUTPUT_PATTERN, "examples": ["10.5"]}),
]
"""An output number that is no money: without zeros behind it."""


class LotChoice(Body):
    """Which lot, by the trade that brought it to the account, and how many of its units."""

    trade_id: UUID
    quantity: Quantity


Lots = Annotated[
    list[LotChoice],
    Field(
        min_length=1,
        max_length=MAX_LOTS,
        description="With the cost method `specific`: the lots that go, whose quantities sum to `quantity`. Without "
        "them, and with any other method, the method decides.",
    ),
]
