"""What was said of series on an account is true of them on its heir, too."""

from app.access.context import BookReader, BookWriter
from app.access.heirs import Going, Heir, Use, name_ledger
from app.access.opening import moving, run_telling

_MOVE = moving(
    "UPDATE subscription_dismissals SET account_id = :new WHERE book_id = :book AND account_id = :old",
    "subscription_dismissal",
    "account_id",
)


async def users(_book: BookReader, _going: Going) -> list[Use]:
    """None that keeps an account from going: without it there is nothing to suggest."""
    return []


async def inherit(book: BookWriter, going: Going, heir: Heir) -> None:
    if going.kind == "account":
        for old in going.ids:
            await run_telling(book, _MOVE, {"old": old, "new": heir.id})


name_ledger("subscriptions", users, inherit)
