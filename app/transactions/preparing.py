"""Features above the ledger that have a say in what is about to be created: rules.

As with `app/access/watching.py`, a feature is asked only where the book has something of it.
"""

from collections.abc import Awaitable, Callable, Sequence

from app.access.context import BookWriter
from app.transactions.batch import Wanted

Preparer = Callable[[BookWriter, Sequence[Wanted]], Awaitable[Sequence[Wanted]]]

_PREPARERS: dict[str, Preparer] = {}
_LAST: dict[str, Preparer] = {}


def prepares(feature: str, *, last: bool = False) -> Callable[[Preparer], Preparer]:
    """Have the function see what is about to be created and answer, in the same order, what to create instead.

    Each still goes through every check of the ledger. With `last` it sees what the others made of it: for what only
    fills in what is left open.
    """

    def add(preparer: Preparer) -> Preparer:
        (_LAST if last else _PREPARERS)[feature] = preparer
        return preparer

    return add


async def prepared(book: BookWriter, wishes: Sequence[Wanted]) -> Sequence[Wanted]:
    """What to create, after every feature that this book uses had its say."""
    for feature, preparer in (*_PREPARERS.items(), *_LAST.items()):
        if feature in book.uses and wishes:
            wishes = await preparer(book, wishes)
    return wishes
