"""The HTTP side of the inbox."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from app.access.dependencies import ActorParam, Idempotent
from app.core.database import AnyRow
from app.core.pagination import Page, WalkParams
from app.core.problems import problems
from app.core.routing import only, routes
from app.notifications import service
from app.notifications.notices import Kind
from app.notifications.schemas import MarkedRead, NotificationOut, ReadUpTo, UnreadCount
from app.notifications.service import Wanted

router = routes("/notifications", "notifications", reads="notifications:read", writes="notifications:write")


@router.get(
    "", response_model=Page[NotificationOut], operation_id="list_notifications", summary="What I was told, newest first"
)
async def list_notifications(
    actor: ActorParam,
    page: WalkParams,
    unread: Annotated[bool, Query(description="Only what is unread.")] = False,
    kind: Annotated[list[Kind] | None, Query(max_length=20, description="Only these kinds; may repeat.")] = None,
    book_id: Annotated[UUID | None, Query(description="Only what is about this book.")] = None,
) -> dict[str, Any]:
    """Your inbox over all your books. What you dismissed is not in it, nor what a book told you that you have left.

    Notifications are forgotten after 180 days.
    """
    return await service.list_page(actor, Wanted(unread, tuple(kind or ()), book_id), page)


@router.get(
    "/unread-count",
    response_model=UnreadCount,
    operation_id="count_unread_notifications",
    summary="How many are unread",
)
async def count_unread_notifications(actor: ActorParam) -> dict[str, Any]:
    """For a badge: the number, and the same by kind."""
    return await service.unread_count(actor)


@router.post(
    "/read",
    response_model=MarkedRead,
    operation_id="read_notifications",
    summary="Mark all as read",
    dependencies=[Idempotent],
    responses=problems(409),
)
async def read_notifications(actor: ActorParam, body: ReadUpTo | None = None) -> dict[str, int]:
    """All of them, or those up to the one you name: what came in while you were reading stays unread."""
    return {"marked": await service.mark_all(actor, (body or ReadUpTo()).up_to)}


only(router, "POST", "/read")
only(router, "GET", "/unread-count")


@router.post(
    "/{notification_id}/read",
    response_model=NotificationOut,
    operation_id="read_notification",
    summary="Mark one as read",
    dependencies=[Idempotent],
    responses=problems(404, 409),
)
async def read_notification(notification_id: UUID, actor: ActorParam) -> AnyRow:
    """It keeps the instant at which it was read first. What was read before its mail was due is not mailed."""
    return await service.mark(actor, notification_id, read=True)


@router.post(
    "/{notification_id}/unread",
    response_model=NotificationOut,
    operation_id="unread_notification",
    summary="Mark one as unread",
    dependencies=[Idempotent],
    responses=problems(404, 409),
)
async def unread_notification(notification_id: UUID, actor: ActorParam) -> AnyRow:
    """To come back to it later."""
    return await service.mark(actor, notification_id, read=False)


@router.delete(
    "/{notification_id}",
    status_code=204,
    operation_id="dismiss_notification",
    summary="Dismiss a notification",
    responses=problems(404),
)
async def dismiss_notification(notification_id: UUID, actor: ActorParam) -> None:
    """It leaves your inbox for good, and the same thing is not told again while it stays so."""
    await service.dismiss(actor, notification_id)
