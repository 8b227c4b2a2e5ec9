"""Words and percentages that what is asked and answered about portfolios share."""

from typing import Annotated, Literal

from pydantic import AfterValidator

from app.core.money import PositiveAmount, at_most_all

Dimension = Literal["type", "currency", "asset", "sector", "account"]
Every = Literal["day", "week", "month"]


Percent = Annotated[PositiveAmount, AfterValidator(at_most_all)]
