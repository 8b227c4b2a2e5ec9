"""The HTTP side of the audit."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from app.access.dependencies import ActorParam
from app.administration import audit
from app.administration.audit_repository import AuditFilter
from app.administration.schemas import AuditOut, OwnAuditOut
from app.core.fields import Instant
from app.core.pagination import Page, WalkParams
from app.core.routing import routes

router = routes("/audit", "administration", reads="audit:read", errors=(404,))
mine = routes("/users/me/audit", "users", reads="profile:read", errors=(404,))


@router.get("", response_model=Page[AuditOut], operation_id="list_audit", summary="Who did what to whom")
async def list_audit(
    actor: ActorParam,
    page: WalkParams,
    action: Annotated[
        str | None, Query(max_length=100, pattern=r"^[^\x00]*$", description="One kind of act, `user_banned` say.")
    ] = None,
    actor_id: Annotated[UUID | None, Query(description="Acts of this person.")] = None,
    subject_id: Annotated[UUID | None, Query(description="Acts that concerned this person.")] = None,
    since: Annotated[Instant | None, Query(alias="from", description="The earliest instant.")] = None,
    until: Annotated[Instant | None, Query(alias="to", description="The first instant too late.")] = None,
) -> dict[str, Any]:
    """Administrative and security acts, the newest first. The audit only grows: no route alters or deletes an entry."""
    return await audit.page_of(actor, AuditFilter(action, actor_id, subject_id, since, until), page)


@mine.get("", response_model=Page[OwnAuditOut], operation_id="list_own_audit", summary="What concerned me")
async def list_own_audit(actor: ActorParam, page: WalkParams) -> dict[str, Any]:
    """Administrative and security acts that concerned you, the newest first."""
    return await audit.own_page(actor, page)
