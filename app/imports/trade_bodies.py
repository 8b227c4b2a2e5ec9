"""Whether a file's trade is one that a request could enter."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from app.portfolio.schemas import AnyTrade, TradeIn

_body: TypeAdapter[AnyTrade] = TypeAdapter(TradeIn)


def complaint(trade: Mapping[str, Any]) -> tuple[tuple[int | str, ...], str] | None:
    """What is wrong first, as the place in the body and a text for people; None for a trade that may be entered."""
    try:
        _body.validate_python(trade)
    except ValidationError as error:
        wrong = error.errors()[0]
        return wrong["loc"], wrong["msg"].removeprefix("Value error, ")
    return None
