"""Journeys: booked two months ahead, paid with the card, abroad in the money of the country."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from app.demo.months import CENT, Luck, Month
from app.demo.moves import AccountName, CategoryName, Flow

BOOKED_AHEAD = 2


@dataclass(frozen=True)
class Country:
    """Where the money is another one: about how many of its units a euro buys, and how it rounds prices."""

    currency: str
    per_euro: Decimal
    step: Decimal


EUROS = Country("EUR", Decimal(1), Decimal("0.10"))
SWITZERLAND = Country("CHF", Decimal("0.95"), Decimal("0.10"))
BRITAIN = Country("GBP", Decimal("0.86"), Decimal("0.05"))
CZECHIA = Country("CZK", Decimal("24.8"), Decimal(1))
DENMARK = Country("DKK", Decimal("7.46"), Decimal(1))
NORWAY = Country("NOK", Decimal("11.5"), Decimal(1))
AMERICA = Country("USD", Decimal("1.09"), Decimal("0.05"))


@dataclass(frozen=True)
class Journey:
    """Amounts are in euros; what is paid there is changed into the country's money."""

    place: str
    country: Country
    first_day: int
    nights: int
    fare: tuple[str, str]
    hotel: str
    a_night: tuple[str, str]
    payees: tuple[str, ...]


SUMMER = (
    Journey(
        "Norway",
        NORWAY,
        6,
        11,
        ("280.00", "390.00"),
        "Fjord Lodge",
        ("62.00", "84.00"),
        ("Bergen Fish Market", "Coastal Ferries", "Kiosk Nord", "Mountain Hut"),
    ),
    Journey(
        "Portugal",
        EUROS,
        5,
        12,
        ("190.00", "290.00"),
        "Casa do Mar",
        ("55.00", "74.00"),
        ("Tasca do Porto", "Lisbon Trams", "Pastelaria Sol", "Surf School"),
    ),
    Journey(
        "New England",
        AMERICA,
        8,
        10,
        ("520.00", "640.00"),
        "Harbor Inn",
        ("85.00", "110.00"),
        ("Main Street Diner", "Lobster Shack", "State Park", "Corner Drugstore"),
    ),
)
AUTUMN = (
    Journey(
        "London",
        BRITAIN,
        12,
        4,
        ("110.00", "170.00"),
        "Kensington Rooms",
        ("95.00", "125.00"),
        ("The Crown", "City Underground", "Tea House", "National Gallery Shop"),
    ),
    Journey(
        "Prague",
        CZECHIA,
        10,
        3,
        ("70.00", "120.00"),
        "Hotel U Mostu",
        ("70.00", "95.00"),
        ("Pivnice Zlatá", "Tram Praha", "Kavárna Orient"),
    ),
    Journey(
        "Copenhagen",
        DENMARK,
        11,
        4,
        ("90.00", "150.00"),
        "Nyhavn Stay",
        ("95.00", "120.00"),
        ("Smørrebrød Bar", "Harbour Bus", "Café Norden", "Design Shop"),
    ),
)
WINTER = Journey(
    "the Alps",
    SWITZERLAND,
    9,
    5,
    ("60.00", "95.00"),
    "Chalet Edelweiss",
    ("88.00", "112.00"),
    ("Ski Lifts", "Bergrestaurant", "Ski Rental", "Dorfladen"),
)


def journey(month: Month) -> Journey | None:
    if month.month == 8:
        return SUMMER[month.year % len(SUMMER)]
    if month.month == 10:
        return AUTUMN[month.year % len(AUTUMN)]
    if month.month == 2 and month.year % 2 == 0:
        return WINTER
    return None


def away(month: Month) -> set[date]:
    """The days on which nobody is at home."""
    there = journey(month)
    return set(_days(month, there)) if there else set()


def holidays(month: Month) -> Iterator[Flow]:
    planned = journey(month.later(BOOKED_AHEAD))
    if planned is not None:
        yield _booking(month, planned)
    there = journey(month)
    if there is not None:
        yield from _stay(month, there)


def _days(month: Month, there: Journey) -> list[date]:
    return [month.day(there.first_day) + timedelta(days=number) for number in range(there.nights + 1)]


def _tags(there: Journey, year: int) -> tuple[str, ...]:
    return ("holiday", f"{there.place.removeprefix('the ')} {year}")


def _booking(month: Month, planned: Journey) -> Flow:
    luck = month.luck("booking")
    year = month.later(BOOKED_AHEAD).year
    return Flow(
        month.day(luck.between(4, 24)),
        "booking",
        AccountName.CARD,
        month.price(luck.amount(*planned.fare)),
        CategoryName.TRAVEL,
        "Globe Tickets",
        description=f"To {planned.place} and back",
        tags=_tags(planned, year),
    )


def _stay(month: Month, there: Journey) -> Iterator[Flow]:
    luck = month.luck("holiday")
    days = _days(month, there)
    nights = month.price(luck.amount(*there.a_night)) * there.nights
    yield _paid_there(month, there, luck, days[-1], nights, there.hotel, f"{there.nights} nights")
    for day in days:
        for _ in range(luck.between(1, 3)):
            yield _paid_there(month, there, luck, day, luck.amount("6.00", "42.00"), luck.pick(there.payees), None)


def _paid_there(
    month: Month, there: Journey, luck: Luck, day: date, euros: Decimal, payee: str, description: str | None
) -> Flow:
    """The price is round in the country's money; the card charges its worth in euros, at the rate of the day."""
    country = there.country
    rate = country.per_euro * (1 + Decimal(luck.between(-150, 150)) / 10_000)
    steps = max(Decimal(1), (euros * country.per_euro / country.step).quantize(Decimal(1)))
    local = steps * country.step
    abroad = country is not EUROS
    return Flow(
        day,
        "holiday",
        AccountName.CARD,
        (local / rate).quantize(CENT) if abroad else local,
        CategoryName.TRAVEL,
        payee,
        description=description,
        tags=_tags(there, month.year),
        original=(local, country.currency) if abroad else None,
    )
