"""What depends on balances: the card's settlement, the loan, savings, the cash machine, selling dollars.

Each rule sees the balances at the start of its day, so the past never depends on how far the plan goes.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_CEILING, Decimal

from app.demo.months import CENT, Month
from app.demo.moves import AccountName, CategoryName, Flow, Move, Transfer

Balances = Mapping[AccountName, Decimal]
CHECKING, SAVINGS, CASH = AccountName.CHECKING, AccountName.SAVINGS, AccountName.CASH
CARD, LOAN, DOLLARS = AccountName.CARD, AccountName.LOAN, AccountName.DOLLARS

SETTLEMENT_DAY, SAVING_DAY, LOAN_DAY, SELLING_DAY = 5, 7, 15, 25
LOAN_RATE, LOAN_PAYMENT = Decimal("0.049"), Decimal("290.00")
SAVINGS_RATE = Decimal("0.02")
KEPT_AFTER_SAVING, MOST_SAVED, LEAST_SAVED, SAVING_STEP = Decimal(1900), Decimal(600), Decimal(50), Decimal(50)
LEAST_CHECKING, RAISED_TO, TOP_UP_STEP = Decimal(250), Decimal(700), Decimal(100)
LEAST_CASH, RAISED_CASH, NOTE = Decimal(15), Decimal(100), Decimal(10)
FOREIGN_MACHINE_FEE = Decimal("3.95")
MANY_DOLLARS, DOLLARS_SOLD = Decimal(1100), Decimal("600.00")


def obligations(month: Month, day: date, balances: Balances, card_statement: Decimal) -> Iterator[Move]:
    """What the banks do on this day; `card_statement` is what the card stood at when the month began."""
    if day.day == SETTLEMENT_DAY and card_statement < 0:
        yield Transfer(day, "settlement", CHECKING, CARD, -card_statement, "Credit card settlement")
    if day.day == SAVING_DAY:
        yield from _save(day, balances)
    if day.day == LOAN_DAY:
        yield from _pay_loan(day, balances)
    if day.day == SELLING_DAY and balances[DOLLARS] > MANY_DOLLARS:
        euros_a_dollar = Decimal(month.luck("dollar-rate").between(880, 960)) / 1000
        received = (DOLLARS_SOLD * euros_a_dollar).quantize(CENT)
        yield Transfer(day, "dollars", DOLLARS, CHECKING, DOLLARS_SOLD, "Dollars sold", received)
    if day == month.last and month.month % 3 == 0:
        interest = (balances[SAVINGS] * SAVINGS_RATE / 4).quantize(CENT)
        if interest > 0:
            bank = "Harbour Bank"
            yield Flow(day, "interest", SAVINGS, interest, CategoryName.INTEREST, bank, "income", tags=("taxes",))


def _save(day: date, balances: Balances) -> Iterator[Transfer]:
    spare = balances[CHECKING] - KEPT_AFTER_SAVING
    amount = min(MOST_SAVED, spare - spare % SAVING_STEP)
    if amount >= LEAST_SAVED:
        yield Transfer(day, "saving", CHECKING, SAVINGS, amount, "Put aside")


def _pay_loan(day: date, balances: Balances) -> Iterator[Transfer]:
    """A fixed payment: the interest of the month is an expense, the rest goes to the loan until nothing is owed."""
    owed = -balances[LOAN]
    if owed > 0:
        interest = (owed * LOAN_RATE / 12).quantize(CENT)
        repaid = min(owed, LOAN_PAYMENT - interest)
        yield Transfer(day, "loan", CHECKING, LOAN, repaid, "Car loan: repayment and interest", fee=interest or None)


def cover(month: Month, day: date, due: Sequence[Move], balances: Balances) -> Iterator[Transfer]:
    """What has to be moved first, so that this day leaves neither the everyday account nor the wallet empty."""
    cash = _needed(CASH, due, balances, LEAST_CASH, RAISED_CASH, NOTE)
    if cash:
        fee = FOREIGN_MACHINE_FEE if month.luck(f"machine-{day.day}").chance(8) else None
        yield Transfer(day, "cash-machine", CHECKING, CASH, cash, "Cash machine", fee=fee)
    withdrawn = {**balances, CHECKING: balances[CHECKING] - cash}
    euros = min(
        _needed(CHECKING, due, withdrawn, LEAST_CHECKING, RAISED_TO, TOP_UP_STEP),
        balances[SAVINGS] - balances[SAVINGS] % TOP_UP_STEP,
    )
    if euros > 0:
        yield Transfer(day, "top-up", SAVINGS, CHECKING, euros, "From savings")


def _needed(
    account: AccountName, due: Sequence[Move], balances: Balances, least: Decimal, wanted: Decimal, step: Decimal
) -> Decimal:
    """Whole steps that raise an account to `wanted` when the day would leave less than `least` in it, else 0."""
    changed = sum((change for move in due for name, change in move.changes() if name is account), Decimal(0))
    left = balances[account] + changed
    if left >= least:
        return Decimal(0)
    return ((wanted - left) / step).to_integral_value(ROUND_CEILING) * step
