"""The HTTP side of the members of a book."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends

from app.access.context import BookWriter
from app.access.dependencies import BookInPath, Idempotent, ReadBook, WriteBook
from app.access.opening import close_book, take_book
from app.core.database import AnyRow
from app.core.pagination import Whole, whole
from app.core.problems import problems
from app.core.routing import routes
from app.households import members
from app.households.schemas import MemberOut, RoleIn, TransferIn

router = routes("/books", "members", reads="books:read", writes="members:manage", errors=(404,))


async def _held_book(reader: ReadBook) -> AsyncIterator[BookWriter]:
    """The book, held whatever the role: a viewer writes nothing in it, but may leave it."""
    writer = await take_book(reader.actor, reader.book_id, reader.role, hides=reader.hides)
    yield writer
    await close_book(writer)


HeldBook = Annotated[BookWriter, Depends(_held_book, scope="function")]


@router.get(
    "/{book_id}/members",
    response_model=Whole[MemberOut],
    operation_id="list_members",
    summary="Who is in a book",
    dependencies=[BookInPath],
)
async def list_members(book: ReadBook) -> dict[str, Any]:
    """Every member may read it; the longest-standing first."""
    return whole(await members.every(book))


@router.put(
    "/{book_id}/members/{user_id}",
    response_model=MemberOut,
    operation_id="set_member_role",
    summary="Change what a member may do",
    responses=problems(409),
    dependencies=[BookInPath],
)
async def set_member_role(user_id: UUID, body: RoleIn, book: WriteBook) -> AnyRow:
    """Owners only. The last owner stays owner (409 `last_owner`). It holds from the member's next request on."""
    return await members.set_role(book, user_id, body.role)


@router.delete(
    "/{book_id}/members/{user_id}",
    status_code=204,
    operation_id="remove_member",
    summary="Take a member out of a book",
    responses=problems(409),
    dependencies=[BookInPath],
)
async def remove_member(user_id: UUID, book: WriteBook) -> None:
    """Owners only. What they entered stays. The last owner cannot go (409 `last_owner`)."""
    await members.remove(book, user_id)


@router.post(
    "/{book_id}/leave",
    status_code=204,
    operation_id="leave_book",
    summary="Leave a book",
    responses=problems(409),
    dependencies=[BookInPath, Idempotent],
)
async def leave_book(book: HeldBook) -> None:
    """What you entered stays. The last owner cannot leave (409 `last_owner`): transfer the book first, or delete it.

    Repeated, it answers 404: you are no member any more.
    """
    await members.leave(book)


@router.post(
    "/{book_id}/transfer-ownership",
    response_model=Whole[MemberOut],
    operation_id="transfer_ownership",
    summary="Make another member owner in your place",
    responses=problems(409),
    dependencies=[BookInPath, Idempotent],
)
async def transfer_ownership(body: TransferIn, book: WriteBook) -> dict[str, Any]:
    """Owners only. Both roles change in one step; the answer is everybody in the book as it is then."""
    return whole(await members.transfer(book, body))
