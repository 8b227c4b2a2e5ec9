"""What every week has: food, getting around, evenings out, small purchases. It stops while away on holiday."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.demo.months import CENT, EVERY_DAY, SHOPPING_DAYS, WORKDAYS, Luck, Month
from app.demo.moves import AccountName, CategoryName, Flow, Part

WEEKEND = (4, 5)
PARTS_FROM = Decimal("30.00")


@dataclass(frozen=True)
class Habit:
    """Something bought between `least` and `most` times a month, at one of these payees, for about so much."""

    stream: str
    payees: tuple[str, ...]
    category: CategoryName
    least: int
    most: int
    low: str
    high: str
    account: AccountName = AccountName.CARD
    weekdays: Collection[int] = SHOPPING_DAYS
    rounded_to: Decimal = CENT
    description: str | None = None
    tags: tuple[str, ...] = ()


TEN_CENTS = Decimal("0.10")
HALF = Decimal("0.50")
WHOLE = Decimal(1)
CHECKING, CASH = AccountName.CHECKING, AccountName.CASH
RESTAURANTS = CategoryName.RESTAURANTS

HABITS = (
    Habit(
        "bakery",
        ("Miller's Bakery", "Sunrise Bakery"),
        CategoryName.GROCERIES,
        5,
        8,
        "2.40",
        "7.80",
        CASH,
        rounded_to=TEN_CENTS,
    ),
    Habit("market", ("Saturday Market",), CategoryName.GROCERIES, 1, 3, "8.00", "26.00", CASH, (5,), HALF),
    Habit(
        "canteen",
        ("Lighthouse Canteen", "Noodle Bar", "Falafel Corner"),
        RESTAURANTS,
        8,
        11,
        "6.20",
        "12.90",
        AccountName.CARD,
        WORKDAYS,
        TEN_CENTS,
        tags=("lunch",),
    ),
    Habit("café", ("Corner Café", "Blue Cup"), RESTAURANTS, 5, 8, "2.80", "6.40", CASH, EVERY_DAY, TEN_CENTS),
    Habit(
        "dinner",
        ("Trattoria Luna", "Golden Lotus", "The Old Mill", "Taverna Rhodos"),
        RESTAURANTS,
        2,
        4,
        "24.00",
        "68.00",
        AccountName.CARD,
        (*WEEKEND, 6),
        HALF,
    ),
    Habit("fuel", ("Highway Fuel", "Star Petrol"), CategoryName.FUEL, 2, 3, "44.00", "72.00", tags=("car",)),
    Habit("parking", ("City Parking",), CategoryName.CAR, 1, 3, "2.00", "7.00", CASH, rounded_to=HALF, tags=("car",)),
    Habit("taxi", ("Ride Share",), CategoryName.TAXI, 0, 2, "9.00", "24.00", weekdays=WEEKEND, rounded_to=TEN_CENTS),
    Habit(
        "tram",
        ("Metro Transit",),
        CategoryName.PUBLIC_TRANSPORT,
        1,
        3,
        "3.20",
        "3.60",
        CASH,
        rounded_to=TEN_CENTS,
        description="Day ticket for a guest",
    ),
    Habit("pharmacy", ("Lion Pharmacy",), CategoryName.PHARMACY, 0, 2, "5.90", "28.00", CHECKING),
    Habit("drugstore", ("Fresh & Clean",), CategoryName.HOUSEHOLD, 1, 3, "7.50", "31.00", CHECKING),
    Habit("bar", ("Cellar Bar", "Rooftop"), CategoryName.GOING_OUT, 1, 3, "9.00", "32.00", CASH, WEEKEND, HALF),
    Habit("cinema", ("Odeon Pictures",), CategoryName.GOING_OUT, 0, 2, "10.50", "24.00", rounded_to=HALF),
    Habit("pet-food", ("Paws & Claws",), CategoryName.PETS, 1, 2, "14.00", "39.00", description="For the cat"),
    Habit(
        "hobby", ("Chapter One Books", "Climbing Hall", "Garden Centre"), CategoryName.HOBBIES, 1, 3, "8.90", "38.00"
    ),
    Habit("course", ("Evening School",), CategoryName.LEARNING, 0, 1, "15.00", "49.00", CHECKING, rounded_to=WHOLE),
)
SUPERMARKETS = ("Green Basket", "Green Basket", "Market Hall", "Pennywise")


def everyday(month: Month) -> Iterator[Flow]:
    for habit in HABITS:
        yield from _habit(month, habit)
    yield from _supermarket(month)
    yield from _pass(month)


def _habit(month: Month, habit: Habit) -> Iterator[Flow]:
    luck = month.luck(habit.stream)
    days = luck.some(month.days(habit.weekdays), luck.between(habit.least, habit.most))
    for day in days:
        exact = month.price(luck.amount(habit.low, habit.high))
        yield Flow(
            day,
            habit.stream,
            habit.account,
            (exact / habit.rounded_to).quantize(WHOLE) * habit.rounded_to,
            habit.category,
            luck.pick(habit.payees),
            description=habit.description,
            tags=habit.tags,
        )


def _supermarket(month: Month) -> Iterator[Flow]:
    """Three visits a week; a big receipt is often food and things for the house, at times with returned bottles."""
    luck = month.luck("supermarket")
    for number, day in enumerate(luck.some(month.days(SHOPPING_DAYS), luck.between(12, 15))):
        low, high = ("28.00", "76.00") if number % 3 == 0 else ("8.50", "34.00")
        amount = month.price(luck.amount(low, high))
        parts = _receipt(luck, amount) if amount >= PARTS_FROM and luck.chance(55) else ()
        account = AccountName.CHECKING if luck.chance(60) else AccountName.CARD
        yield _visit(day, account, amount, luck.pick(SUPERMARKETS), parts)


def _visit(day: date, account: AccountName, amount: Decimal, payee: str, parts: tuple[Part, ...]) -> Flow:
    category = None if parts else CategoryName.GROCERIES
    return Flow(day, "supermarket", account, amount, category, payee, parts=parts)


def _receipt(luck: Luck, amount: Decimal) -> tuple[Part, ...]:
    """Parts that sum to the amount."""
    goods = luck.amount("4.00", "13.50")
    returned = luck.amount("1.50", "4.50").quantize(TEN_CENTS) if luck.chance(30) else Decimal(0)
    parts = [
        Part(CategoryName.GROCERIES, amount - goods + returned),
        Part(CategoryName.HOUSEHOLD, goods, luck.pick(("Cleaning", "Kitchen paper", "Light bulbs", "Detergent"))),
    ]
    if returned:
        parts.append(Part(CategoryName.GROCERIES, -returned, "Bottles returned"))
    return tuple(parts)


def _pass(month: Month) -> Iterator[Flow]:
    price = Decimal("49.00") if month.number < 18 else Decimal("58.00")
    text = f"Monthly pass {month.year}-{month.month:02}"
    payee = "Metro Transit"
    yield Flow(
        month.day(1), "pass", CHECKING, price, CategoryName.PUBLIC_TRANSPORT, payee, description=text, tags=("commute",)
    )
