"""Signs and codes beside the numbers of a line, against the currency of the account and that of the asset."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.imports.broker.lines import Line, Money
from app.imports.broker.naming import Assets, LineFault
from app.imports.csv.currencies import SHARED, code_of, fits
from app.imports.csv.outcome import shown


@dataclass
class Judged:
    """The lines with their currencies settled; why some have none, by their line in the file.

    `differing` has what to tell of assets whose currency in the book is not what stands beside their prices.
    """

    lines: list[Line] = field(default_factory=list)
    faults: dict[int, LineFault] = field(default_factory=dict)
    differing: dict[str, str] = field(default_factory=dict)

    @property
    def sound(self) -> list[Line]:
        return [line for line in self.lines if line.line not in self.faults]


def judge(lines: Sequence[Line], assets: Assets, own: str) -> Judged:
    """Settle what signs mean for an account in the currency `own`.

    A sign that fits the account's currency is in it. An amount with another one is a fault, unless a column of the file
    says that very currency or the line has a rate: then the file means it to be converted. A price may be in another
    currency; where its sign stands for several, the asset's tells which, or what the sign usually means.
    """
    judged = Judged()
    for line in lines:
        if line.kind == "ignore":
            judged.lines.append(line)
            continue
        asset = assets.known(line)
        try:
            judged.lines.append(_settled(line, own, asset[1] if asset is not None else None))
        except LineFault as fault:
            judged.lines.append(line)
            judged.faults[line.line] = fault
            continue
        told = line.price.told if line.price is not None else None
        if told is not None and asset is not None and not fits(told, asset[1]):
            judged.differing[asset[0]] = f"{shown(asset[0])} is in {asset[1]} in the book, its price here in {told}"
    return judged


def _settled(line: Line, own: str, of_asset: str | None) -> Line:
    amount = None if line.amount is None else _of_amount(line.amount, line, own, "amount")
    fees = tuple(_of_amount(money, line, own, "fees") for money in line.fees)
    taxes = tuple(_of_amount(money, line, own, "taxes") for money in line.taxes)
    price, currency = line.price, line.currency
    if price is not None and price.told is not None:
        currency = _of_price(price.told, own, of_asset)
        price = Money(price.value, currency)
    if price is None and line.amount is not None and line.amount.told is not None and amount is not None:
        currency = amount.currency if currency == line.amount.currency else currency
    return line._replace(price=price, currency=currency, amount=amount, fees=fees, taxes=taxes)


def _of_price(told: str, own: str, of_asset: str | None) -> str:
    if told not in SHARED:
        return told
    if fits(told, own):
        return own
    if of_asset is not None and fits(told, of_asset):
        return of_asset
    usual = code_of(told)
    if usual is None:
        detail = f"the price is in {told}, the account in {own}: a column has to say which currency {told} is"
        raise LineFault("price", detail)
    return usual


def _of_amount(money: Money, line: Line, own: str, part: str) -> Money:
    told = money.told
    if told is None or not money.value:
        return money
    if fits(told, own):
        return Money(money.value, None if told in SHARED else own)
    if line.stated is not None and fits(told, line.stated):
        return Money(money.value, line.stated)
    if line.rate and told not in SHARED:
        return money
    name = {"amount": "amount is", "fees": "fees are", "taxes": "taxes are"}[part]
    raise LineFault(part, f"the {name} in {told}, the account in {own}")
