"""The HTTP side of how one is told."""

from typing import Any

from fastapi import Response

from app.access.dependencies import ActorParam
from app.core.conditional import ExpectedRevision, tagged
from app.core.database import AnyRow
from app.core.problems import problems
from app.core.routing import routes
from app.notifications import planning, preferences
from app.notifications.preferences import Preferences
from app.notifications.schemas import SettingsOut

router = routes("/users/me", "notifications", reads="notifications:read", writes="notifications:write")
PATH = "/notification-settings"


def _document(row: AnyRow) -> dict[str, Any]:
    return {
        **preferences.of(row.settings).document(),
        "mail_address": row.email if row.email_verified_at is not None else None,
        "time_zone": row.time_zone,
        "revision": row.revision,
    }


@router.get(
    PATH,
    response_model=SettingsOut,
    operation_id="get_notification_settings",
    summary="How I am told",
    responses=problems(404),
)
async def get_notification_settings(actor: ActorParam, response: Response) -> dict[str, Any]:
    """What you chose, with the defaults of what you did not. Everything is in the inbox; this is about mail."""
    return tagged(response, _document(await planning.person(actor.connection, actor.user_id)))


@router.put(
    PATH,
    response_model=SettingsOut,
    operation_id="replace_notification_settings",
    summary="Choose how I am told",
    responses=problems(404, 412),
)
async def replace_notification_settings(
    body: Preferences, actor: ActorParam, response: Response, expected: ExpectedRevision
) -> dict[str, Any]:
    """Replaces all of it: what you leave out goes back to its default. Mail that waits follows the new settings.

    Each kind is mailed `immediately`, in the `daily` or the `weekly` digest, or not at all (`off`). In quiet hours no
    mail leaves: it waits for their end. An address that you have not confirmed gets no mail.
    """
    return tagged(response, _document(await planning.replace(actor.connection, actor.user_id, body, expected)))
