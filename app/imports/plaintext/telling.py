"""What a file says itself of trades that lots do not tell of: dividends, interest and fees of holdings.

The line of the account says the kind and the asset; of a reinvested dividend the line of its lot says the kind. The
other lines are the income, its taxes and its fees, each of which a trade has once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.core.money import PLAIN_NUMBER, decimals, plain, quantum
from app.imports.plaintext.beancount_amounts import amount_of, decimal_of
from app.imports.plaintext.booking import NOTHING, check_size
from app.imports.plaintext.dealing import Deal, Fields, Ids, words_of
from app.imports.plaintext.model import Amount, Journal, LineError, Posting, Transaction
from app.imports.plaintext.numbers import is_too_long

TRADE, KIND, ASSET = "trade", "trade-kind", "trade-asset"
PAYING = ("dividend", "interest", "fee")
REINVEST = "reinvest"
FEES, TAXES = "Fees", "Taxes"
"""The memos that tell the costs of an income apart; without one it is the taxes."""
CATEGORY_OF = {"amount": "category_id", "taxes": "tax_category_id", "fees": "fee_category_id"}
WITHOUT_LINE = {"trade-category": "amount", "trade-tax-category": "taxes", "trade-fee-category": "fees"}
"""The category of what is nothing, and has no line."""
NOT_FOR = {
    "dividend": {"trade-category"},
    "interest": {"trade-category"},
    "fee": set(WITHOUT_LINE),
    REINVEST: {"trade-fee-category"},
}

Told = tuple[Fields, dict[str, str]]
"""Fields of a trade, and the full names of its categories by the field."""


@dataclass(frozen=True)
class Teller:
    """Reads what the lines of one file say."""

    journal: Journal
    currency_of: Callable[[str, int], str]
    exponents: Mapping[str, int]

    def deal(self, transaction: Transaction, ids: Ids, is_asset: Callable[[str], bool]) -> Deal | None:
        """The trade that a transaction without lots says it is; None where it says nothing.

        Raises `LineError` where what it says cannot be.
        """
        telling = [posting for posting in transaction.postings if {KIND, ASSET} & posting.meta.keys()]
        if not telling:
            return None
        own, kind, commodity = telling[0], telling[0].meta.get(KIND, ""), telling[0].meta.get(ASSET, "")
        if len(telling) > 1:
            raise LineError(telling[1].line, "two lines say which trade it is")
        if kind not in PAYING:
            raise LineError(own.line, f"{KIND}: '{kind[:40]}' is none of {', '.join(PAYING)}")
        if not is_asset(commodity):
            raise LineError(own.line, f"{ASSET}: '{commodity[:40]}' is no asset of the file or the book")
        if own.amount is None or self.journal.kind_of(own.account) != "asset":
            raise LineError(own.line, f"a trade of the kind {kind} moves money on an account of assets")
        currency = self.currency_of(own.amount.commodity, own.line)
        money = self._amount(own, currency)
        fields, categories = self._shares(
            kind, own, [line for line in transaction.postings if line is not own], currency
        )
        words = words_of(transaction, told=TRADE in own.meta, tags=True)
        row_id = ids.make(transaction.day, f"{kind} {own.account} {commodity} {plain(money)}", own.meta.get(TRADE))
        return Deal(
            row_id, transaction.line, transaction.day, (own.account, currency), commodity, kind, {**fields, **words},
            money, categories=categories,
        )  # fmt: skip

    def reinvested(self, own: Posting, lines: Sequence[Posting], currency: str, cost: Decimal) -> Told:
        """A reinvested dividend but for its quantity. `own` is the line of its lot, which cost so much: the income less
        its taxes. Raises `LineError`.
        """
        fields, categories = self._shares(REINVEST, own, lines, currency)
        fields.setdefault("amount", cost * 0)
        left = fields["amount"] - fields.get("taxes", NOTHING)
        if left != cost:
            raise LineError(own.line, f"{plain(left)} {currency} are left to reinvest, and its lot cost {plain(cost)}")
        if (fees := _number(own, "trade-fees")) is not None:
            fields["fees"] = self._amount(Posting(own.line, own.account, Amount(fees, currency)), currency)
            if fields["fees"] > left:
                raise LineError(own.line, "trade-fees: more than what was reinvested")
        if "trade-price" in own.meta:
            price, rest = amount_of(own.meta["trade-price"], own.line)
            if price is None or rest or price.number < 0 or is_too_long(price.number):
                raise LineError(own.line, f"trade-price: '{own.meta['trade-price'][:40]}' is no price of a unit")
            fields |= {"price": price.number, "currency": self.currency_of(price.commodity, own.line)}
        if (rate := _number(own, "trade-rate")) is not None:
            if fields.get("currency", currency) == currency or not rate or is_too_long(rate):
                raise LineError(own.line, "trade-rate: that of a price in another currency, and more than nothing")
            fields["rate"] = rate
        return fields, categories

    def _shares(self, kind: str, own: Posting, lines: Sequence[Posting], currency: str) -> Told:
        """Amount, taxes and fees, as far as there are any, without a sign.

        Raises `LineError` for a line that is none of these, or one of them once more.
        """
        fields: Fields = {}
        categories: dict[str, str] = {}
        for line in lines:
            name = self._field(kind, line)
            amount = self._amount(line, currency) * (-1 if name == "amount" and kind != "fee" else 1)
            if name in fields:
                raise LineError(line.line, f"a trade of the kind {kind} has its {name} in one line")
            if amount <= 0:
                raise LineError(line.line, f"the {name} of a trade of the kind {kind} has the other sign")
            fields[name] = amount
            categories[CATEGORY_OF[name]] = line.account
        if "amount" not in fields and kind != REINVEST:
            raise LineError(own.line, f"no line says what the {kind} was for")
        for said, name in WITHOUT_LINE.items():
            if said in own.meta:
                categories[CATEGORY_OF[name]] = self._without_line(kind, own, said, name in fields)
        return fields, categories

    def _field(self, kind: str, line: Posting) -> str:
        """Which field of the trade a line is."""
        found, memo = self.journal.kind_of(line.account), line.meta.get("memo")
        if found == ("expense" if kind == "fee" else "income") and memo is None:
            return "amount"
        if found == "expense" and kind != "fee" and memo in {None, TAXES}:
            return "taxes"
        if found == "expense" and kind not in {"fee", REINVEST} and memo == FEES:
            return "fees"
        raise LineError(line.line, f"a trade of the kind {kind} has no such line; it would be lost")

    def _without_line(self, kind: str, own: Posting, said: str, is_there: bool) -> str:
        category = own.meta[said]
        if is_there or said in NOT_FOR[kind]:
            raise LineError(own.line, f"{said}: not for this trade, or a line has said it")
        wanted = "income" if said == "trade-category" else "expense"
        if category not in self.journal.accounts or self.journal.kind_of(category) != wanted:
            raise LineError(own.line, f"{said}: '{category[:80]}' is not opened as a category of {wanted}")
        return category

    def _amount(self, line: Posting, currency: str) -> Decimal:
        """All lines of such a trade are in the currency of the account."""
        amount, exponent = line.amount, self.exponents[currency]
        if amount is None or line.total is not None or self.currency_of(amount.commodity, line.line) != currency:
            raise LineError(line.line, f"the lines of such a trade are in the currency of the account, {currency}")
        if decimals(amount.number) > exponent:
            raise LineError(line.line, f"{currency} has {exponent} decimals, this amount has more")
        check_size(amount.number, line.line)
        return amount.number.quantize(quantum(exponent))


def _number(own: Posting, name: str) -> Decimal | None:
    """A number of the metadata; None where it is not there."""
    text = own.meta.get(name)
    if text is None:
        return None
    if not PLAIN_NUMBER.fullmatch(text) or text[0] == "-":
        raise LineError(own.line, f"{name}: '{text[:40]}' is not a number without a sign")
    return decimal_of(text, own.line)
