"""What rounding leaves between the cost of holdings here and in the file.

A file counts units times the cost of one, unrounded; here each purchase cost what was paid for it. Over many purchases
of fractions the two drift apart by cents. So that a holding's cost is the file's, rounded once, its last purchase that
is held in full takes the difference, against an adjustment of the same day; the balance stays as it was.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from app.core.money import MAX_INTEGER_DIGITS, quantum, rounded
from app.imports.plaintext.attaching import Attached, Movement, Own
from app.imports.plaintext.booking import NOTHING
from app.imports.plaintext.dealing import Deal
from app.imports.plaintext.model import Transaction
from app.imports.plaintext.trading import Trader
from app.portfolio.lots import ImpossibleTradeError, LotBook, Terms, Trade

Holding = tuple[Own, str]
BESIDE = "beside trade"
"""Under it an adjustment says to which trade it belongs: the two come together or not at all. No file has such a name,
for it has a space.
"""


def even_out(
    deals: Sequence[Deal], trader: Trader, exponents: Mapping[str, int]
) -> Iterator[tuple[Transaction, Attached]]:
    """Change the amount of last purchases; yields the adjustments against that."""
    wanted: dict[Holding, Decimal] = {}
    for (account, commodity), lots in trader.booker.lots.items():
        for lot in lots:
            key = (trader.holders.of(account, lot.currency), commodity)
            wanted[key] = wanted.get(key, NOTHING) + lot.units * lot.number
    lot_book = _lot_book(deals, trader, exponents)
    if lot_book is None:
        return
    whole = {deal.id: deal for deal in deals if deal.kind in {"buy", "deposit"}}
    for (own, commodity), cost in wanted.items():
        exponent = exponents[own[1]]
        held = lot_book.holding((_id(*own), _id(commodity)))
        difference = rounded(cost, exponent) - held.cost
        last = next(
            (whole[p.trade_id] for p in reversed(held.parts()) if _in_full(whole.get(p.trade_id), p.quantity)), None
        )
        most = quantum(exponent) * len(deals)
        if not difference or abs(difference) > most or last is None:
            continue
        name = "amount" if last.kind == "buy" else "cost"
        if last.fields[name] + difference < 0 or (last.fields[name] + difference).adjusted() >= MAX_INTEGER_DIGITS:
            continue
        last.fields[name] += difference
        if last.kind == "buy":
            last.money -= difference
            row_id = trader.ids.make(last.day, f"rounding {own} {commodity} {difference}")
            meta = {"id": str(row_id), BESIDE: str(last.id)}
            told = Transaction(last.line, last.day, description=f"Rounding of {commodity}", meta=meta)
            yield told, Attached("adjustment", abs(difference), [Movement(own, "equity", difference)])


def _in_full(deal: Deal | None, quantity: Decimal) -> bool:
    return deal is not None and deal.fields["quantity"] == quantity


def _lot_book(deals: Sequence[Deal], trader: Trader, exponents: Mapping[str, int]) -> LotBook | None:
    """The holdings as the book will have them; None where they cannot be, which the commit then says."""
    owns = {deal.account for deal in deals} | {deal.to_account for deal in deals if deal.to_account is not None}
    book = LotBook({_id(*own): Terms(exponents[own[1]], trader.method_of(own) or "specific") for own in owns}, 0)
    try:
        return book.run(_trade(deal) for deal in sorted(deals, key=lambda deal: (deal.day, deal.id)))
    except ImpossibleTradeError:
        return None


def _trade(deal: Deal) -> Trade:
    fields = deal.fields
    ratio = Fraction(fields["ratio"].replace(":", "/")) if "ratio" in fields else Fraction(1)
    return Trade(
        id=deal.id,
        account_id=_id(*deal.account),
        asset_id=_id(deal.commodity),
        kind=deal.kind,
        date=deal.day,
        quantity=fields.get("quantity", NOTHING),
        amount=fields.get("amount", NOTHING),
        taxes=fields.get("taxes", NOTHING),
        cost=fields.get("cost", NOTHING),
        acquired_on=fields.get("acquired_on"),
        to_account_id=_id(*deal.to_account) if deal.to_account is not None else None,
        ratio=Decimal(ratio.numerator) / ratio.denominator,
        lots=tuple((piece.trade_id, piece.units) for piece in fields.get("lots", ())),
    )


def _id(*names: str) -> UUID:
    return uuid.uuid5(uuid.NAMESPACE_OID, "\0".join(names))
