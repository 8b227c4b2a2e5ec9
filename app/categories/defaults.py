"""The category tree a new book starts with: common enough to begin at once, small enough to change."""

from typing import Literal, NamedTuple


class Default(NamedTuple):
    name: str
    icon: str
    children: tuple[str, ...]


EXPENSES = (
    Default("Food & drink", "utensils", ("Groceries", "Restaurants & cafés")),
    Default("Home", "house", ("Rent & mortgage", "Utilities", "Internet & phone", "Household goods", "Repairs")),
    Default("Getting around", "car", ("Public transport", "Fuel & charging", "Car upkeep", "Taxi & sharing")),
    Default("Health", "heart", ("Doctors & dentists", "Pharmacy", "Sport & fitness")),
    Default("Insurance", "shield", ()),
    Default("Leisure", "ticket", ("Going out", "Hobbies", "Streaming & media", "Travel & holidays")),
    Default("Shopping", "bag", ("Clothes & shoes", "Electronics", "Gifts")),
    Default("Family", "people", ("Childcare & school", "Pets")),
    Default("Learning", "book", ()),
    Default("Taxes", "landmark", ()),
    Default("Fees & interest", "receipt", ()),
    Default("Giving", "hand", ()),
)
INCOME = (
    Default("Work", "briefcase", ("Salary", "Bonus", "Freelance")),
    Default("Investments", "chart", ("Interest", "Dividends")),
    Default("Benefits & refunds", "coins", ("Tax refund", "Benefits & pension")),
    Default("Other income", "plus", ()),
)
TREE: tuple[tuple[Literal["expense", "income"], tuple[Default, ...]], ...] = (
    ("expense", EXPENSES),
    ("income", INCOME),
)
