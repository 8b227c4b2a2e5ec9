"""The HTTP side of invitations: those of a book, and those to oneself."""

from typing import Any
from uuid import UUID

from fastapi import Request, Response

from app.access.dependencies import ActorParam, BookInPath, Idempotent, ReadBook, WriteBook
from app.books.schemas import BookOut
from app.core.database import AnyRow
from app.core.pagination import Whole, whole
from app.core.problems import problems
from app.core.routing import routes
from app.households import invitations
from app.households.schemas import AcceptIn, BookInvitationIn, BookInvitationOut, InvitationToMe, NewBookInvitation

of_book = routes("/books", "members", reads="members:manage", errors=(404,))
to_me = routes("/invitations", "members", reads="books:read", writes="members:manage", errors=(404,))


@of_book.post(
    "/{book_id}/invitations",
    status_code=201,
    response_model=NewBookInvitation,
    operation_id="invite_member",
    summary="Invite somebody to a book",
    responses=problems(409),
    dependencies=[BookInPath],
)
async def invite_member(body: BookInvitationIn, book: WriteBook, request: Request, response: Response) -> Any:
    """Owners only. The token and its link are shown this once; with an address they are mailed there too.

    Whoever has the token can join, once. It takes no `Idempotency-Key`: a kept answer would keep the token. A request
    that was lost on its way back leaves an invitation that can be revoked.
    """
    made = await invitations.create(book, body, request.app.state.settings.public_url)
    response.headers["Location"] = f"/api/v1/books/{book.book_id}/invitations"
    response.headers["Cache-Control"] = "no-store"
    return made.document()


@of_book.get(
    "/{book_id}/invitations",
    response_model=Whole[BookInvitationOut],
    operation_id="list_book_invitations",
    summary="List the open invitations of a book",
    dependencies=[BookInPath],
)
async def list_book_invitations(book: ReadBook) -> dict[str, Any]:
    """Owners only; without their tokens, which nobody can read again. At most 50."""
    return whole(await invitations.pending(book))


@of_book.delete(
    "/{book_id}/invitations/{invitation_id}",
    status_code=204,
    operation_id="revoke_book_invitation",
    summary="Withdraw an invitation",
    dependencies=[BookInPath],
)
async def revoke_book_invitation(invitation_id: UUID, book: WriteBook) -> None:
    """Owners only. Its token stops working at once."""
    await invitations.revoke(book, invitation_id)


@to_me.get(
    "",
    response_model=Whole[InvitationToMe],
    operation_id="list_invitations_to_me",
    summary="List the invitations to my address",
)
async def list_invitations_to_me(actor: ActorParam) -> dict[str, Any]:
    """Those to your verified address that wait for an answer. An address that is not verified has none."""
    return whole(await invitations.to_me(actor))


@to_me.post(
    "/accept",
    response_model=BookOut,
    operation_id="accept_invitation_token",
    summary="Join a book by a token",
    responses=problems(409),
    dependencies=[Idempotent],
)
async def accept_invitation_token(body: AcceptIn, actor: ActorParam) -> AnyRow:
    """Works once. An invitation that is over answers 404 `invitation_over` with its `reason`: accepted, declined,
    revoked or expired. A member stays what they are (409 `already_member`), and the invitation stays open."""
    return await invitations.accept_token(actor, body.token)


@to_me.post(
    "/{invitation_id}/accept",
    response_model=BookOut,
    operation_id="accept_invitation",
    summary="Join a book by an invitation to my address",
    responses=problems(409),
    dependencies=[Idempotent],
)
async def accept_invitation(invitation_id: UUID, actor: ActorParam) -> AnyRow:
    """For the person whose verified address it was sent to; for everybody else it does not exist."""
    return await invitations.accept(actor, invitation_id)


@to_me.post(
    "/{invitation_id}/decline",
    status_code=204,
    operation_id="decline_invitation",
    summary="Decline an invitation to my address",
    responses=problems(409),
    dependencies=[Idempotent],
)
async def decline_invitation(invitation_id: UUID, actor: ActorParam) -> None:
    """Nobody can join by it any more."""
    await invitations.decline(actor, invitation_id)
