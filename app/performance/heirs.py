"""The target of an account goes over to the account's heir."""

from app.access.context import BookReader, BookWriter, Event
from app.access.heirs import Going, Heir, Use, name_ledger
from app.core.database import AnyRow
from app.performance import target_repository as repository
from app.performance.targets import ENTITY, image_of


async def users(book: BookReader, going: Going) -> list[Use]:
    return [Use(ENTITY, row.id, row.name) for row in await _of(book, going)]


async def inherit(book: BookWriter, going: Going, heir: Heir) -> None:
    """Two targets become one of both parts."""
    for row in await _of(book, going):
        before = image_of(row)
        present = await _of(book, Going("account", (heir.id,)))
        if present:
            both = row.target_percent + present[0].target_percent
            await repository.remove(book, row.id)
            book.record(Event(ENTITY, row.id, "deleted", before=before))
            before, target_id, values = image_of(present[0]), present[0].id, {"target_percent": both}
        else:
            target_id, values = row.id, {"account_id": heir.id}
        await repository.change(book, target_id, values)
        book.record(Event(ENTITY, target_id, "updated", before=before, after={**before, **values}))


async def _of(book: BookReader, going: Going) -> list[AnyRow]:
    if going.kind != "account":
        return []
    return [row for row in await repository.every(book, "account") if row.account_id in going.ids]


name_ledger("performance", users, inherit)
