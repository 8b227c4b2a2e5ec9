"""Who sees an account: all members of the book, or those it names."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.context import BookWriter
from app.core.errors import FieldError, ForbiddenError, InvalidError, invalid

Document = dict[str, Any]
NAMES = ("visibility", "visible_to")

_STRANGERS = text(
    """
    SELECT v.id FROM unnest(:viewers) AS v(id)
    WHERE v.id NOT IN (SELECT m.user_id FROM book_members m WHERE m.book_id = :book) ORDER BY v.id
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("viewers", type_=ARRAY(Uuid)))
_OTHER_OWNERS = text(
    "SELECT m.user_id FROM book_members m WHERE m.book_id = :book AND m.role = 'owner' AND m.user_id <> :me"
).bindparams(bindparam("book", type_=Uuid), bindparam("me", type_=Uuid))
# One statement: without a row in between the account is nobody's secret.
_REPLACE = text(
    """
    WITH gone AS (
        DELETE FROM account_viewers
        WHERE book_id = :book AND account_id = :account AND user_id <> ALL (:viewers)
    )
    INSERT INTO account_viewers (book_id, account_id, user_id)
    SELECT :book, :account, v.id FROM unnest(:viewers) AS v(id)
    ON CONFLICT DO NOTHING
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("account", type_=Uuid), bindparam("viewers", type_=ARRAY(Uuid)))
_NOTE = text("SELECT note_private_account(:account)").bindparams(bindparam("account", type_=Uuid))


class OwnerSeesItError(ForbiddenError):
    """Nobody takes out of an owner's sight what that owner sees."""

    code = "owner_sees_it"
    title = "An owner of the book sees this account"


async def viewers_of_new(book: BookWriter, wanted: Document) -> list[UUID] | None:
    """As `viewers_after`, for an account that nobody sees yet."""
    return await _viewers(book, None, wanted)


async def viewers_after(book: BookWriter, before: Iterable[UUID] | None, wanted: Document) -> list[UUID] | None:
    """Who sees the account after this change, in order; None for all members.

    `wanted` has `visibility` and `visible_to` where they were sent. Raises `InvalidError` for viewers of a shared
    account, for ones who are no members, and where the one who asks is not among them; `OwnerSeesItError` where another
    owner would not see it any more.
    """
    viewers = await _viewers(book, before, wanted)
    if viewers is not None:
        owners = set(
            (await book.connection.execute(_OTHER_OWNERS, {"book": book.book_id, "me": book.actor.user_id})).scalars()
        )
        if owners & set(owners if before is None else before) - set(viewers):
            raise OwnerSeesItError(
                "An owner of the book sees this account, and nobody else can take it out of their sight; an account "
                "that is private from the start is another matter."
            )
    return viewers


async def _viewers(book: BookWriter, before: Iterable[UUID] | None, wanted: Document) -> list[UUID] | None:
    named = wanted.get("visible_to")
    visibility = wanted.get("visibility") or ("shared" if before is None else "private")
    if visibility == "shared":
        if named is not None:
            raise invalid("visible_to", "visible_to_all", 'a shared account is visible to all: send "private" with it')
        return None
    viewers = sorted(set(named if named is not None else before or [book.actor.user_id]))
    if book.actor.user_id not in viewers:
        raise invalid("visible_to", "not_visible_to_you", "you would not see it any more: name yourself, too")
    strangers = (await book.connection.execute(_STRANGERS, {"book": book.book_id, "viewers": viewers})).scalars().all()
    if strangers:
        raise InvalidError([FieldError("visible_to", "not_a_member", f"{one} is no member") for one in strangers])
    return viewers


async def keep(connection: AsyncConnection, book_id: UUID, account_id: UUID, viewers: list[UUID] | None) -> None:
    """Write who sees the account, and what is hidden with it: its rows, what the log tells of it, its names."""
    await connection.execute(_REPLACE, {"book": book_id, "account": account_id, "viewers": viewers or []})
    if viewers is not None:
        await connection.execute(_NOTE, {"account": account_id})
