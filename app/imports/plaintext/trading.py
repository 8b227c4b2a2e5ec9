"""From transactions with lots to trades of the book, and what is left of them to ordinary transactions.

Pure: names are those of the file. A trade moves the money of the account that holds the asset (`holders`); what the
transaction says beyond that, commissions or money from another account, goes on as a transaction of its own, so that
every account keeps its balance.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import get_args

from app.core.fields import EARLIEST
from app.core.money import MAX_INTEGER_DIGITS, quantum
from app.imports.plaintext.attaching import OWN_KINDS, Own
from app.imports.plaintext.booking import NOTHING, Booked, Booker, Piece, check_size
from app.imports.plaintext.dealing import Deal, Dealt, Fields, Ids, Part, left_of, parts_of, words_of
from app.imports.plaintext.holders import Holders
from app.imports.plaintext.model import Amount, Journal, LineError, Posting, Transaction
from app.imports.plaintext.moving import joined, moved, regrouped, rests, split_pieces, split_ratio
from app.imports.plaintext.numbers import MOST_DECIMALS, is_too_long
from app.imports.plaintext.telling import KIND, REINVEST, Teller
from app.portfolio.holding import Method

MOST_LOTS = 1_000
METHODS: tuple[Method, ...] = get_args(Method)


class Trader:
    """Turns the transactions of one file into trades; they come in the order in which they happened."""

    def __init__(self, journal: Journal, currency_of: Callable[[str, int], str], exponents: Mapping[str, int]) -> None:
        self._journal = journal
        self._exponents = exponents
        self._currency_of = currency_of
        self.ids = Ids()
        self.bought: set[tuple[Own, str]] = set()
        """What was bought so far, by the account of the book and the commodity."""
        self.holders = Holders(journal, currency_of)
        self.booker = Booker(journal, currency_of, exponents)
        self.teller = Teller(journal, currency_of, exponents)

    def settle(self, dealt: Dealt) -> None:
        """Move the lots: what comes later finds them as this transaction leaves them."""
        self.booker.settle(dealt.booked, dealt.brought)
        self.bought |= {(deal.account, deal.commodity) for deal in dealt.deals}

    def deal(self, transaction: Transaction) -> Dealt:
        """What it comes to, while no lot is moved yet: see `settle`. Raises `LineError`."""
        booked = self.booker.book(transaction)
        for each in booked:
            self._check(each)
        parts = parts_of(booked)
        lines = [posting for posting in transaction.postings if posting.cost is None]
        if any(KIND in posting.meta for posting in transaction.postings):
            return self._reinvested(transaction, parts, lines)
        brought: dict[int, list[Piece]] = {}
        deals: list[Deal | None] = []
        # By the number of its place: a part that is done has no units left, and its number stays.
        brought |= {part.number: pieces for part, pieces in regrouped(parts, self.pooled)}
        parts = [part for part in parts if part.units]
        ratio = split_ratio(parts, self.booker)
        if ratio is not None and not self._shares_holder(parts):
            fields = {"ratio": f"{ratio.numerator}:{ratio.denominator}"}
            deals.append(self._deal(transaction, parts[0], "split", fields))
            brought |= split_pieces(parts)
            parts = []
        if len(parts) > MOST_LOTS:
            raise LineError(transaction.line, f"it moves more than {MOST_LOTS} lots at once")
        brought |= {rest.number: pieces for rest, pieces in rests(parts, self.pooled)}
        deals += [self._transfer(transaction, source, target, piece, brought) for source, target, piece in moved(parts)]
        parts = joined([part for part in parts if part.units])
        made = self._in_kind(transaction, lines, parts)
        if made is None:
            made = self._paid(transaction, lines, parts)
        for deal, part in made:
            if part.booked.made is not None:
                brought.setdefault(part.number, []).append(Piece(deal.id, part.units))
        done = [deal for deal in deals if deal is not None] + [deal for deal, _ in made]
        return Dealt(done, self._rest(transaction, lines, done), booked, brought)

    def _reinvested(self, transaction: Transaction, parts: Sequence[Part], lines: Sequence[Posting]) -> Dealt:
        """The dividend that bought units, which is what its lot says it is."""
        first = parts[0].booked
        if first.posting.meta.get(KIND) != REINVEST or len(parts) != 1 or first.made is None:
            raise LineError(first.posting.line, f"{KIND} beside lots is '{REINVEST}', of the one lot that comes")
        cost = self._rounded(parts[0].cost, first.currency)
        fields, categories = self.teller.reinvested(first.posting, lines, first.currency, cost)
        deal = self._deal(transaction, parts[0], REINVEST, {"quantity": parts[0].units, **fields})
        deal.categories = categories
        return Dealt([deal], None, [first], {0: [Piece(deal.id, parts[0].units)]})

    def method_of(self, account: Own) -> Method | None:
        """The cost method that the file says an account of the book has."""
        said = self._journal.accounts.get(account[0], {}).get("cost-method")
        return next((method for method in METHODS if method == said), None)

    def pooled(self, account: str) -> bool:
        return self.method_of((account, "")) == "average"

    def _check(self, booked: Booked) -> None:
        line = booked.posting.line
        if self._journal.kind_of(booked.posting.account) != "asset":
            raise LineError(line, "what has a cost is held on an account of assets")
        if is_too_long(booked.units):
            raise LineError(
                line, f"a number of units has at most {MOST_DECIMALS} decimals and {MAX_INTEGER_DIGITS} digits"
            )

    def _holder(self, booked: Booked) -> Own:
        return self.holders.of(booked.posting.account, booked.currency)

    def _shares_holder(self, parts: Sequence[Part]) -> bool:
        """Whether another account of the file has units of the same thing on the same account of the book."""
        if not parts:
            return False
        first = parts[0].booked
        return any(
            place[1] == first.commodity
            and place != first.place
            and any(self.holders.of(place[0], lot.currency) == self._holder(first) for lot in lots)
            for place, lots in self.booker.lots.items()
        )

    def _deal(self, transaction: Transaction, part: Part, kind: str, fields: Fields, money: Decimal = NOTHING) -> Deal:
        booked = part.booked
        if "lots" in fields and len(fields["lots"]) > MOST_LOTS:
            if not self.pooled(booked.posting.account):
                raise LineError(booked.posting.line, f"it takes more than {MOST_LOTS} lots at once")
            # Of a pool the oldest go, named or not.
            fields = {name: value for name, value in fields.items() if name != "lots"}
        own_id = self.ids.take(transaction.day, booked, kind)
        told = self.ids.is_told(own_id)
        return Deal(
            id=own_id,
            line=booked.posting.line,
            day=transaction.day,
            account=self._holder(booked),
            commodity=booked.commodity,
            kind=kind,
            fields={**fields, **words_of(transaction, told=told)},
            money=money,
        )

    def _transfer(
        self, transaction: Transaction, source: Part, target: Part, piece: Piece, brought: dict[int, list[Piece]]
    ) -> Deal | None:
        """The trade that takes a piece to another account; None where the book has both as one."""
        to = self._holder(target.booked)
        deal = None
        if to != self._holder(source.booked):
            fields: Fields = {"quantity": piece.units, "lots": [piece]}
            deal = self._deal(transaction, replace(source, units=piece.units), "transfer", fields)
            deal.to_account = to
        brought.setdefault(target.number, []).append(Piece(deal.id if deal else piece.trade_id, piece.units))
        return deal

    def _in_kind(
        self, transaction: Transaction, lines: list[Posting], parts: Sequence[Part]
    ) -> list[tuple[Deal, Part]] | None:
        """What comes and goes without being paid: against nothing, or against equity alone. None where it is paid.

        Where money comes along from equity, the equity's lines, in `lines`, are left with that.
        """
        kinds = [self._journal.kind_of(line.account) for line in lines]
        if not {"equity"}.issuperset(kinds):
            owns = [line for line, kind in zip(lines, kinds, strict=True) if kind in OWN_KINDS]
            comes_along = (
                "equity" in kinds
                and {"equity", *OWN_KINDS}.issuperset(kinds)
                and all(part.booked.made is not None for part in parts)
                and all(line.total is None and line.amount is not None and line.amount.number > 0 for line in owns)
            )
            if not comes_along or not parts:
                return None
            equity = next(line for line, kind in zip(lines, kinds, strict=True) if kind == "equity")
            against = [
                Posting(
                    equity.line, equity.account, Amount(-line.amount.number, line.amount.commodity), None, equity.meta
                )
                for line in owns
                if line.amount is not None
            ]
            lines[:] = [*owns, *against]
        else:
            lines.clear()
        return [(self._unpaid(transaction, part), part) for part in parts]

    def _unpaid(self, transaction: Transaction, part: Part) -> Deal:
        made = part.booked.made
        if made is None:
            return self._deal(transaction, part, "withdrawal", {"quantity": part.units, "lots": part.pieces})
        cost = self._rounded(part.cost, part.booked.currency)
        fields: Fields = {"quantity": part.units, "cost": cost}
        if made.day != transaction.day:
            fields["acquired_on"] = self._day(made.day, transaction, part)
        return self._deal(transaction, part, "deposit", fields)

    def _day(self, day: date, transaction: Transaction, part: Part) -> date:
        if day < EARLIEST:
            raise LineError(part.booked.posting.line, f"its lot is of {day}, which is before {EARLIEST}")
        if day > transaction.day:
            raise LineError(part.booked.posting.line, f"its lot is of {day}, which is after its transaction")
        return day

    def _paid(self, transaction: Transaction, lines: list[Posting], parts: Sequence[Part]) -> list[tuple[Deal, Part]]:
        """Purchases and sales, for what the other lines say; lines of gains go, for gains follow from lots."""
        made: list[tuple[Deal, Part]] = []
        for currency in dict.fromkeys(part.booked.currency for part in parts):
            some = [part for part in parts if part.booked.currency == currency]
            gains = self._gains(lines, [part for part in some if part.booked.made is None], currency)
            lines[:] = [line for line in lines if id(line) not in {id(gain) for gain in gains}]
            amounts = self._amounts(transaction, lines, some, currency, sum(map(self._worth, gains), NOTHING))
            made += [
                (self._buy_or_sell(transaction, part, amount), part) for part, amount in zip(some, amounts, strict=True)
            ]
        return made

    @staticmethod
    def _worth(line: Posting) -> Decimal:
        return line.worth().number

    def _in(self, currency: str, line: Posting) -> bool:
        return self._currency_of(line.worth().commodity, line.line) == currency

    def _gains(self, lines: Sequence[Posting], sold: Sequence[Part], currency: str) -> list[Posting]:
        """The lines that say what sales gained: those of income, one of them or all, that come to it by the prices.

        Where no price is given or none of them comes to it: all of income. A loss may stand anywhere.
        """
        candidates = [
            line for line in lines if self._in(currency, line) and self._journal.kind_of(line.account) not in OWN_KINDS
        ]
        income = [line for line in candidates if self._journal.kind_of(line.account) == "income"]
        if not sold:
            return []
        if all(part.proceeds(self._currency_of) is not None for part in sold):
            wanted = sum((part.cost - (part.proceeds(self._currency_of) or NOTHING) for part in sold), NOTHING)
            near = quantum(self._exponents[currency]) * (len(sold) + 1)
            if abs(sum(map(self._worth, income), NOTHING) - wanted) <= near:
                return income
            for line in (*income, *candidates):
                if abs(self._worth(line) - wanted) <= near:
                    return [line]
            if abs(wanted) <= near:
                return []
        return income

    def _amounts(
        self, transaction: Transaction, lines: Sequence[Posting], parts: Sequence[Part], currency: str, gains: Decimal
    ) -> list[Decimal]:
        """What each was bought or sold for: by its cost or price, and the largest so that the lines are met exactly."""
        sold = sum((part.cost for part in parts if part.booked.made is None), NOTHING)
        found = []
        for part in parts:
            amount = part.cost
            if part.booked.made is None:
                priced = part.proceeds(self._currency_of)
                amount = priced if priced is not None else part.cost - (gains * part.cost / sold if sold else NOTHING)
            found.append(self._rounded(amount, currency))
        signs = [1 if part.booked.made is not None else -1 for part in parts]
        lines_in = sum((self._worth(line) for line in lines if self._in(currency, line)), NOTHING)
        open_ = self._rounded(-lines_in, currency) - sum((s * a for s, a in zip(signs, found, strict=True)), NOTHING)
        if open_:
            place = max(range(len(parts)), key=lambda n: (signs[n] < 0, found[n]))
            found[place] += signs[place] * open_
            if found[place] < 0:
                raise LineError(transaction.line, "what it was sold for does not follow from the transaction")
        for amount in found:
            check_size(amount, transaction.line)
        return found

    def _buy_or_sell(self, transaction: Transaction, part: Part, amount: Decimal) -> Deal:
        booked = part.booked
        fields: Fields = {"quantity": part.units, "amount": amount}
        price = booked.made.number if booked.made is not None else part.price(self._currency_of)
        if price is not None and not is_too_long(price):
            fields |= {"price": price, "currency": booked.currency}
        if booked.made is not None:
            self._day(booked.made.day, transaction, part)
            return self._deal(transaction, part, "buy", fields, -amount)
        return self._deal(transaction, part, "sell", {**fields, "lots": part.pieces}, amount)

    def _rest(self, transaction: Transaction, lines: Sequence[Posting], deals: Sequence[Deal]) -> Transaction | None:
        """The lines, and on each holding account the opposite of what trades moved there."""
        postings = list(lines)
        for own in dict.fromkeys(deal.account for deal in deals):
            money = sum((deal.money for deal in deals if deal.account == own), NOTHING)
            if money:
                postings.append(Posting(transaction.line, own[0], Amount(-money, own[1])))
        sums: dict[Own, Decimal] = {}
        for posting in postings:
            if posting.amount is not None:
                key = (posting.account, self._currency_of(posting.amount.commodity, posting.line))
                sums[key] = sums.get(key, NOTHING) + posting.amount.number
        if not any(sums.values()):
            return None
        return left_of(transaction, postings)

    def _rounded(self, amount: Decimal, currency: str) -> Decimal:
        return amount.quantize(quantum(self._exponents[currency]), ROUND_HALF_UP)
