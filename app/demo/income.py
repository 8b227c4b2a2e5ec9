"""What comes in: the salary and its yearly raise, the bonus, the tax refund, photos sold for dollars."""

from collections.abc import Iterator
from decimal import Decimal

from app.demo.months import WORKDAYS, Month
from app.demo.moves import AccountName, CategoryName, Flow

EMPLOYER = "Lighthouse Software"
SALARY = Decimal("3240.00")
RAISE = Decimal("1.03")
WHOLE = Decimal(1)


def _salary(month: Month) -> Decimal:
    """Net pay; the raise comes with every January after the first month."""
    raises = (month.number + 11 - (month.month - 1)) // 12
    return (SALARY * RAISE**raises).quantize(WHOLE)


def income(month: Month) -> Iterator[Flow]:
    payday = month.days(WORKDAYS)[-1]
    yield Flow(
        payday,
        "salary",
        AccountName.CHECKING,
        _salary(month),
        CategoryName.SALARY,
        EMPLOYER,
        "income",
        description=f"Salary {month.year}-{month.month:02}",
    )
    if month.month == 3:
        yield Flow(
            payday,
            "bonus",
            AccountName.CHECKING,
            month.luck("bonus").amount("1500.00", "2100.00").quantize(WHOLE),
            CategoryName.BONUS,
            EMPLOYER,
            "income",
            description=f"Bonus for {month.year - 1}",
        )
    if month.month == 7:
        yield Flow(
            month.day(16),
            "tax-refund",
            AccountName.CHECKING,
            month.luck("tax-refund").amount("380.00", "820.00"),
            CategoryName.TAX_REFUND,
            "Tax Office",
            "income",
            description=f"Income tax {month.year - 1}",
            tags=("taxes",),
        )
    yield Flow(
        month.day(20),
        "photos",
        AccountName.DOLLARS,
        month.luck("photos").amount("45.00", "165.00"),
        CategoryName.FREELANCE,
        "Pixel Depot",
        "income",
        description="Photo licences",
        tags=("photos",),
    )
