"""Who is in a book, and as what.

A `BookWriter` holds the book, so changes of members come one after the other. What its `role` says was read before it
was held: whoever changed it in between was faster, and so it is read again.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.access.context import BookReader, BookWriter, Event
from app.access.private import check_leaves_none_alone
from app.core.database import AnyRow
from app.core.errors import ForbiddenError, NotFoundError, invalid
from app.households import repository
from app.households.errors import LastOwnerError, MemberNotFoundError
from app.households.schemas import TransferIn

ENTITY = "member"


async def every(book: BookReader) -> Sequence[AnyRow]:
    """The longest-standing first."""
    return await repository.members(book.connection, book.book_id)


async def check_owner(book: BookReader) -> None:
    """Raises `ForbiddenError` for who is no owner at this moment, `NotFoundError` for who is no member any more."""
    own = await repository.member(book.connection, book.book_id, book.actor.user_id)
    if own is None:
        raise NotFoundError("There is no such book, or you are not a member of it.")
    if own.role != "owner":
        raise ForbiddenError("Only an owner may change who is in a book.")


async def set_role(book: BookWriter, user_id: UUID, role: str) -> AnyRow:
    """Owners only. Raises `MemberNotFoundError`, and `LastOwnerError` where nobody else would be owner.

    Also `HoldsPrivateAccountsError` for who would be a viewer and alone sees an account.
    """
    await check_owner(book)
    before = await _member(book, user_id)
    if before.role == role:
        return before
    if before.role == "owner":
        await _check_another_owner(book)
    return await _change(book, before, role)


async def remove(book: BookWriter, user_id: UUID) -> None:
    """Owners only, as `set_role`; who is removed cannot open the book from their next request on.

    Raises `HoldsPrivateAccountsError` for who alone sees an account.
    """
    await check_owner(book)
    await _remove(book, await _member(book, user_id))


async def leave(book: BookWriter) -> None:
    """Take oneself out of the book; raises `LastOwnerError` for the only owner, and as `remove`."""
    await _remove(book, await _member(book, book.actor.user_id))


async def transfer(book: BookWriter, body: TransferIn) -> Sequence[AnyRow]:
    """Make another member owner, and oneself what `keep` says; returns the members as they are then.

    Raises as `set_role`.
    """
    await check_owner(book)
    if body.user_id == book.actor.user_id:
        raise invalid("user_id", "already_owner", "is you: name another member")
    heir = await _member(book, body.user_id)
    if heir.role != "owner":
        await _change(book, heir, "owner")
    await _change(book, await _member(book, book.actor.user_id), body.keep)
    return await every(book)


async def _member(book: BookReader, user_id: UUID) -> AnyRow:
    row = await repository.member(book.connection, book.book_id, user_id)
    if row is None:
        raise MemberNotFoundError(user_id)
    return row


async def _check_another_owner(book: BookWriter) -> None:
    if await repository.count_owners(book.connection, book.book_id) < 2:  # another one than this
        raise LastOwnerError


async def _change(book: BookWriter, before: AnyRow, role: str) -> AnyRow:
    if role == "viewer":  # who could neither share nor delete an account that they alone see
        await check_leaves_none_alone(book.connection, book.book_id, before.user_id)
    await repository.set_role(book.connection, book.book_id, before.user_id, role)
    after = await _member(book, before.user_id)
    book.record(Event(ENTITY, before.user_id, "updated", before=image(before), after=image(after)))
    return after


async def _remove(book: BookWriter, before: AnyRow) -> None:
    if before.role == "owner":
        await _check_another_owner(book)
    await check_leaves_none_alone(book.connection, book.book_id, before.user_id)
    await repository.remove_member(book.connection, book.book_id, before.user_id)
    book.record(Event(ENTITY, before.user_id, "deleted", before=image(before)))


def image(member: AnyRow) -> dict[str, Any]:
    """A membership for the log, which never forgets: no name and no address in it."""
    return {"role": member.role, "joined_at": member.joined_at}
