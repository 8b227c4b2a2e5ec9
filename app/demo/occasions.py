"""What some months have: clothes and what is sent back, a new gadget, the garage, the doctor, presents."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from app.demo.months import SHOPPING_DAYS, SUNDAY, Luck, Month
from app.demo.moves import AccountName, CategoryName, Flow

CARD, CHECKING = AccountName.CARD, AccountName.CHECKING
CHRISTMAS_SHOPS = ("Toy Castle", "Chapter One Books", "Silver & Co", "Home & Hearth", "Chocolate House")


@dataclass(frozen=True)
class Occasion:
    """Something that happens in a month with this chance in percent, and how often it is sent back."""

    stream: str
    payees: tuple[str, ...]
    category: CategoryName
    percent: int
    low: str
    high: str
    account: AccountName = CARD
    sent_back: int = 0
    description: str | None = None
    tags: tuple[str, ...] = ()


OCCASIONS = (
    Occasion("clothes", ("Thread & Needle", "Northwear"), CategoryName.CLOTHES, 75, "24.90", "99.00", sent_back=30),
    Occasion("shoes", ("Stride",), CategoryName.CLOTHES, 20, "59.00", "129.00", sent_back=25),
    Occasion("electronics", ("Volt",), CategoryName.ELECTRONICS, 22, "29.00", "249.00", sent_back=15),
    Occasion("furnishing", ("Home & Hearth",), CategoryName.HOUSEHOLD, 35, "19.00", "120.00", sent_back=12),
    Occasion(
        "garage", ("Bennett's Garage",), CategoryName.CAR, 12, "85.00", "340.00", CHECKING, 0, "Service", ("car",)
    ),
    Occasion("doctor", ("Dr. Rivers",), CategoryName.DOCTORS, 16, "20.00", "95.00", CHECKING, 0, "Co-payment"),
    Occasion("vet", ("Animal Clinic",), CategoryName.PETS, 10, "48.00", "140.00", description="Vaccination and check"),
    Occasion("birthday", ("Chapter One Books", "Silver & Co"), CategoryName.GIFTS, 40, "18.00", "60.00"),
    Occasion("concert", ("Ticket Office",), CategoryName.GOING_OUT, 25, "38.00", "96.00", sent_back=8),
)


def occasions(month: Month) -> Iterator[Flow]:
    for occasion in OCCASIONS:
        yield from _occasion(month, occasion)
    if month.month == 12:
        yield from _christmas(month)


def _occasion(month: Month, occasion: Occasion) -> Iterator[Flow]:
    luck = month.luck(occasion.stream)
    if not luck.chance(occasion.percent):
        return
    bought = Flow(
        luck.pick(month.days(SHOPPING_DAYS)),
        occasion.stream,
        occasion.account,
        month.price(luck.amount(occasion.low, occasion.high)),
        occasion.category,
        luck.pick(occasion.payees),
        description=occasion.description,
        tags=occasion.tags,
    )
    yield bought
    if luck.chance(occasion.sent_back):
        yield _refund(bought, luck)


def _refund(bought: Flow, luck: Luck) -> Flow:
    """An income on the category of the purchase: it lowers what was spent there."""
    day = bought.day + timedelta(days=luck.between(6, 16))
    return replace(
        bought,
        day=day + timedelta(days=1) if day.weekday() == SUNDAY else day,
        stream=f"{bought.stream}-refund",
        direction="income",
        description="Refund",
        notes=f"Sent back what was bought on {bought.day}.",
        tags=("refund",),
    )


def _christmas(month: Month) -> Iterator[Flow]:
    luck = month.luck("christmas")
    shopping = [day for day in month.days(SHOPPING_DAYS) if day.day <= 23]
    for day in luck.some(shopping, 7):
        yield Flow(
            day,
            "christmas",
            CARD,
            month.price(luck.amount("14.00", "85.00")),
            CategoryName.GIFTS,
            luck.pick(CHRISTMAS_SHOPS),
            tags=("christmas",),
        )
    yield Flow(
        month.day(20),
        "donation",
        CHECKING,
        luck.amount("60.00", "120.00").quantize(Decimal(1)),
        CategoryName.GIVING,
        "Harbour Food Bank",
        notes="Receipt kept for the tax return.",
        tags=("christmas", "taxes"),
    )
