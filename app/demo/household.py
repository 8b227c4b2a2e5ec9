"""What has to be paid whatever happens: rent, utilities, insurance, subscriptions."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from app.demo.months import Month
from app.demo.moves import AccountName, CategoryName, Flow

RENT = Decimal("920.00")
RENT_AFTER_RISE = Decimal("965.00")
RENT_RISES_AFTER = 14
WINTER = (11, 12, 1, 2, 3)


@dataclass(frozen=True)
class Subscription:
    """A fixed price on a fixed day, and the new price after so many months."""

    stream: str
    payee: str
    day: int
    price: Decimal
    new_price: Decimal
    new_after: int
    account: AccountName = AccountName.CARD
    category: CategoryName = CategoryName.MEDIA


SUBSCRIPTIONS = (
    Subscription("films", "Moonbeam Films", 4, Decimal("9.99"), Decimal("12.99"), 17),
    Subscription("music", "Songbird", 11, Decimal("9.99"), Decimal("10.99"), 8),
    Subscription("newspaper", "The Daily Ledger", 1, Decimal("14.90"), Decimal("16.90"), 25),
    Subscription(
        "gym", "Oak Street Gym", 3, Decimal("34.90"), Decimal("36.90"), 20, AccountName.CHECKING, CategoryName.SPORT
    ),
    Subscription(
        "phone", "Wavelength", 18, Decimal("17.99"), Decimal("14.99"), 24, AccountName.CHECKING, CategoryName.INTERNET
    ),
    Subscription(
        "broadband", "Cityfibre", 6, Decimal("39.90"), Decimal("44.90"), 12, AccountName.CHECKING, CategoryName.INTERNET
    ),
    Subscription(
        "cloud", "Cumulus Storage", 12, Decimal("9.99"), Decimal("11.99"), 15, AccountName.DOLLARS, CategoryName.MEDIA
    ),
)

INSURANCE = (
    (1, "car-insurance", "Anchor Insurance", "Car insurance", "486.00"),
    (4, "liability", "Anchor Insurance", "Personal liability", "62.40"),
    (9, "contents", "Anchor Insurance", "Home contents", "89.90"),
)


def household(month: Month) -> Iterator[Flow]:
    yield from _home(month)
    yield from _utilities(month)
    yield from _subscriptions(month)
    yield from _insurance(month)


def _bill(month: Month, day: int, stream: str, amount: Decimal, category: CategoryName, payee: str, text: str) -> Flow:
    return Flow(month.day(day), stream, AccountName.CHECKING, amount, category, payee, description=text)


def _home(month: Month) -> Iterator[Flow]:
    rent = RENT_AFTER_RISE if month.number >= RENT_RISES_AFTER else RENT
    yield _bill(month, 1, "rent", rent, CategoryName.RENT, "Linden Housing", f"Rent {month.year}-{month.month:02}")
    luck = month.luck("repairs")
    if luck.chance(14):
        amount = luck.amount("45.00", "190.00")
        yield _bill(month, 22, "repairs", amount, CategoryName.REPAIRS, "Fix & Fit", "Call-out and parts")


def _utilities(month: Month) -> Iterator[Flow]:
    luck = month.luck("utilities")
    power = month.price(luck.amount("52.00", "71.00"))
    yield _bill(month, 8, "power", power, CategoryName.UTILITIES, "Northern Power", "Electricity")
    low, high = ("96.00", "142.00") if month.month in WINTER else ("24.00", "48.00")
    heating = month.price(luck.amount(low, high))
    yield _bill(month, 10, "heating", heating, CategoryName.UTILITIES, "City Heat", "Heating")
    if month.month % 3 == 2:
        water = month.price(luck.amount("68.00", "84.00"))
        yield _bill(month, 14, "water", water, CategoryName.UTILITIES, "Waterworks", "Water, three months")


def _subscriptions(month: Month) -> Iterator[Flow]:
    for item in SUBSCRIPTIONS:
        price = item.new_price if month.number >= item.new_after else item.price
        notes = f"Price changed from {item.price} to {item.new_price}." if month.number == item.new_after else None
        yield Flow(
            month.day(item.day),
            item.stream,
            item.account,
            price,
            item.category,
            item.payee,
            notes=notes,
            tags=("subscription",),
        )


def _insurance(month: Month) -> Iterator[Flow]:
    for due, stream, payee, text, premium in INSURANCE:
        if due == month.month:
            text_of_year = f"{text} {month.year}"
            yield _bill(month, 3, stream, month.price(premium), CategoryName.INSURANCE, payee, text_of_year)
