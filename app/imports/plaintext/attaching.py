"""From a transaction's lines to postings of the ledger: which money of which account went for what.

The ledger has no accounts for categories and equity; a line on one of them becomes a posting on an account that takes
part. Where the file says which (as our own export does) that is done. Otherwise the lines are gone through in the order
of the file, and each takes from the accounts of its currency, in their order, what moved there in its direction; what
is then left of it goes to the first of them. What the accounts moved beyond that are transfers. So every account keeps
its balance and every category its total, to the last digit, whatever the lines were.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.core.money import MAX_INTEGER_DIGITS, decimals, quantum
from app.imports.plaintext.model import Amount, Kind, LineError, Posting, Transaction

Own = tuple[str, str]
"""An account of the file and a currency: one account of the book."""
ROLES = frozenset({"flow", "transfer", "equity"})
TYPES = frozenset({"expense", "income", "transfer", "journal", "adjustment", "opening_balance", "trade"})
UNCATEGORISED = frozenset({"uncategorised", "uncategorized"})
OWN_KINDS = frozenset({"asset", "liability"})


@dataclass(frozen=True, slots=True)
class Movement:
    """A posting of the ledger in the words of the file; `category` is the full name on a flow, None for none."""

    account: Own
    role: str
    amount: Decimal
    category: str | None = None
    memo: str | None = None


@dataclass(frozen=True, slots=True)
class Attached:
    """A transaction of the ledger; `original` is what was charged in another currency than the account's."""

    type: str
    amount: Decimal
    movements: Sequence[Movement]
    original: Amount | None = None


@dataclass(slots=True)
class _Need:
    """A line that needs an account: what it would move there."""

    line: int
    role: str
    name: str
    amount: Decimal
    currency: str
    memo: str | None
    account: str | None


def means_nothing(category: str) -> bool:
    """Whether it stands for what has no category: the root itself, or the word for it right below."""
    _, _, below = category.partition(":")
    return not below or below.casefold() in UNCATEGORISED


class Attacher:
    """Knows what the names of the file are: `kind_of` accounts, `currency_of` commodities, and decimals."""

    def __init__(
        self,
        kind_of: Callable[[str], Kind | None],
        currency_of: Callable[[str, int], str],
        exponents: Mapping[str, int],
    ) -> None:
        self._kind_of = kind_of
        self._currency_of = currency_of
        self._exponents = exponents

    def attach(self, transaction: Transaction) -> Attached | None:
        """None where nothing moves (hledger's way to state balances). Raises `LineError`."""
        own: list[tuple[Own, Decimal, Posting]] = []
        needs: list[_Need] = []
        for posting in transaction.postings:
            amount, currency = self._amount(posting.amount, posting.line)
            kind = self._kind(posting)
            if kind in OWN_KINDS:
                own.append(((posting.account, currency), amount, posting))
            elif amount:
                role = "equity" if kind == "equity" else "flow"
                memo, account = posting.meta.get("memo"), posting.meta.get("account")
                needs.append(_Need(posting.line, role, posting.account, -amount, currency, memo, account))
        if not needs and not any(amount for _, amount, _ in own):
            return None
        if not own:
            raise LineError(transaction.line, "no account of assets or liabilities takes part")
        movements = self._told(transaction, own)
        original = None
        if movements is None:
            original = self._into_own_currencies(transaction, own, needs)
            movements = list(_shared_out(own, needs))
        if not movements:
            raise LineError(transaction.line, "what it moves comes back to the same account: nothing is left of it")
        self._check_transfers(transaction, movements)
        return self._typed(transaction, movements, original)

    def _kind(self, posting: Posting) -> Kind:
        kind = self._kind_of(posting.account)
        if kind is None:
            root = posting.account.partition(":")[0]
            raise LineError(
                posting.line,
                f"'{root[:80]}' is neither assets, liabilities, income, expenses nor equity; in an hledger journal "
                f"declare it: `account {root[:80]}  ; type: A` (or L, R, X, E)",
            )
        return kind

    def _amount(self, amount: Amount | None, line: int) -> tuple[Decimal, str]:
        if amount is None:
            raise LineError(line, "a posting without an amount")
        currency = self._currency_of(amount.commodity, line)
        exponent = self._exponents[currency]
        if decimals(amount.number) > exponent:
            raise LineError(line, f"{currency} has {exponent} decimals, this amount has more")
        if amount.number and amount.number.adjusted() >= MAX_INTEGER_DIGITS:
            raise LineError(line, f"the amount has more than {MAX_INTEGER_DIGITS} digits before the point")
        return amount.number.quantize(quantum(exponent)), currency

    def _told(self, transaction: Transaction, own: list[tuple[Own, Decimal, Posting]]) -> list[Movement] | None:
        """What the lines say of themselves (`role`, `account`); None where they do not, or where it does not add up."""
        if not all(posting.meta.get("role") in ROLES for _, _, posting in own):
            return None
        found: list[Movement] = []
        left: dict[Own, Decimal] = {}
        for key, amount, _ in own:
            left[key] = left.get(key, Decimal(0)) + amount
        lines = {id(posting): (key, amount) for key, amount, posting in own}
        for posting in transaction.postings:
            if id(posting) in lines:
                key, amount = lines[id(posting)]
                if posting.meta["role"] != "flow" and amount:
                    found.append(Movement(key, posting.meta["role"], amount, None, posting.meta.get("memo")))
            elif self._kind_of(posting.account) != "equity":
                amount, currency = self._amount(posting.amount, posting.line)
                key = (posting.meta.get("account", ""), currency)
                if key not in left:
                    return None
                if amount:
                    found.append(Movement(key, "flow", -amount, posting.account, posting.meta.get("memo")))
        for movement in found:
            left[movement.account] -= movement.amount
        return None if any(left.values()) else found

    def _into_own_currencies(
        self, transaction: Transaction, own: list[tuple[Own, Decimal, Posting]], needs: list[_Need]
    ) -> Amount | None:
        """Put what is in a currency that no account here has into one that has; returns what was charged.

        By the price on the line, else in proportion to what the accounts paid.
        """
        currencies = {key[1] for key, _, _ in own}
        prices = {posting.line: posting.total for posting in transaction.postings if posting.total}
        foreign = [need for need in needs if need.currency not in currencies]
        if not foreign:
            return None
        charged = {need.currency for need in foreign}
        total = sum((need.amount for need in foreign), Decimal(0))
        original = Amount(abs(total), foreign[0].currency) if len(charged) == 1 and len(foreign) == len(needs) else None
        for need in foreign:
            price = prices.get(need.line)
            if price is not None and self._currency_of(price.commodity, need.line) in currencies:
                need.amount, need.currency = self._rounded(-price.number, self._currency_of(price.commodity, need.line))
        rest = [need for need in foreign if need.currency not in currencies]
        if rest:
            self._in_proportion(transaction, own, needs, rest)
        if any(not need.amount for need in needs):
            raise LineError(transaction.line, "a part of it is too small for the currency of the account")
        return original

    def _rounded(self, amount: Decimal, currency: str) -> tuple[Decimal, str]:
        return amount.quantize(quantum(self._exponents[currency])), currency

    def _in_proportion(
        self,
        transaction: Transaction,
        own: list[tuple[Own, Decimal, Posting]],
        needs: list[_Need],
        rest: list[_Need],
    ) -> None:
        currencies = {key[1] for key, _, _ in own}
        whole = sum((need.amount for need in rest), Decimal(0))
        if len(currencies) > 1 or len({need.currency for need in rest}) > 1 or not whole:
            raise LineError(rest[0].line, f"no account of this transaction is in {rest[0].currency}")
        currency = next(iter(currencies))
        paid = sum((amount for _, amount, _ in own), Decimal(0))
        paid -= sum((need.amount for need in needs if need.currency == currency), Decimal(0))
        left = paid
        rest.sort(key=lambda need: abs(need.amount))
        for need in rest[:-1]:
            need.amount, need.currency = self._rounded(paid * need.amount / whole, currency)
            left -= need.amount
        rest[-1].amount, rest[-1].currency = left, currency
        if not paid:
            raise LineError(transaction.line, f"nothing here says what {whole:f} was paid with")

    def _check_transfers(self, transaction: Transaction, movements: Sequence[Movement]) -> None:
        """Within a currency transfers sum to nothing; two currencies are an exchange; more are refused."""
        sums: dict[str, Decimal] = {}
        for movement in movements:
            if movement.role == "transfer":
                currency = movement.account[1]
                sums[currency] = sums.get(currency, Decimal(0)) + movement.amount
        signs = sorted(-1 if amount < 0 else 1 for amount in sums.values() if amount)
        if len(sums) > 2:
            raise LineError(transaction.line, "more than two currencies are exchanged in one transaction")
        if signs not in ([], [-1, 1]):
            raise LineError(transaction.line, "what leaves the accounts does not arrive, at any rate of exchange")

    def _typed(self, transaction: Transaction, movements: list[Movement], original: Amount | None) -> Attached:
        equity = [p.account for p in transaction.postings if self._kind_of(p.account) == "equity"]
        told = transaction.meta.get("type")
        kind = self._type(movements, equity)
        if told == "journal":
            kind = told
        if kind == "transfer" and movements[0].amount > 0:
            movements = [movements[1], movements[0], *movements[2:]]
        flows = sum((movement.amount for movement in movements if movement.role == "flow"), Decimal(0))
        first = movements[0]
        own = sum((movement.amount for movement in movements if movement.account == first.account), Decimal(0))
        amount = {"expense": -flows, "income": flows, "journal": abs(own)}.get(kind, abs(first.amount))
        return Attached(kind, amount, movements, original if kind in {"expense", "income"} else None)

    def _type(self, movements: Sequence[Movement], equity: Sequence[str]) -> str:
        roles = [movement.role for movement in movements]
        accounts = {movement.account for movement in movements}
        flows = [movement for movement in movements if movement.role == "flow"]
        named = (m.category for m in flows if m.category is not None and not means_nothing(m.category))
        from_income = any(self._kind_of(category) == "income" for category in named)
        if set(roles) == {"flow"} and len(accounts) == 1:
            total = sum(movement.amount for movement in movements)
            if total > 0:
                return "income"
            return "expense" if total < 0 and not from_income else "journal"
        if roles == ["equity"]:
            name = equity[0].rpartition(":")[2].casefold() if equity else ""
            return "opening_balance" if "open" in name else "adjustment" if "adjust" in name else "journal"
        if roles[:2] == ["transfer", "transfer"] and len(accounts) == 2 and set(roles[2:]) <= {"flow"}:
            source = min(movements[:2], key=lambda movement: movement.amount)
            if len(flows) <= 1 and all(m.account == source.account and m.amount < 0 and not from_income for m in flows):
                return "transfer"
        return "journal"


def _shared_out(own: list[tuple[Own, Decimal, Posting]], needs: list[_Need]) -> Iterator[Movement]:
    """The rule of this module: needs take from the accounts in order; the accounts' rest are transfers, in front."""
    moved: dict[Own, Decimal] = {}
    memos: dict[Own, str] = {}
    for key, amount, posting in own:
        moved[key] = moved.get(key, Decimal(0)) + amount
        if "memo" in posting.meta:
            memos.setdefault(key, posting.meta["memo"])
    left = dict(moved)
    taken: list[Movement] = []
    for need in needs:
        taken += _taken(need, left)
    for key, amount in left.items():
        if amount:
            yield Movement(key, "transfer", amount, None, memos.get(key))
    yield from taken


def _taken(need: _Need, left: dict[Own, Decimal]) -> list[Movement]:
    """The movements that one line becomes; `left` is lowered by them."""
    candidates = [key for key in left if key[1] == need.currency]
    if not candidates:
        raise LineError(need.line, f"no account of this transaction is in {need.currency}")
    shares = dict.fromkeys(candidates, Decimal(0))
    wanted = need.amount
    for key in candidates:
        if wanted and left[key] * wanted > 0:
            share = min(left[key], wanted, key=abs)
            shares[key] += share
            left[key] -= share
            wanted -= share
    shares[candidates[0]] += wanted
    left[candidates[0]] -= wanted
    category = need.name if need.role == "flow" else None
    return [Movement(key, need.role, share, category, need.memo) for key, share in shares.items() if share]
