"""Which account of the file holds what is bought: the one whose money pays for it."""

from collections import Counter
from collections.abc import Callable

from app.imports.plaintext.attaching import OWN_KINDS, Own
from app.imports.plaintext.model import Journal, LineError, above


class Holders:
    """The holding account of each account of the file and currency of cost, the same for the whole file.

    The account itself where it has money in that currency, too. Otherwise the nearest one that has: the account above
    it or one right below that, then one level further up, but not above the roots; of several the one that takes part
    in most of its purchases and sales, of as many the first by name. Where there is none, the account itself: what is
    paid for it comes there first.
    """

    def __init__(self, journal: Journal, currency_of: Callable[[str, int], str]) -> None:
        self._money: set[Own] = set()
        self._together: dict[str, Counter[Own]] = {}
        self._found: dict[Own, Own] = {}
        wanted = [(name, meta["currency"], 0) for name, meta in journal.accounts.items() if "currency" in meta]
        for transaction in journal.transactions:
            paying = {
                (posting.account, posting.amount.commodity, posting.line)
                for posting in transaction.postings
                if posting.cost is None and posting.amount is not None
            }
            wanted += paying
            for account in {posting.account for posting in transaction.postings if posting.cost is not None}:
                self._together.setdefault(account, Counter()).update((name, code) for name, code, _ in paying)
        codes: dict[str, str | None] = {}
        for name, commodity, line in wanted:
            if commodity not in codes:
                codes[commodity] = _known(currency_of, commodity, line)
            code = codes[commodity]
            if code is not None and journal.kind_of(name) in OWN_KINDS:
                self._money.add((name, code))
        self._together = {
            account: Counter({(n, codes[c] or ""): times for (n, c), times in counted.items()})
            for account, counted in self._together.items()
        }

    def of(self, account: str, currency: str) -> Own:
        own = (account, currency)
        if own not in self._found:
            self._found[own] = own if own in self._money else self._near(account, currency) or own
        return self._found[own]

    def _near(self, account: str, currency: str) -> Own | None:
        counted = self._together.get(account, Counter())
        parent = account.rpartition(":")[0]
        for name in above(parent):
            if ":" not in name and name != parent:
                break
            found = [own for own in self._money if own[1] == currency and name in {own[0], own[0].rpartition(":")[0]}]
            if found:
                return min(found, key=lambda own: (-counted[own], own))
        return None


def _known(currency_of: Callable[[str, int], str], commodity: str, line: int) -> str | None:
    try:
        return currency_of(commodity, line)
    except LineError:
        return None
