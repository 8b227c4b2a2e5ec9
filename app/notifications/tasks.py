"""What the clock asks for: mail that is due each minute, and forgetting once a day."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from app.core.jobs.tasks import Task, Work
from app.notifications import repository
from app.notifications.sending import mail_due

KEPT_FOR = timedelta(days=180)


async def send_mail(work: Work, _payload: Mapping[str, Any]) -> None:
    await mail_due(work.connection, work.settings, work.at)


async def forget_old(work: Work, _payload: Mapping[str, Any]) -> None:
    await repository.forget(work.connection, work.at - KEPT_FOR)


TASKS: tuple[Task, ...] = (
    Task("notifications.mail", send_mail, every="* * * * *"),
    Task("notifications.forget", forget_old, every="17 3 * * *"),
)
