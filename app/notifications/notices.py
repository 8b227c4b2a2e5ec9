"""Telling people something, in the transaction of its cause: it is told if, and only if, that is committed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.documents import dump

_NOTIFY_MEMBERS = text("SELECT notify_members(:kind, :key, :title, :body, CAST(:data AS jsonb), :accounts)").bindparams(
    bindparam("accounts", type_=ARRAY(Uuid))
)
_WITHDRAW = text("SELECT withdraw_notifications(:keys)").bindparams(bindparam("keys", type_=ARRAY(Text)))


class Kind(StrEnum):
    """What a notification is about; each person chooses for each kind how they are told."""

    BUDGET_THRESHOLD = "budget_threshold"
    """A budget has reached a share of its amount."""
    SCHEDULE_POSTED = "schedule_posted"
    """A recurring transaction was posted."""
    SCHEDULE_DUE = "schedule_due"
    """A recurring transaction waits to be confirmed."""
    SCHEDULE_FAILED = "schedule_failed"
    """A recurring transaction could not be posted."""
    BILL_DUE = "bill_due"
    """A bill is due soon."""
    BILL_OVERDUE = "bill_overdue"
    """A bill is past its due date."""
    PRICE_CHANGED = "price_changed"
    """A subscription costs something else than before."""
    GOAL_REACHED = "goal_reached"
    """A goal has its amount."""
    PRICE_MOVED = "price_moved"
    """The price of something that is held moved far in a day."""
    HOLDING_GAIN = "holding_gain"
    """A holding's gain or loss has reached a share of its cost."""
    PORTFOLIO_MILESTONE = "portfolio_milestone"
    """All holdings together are worth a round sum."""
    RULE_CUT_OFF = "rule_cut_off"
    """A rule took too long and was stopped."""
    WEEKLY_REPORT = "weekly_report"
    """The weekly report; it is mail alone."""


@dataclass(frozen=True)
class Notice:
    """What is told. The same `key` is told to one person once, in the book it is about, until it is withdrawn.

    `title` and `body` are plain text for people; `data` is for programs: ids, decimal strings, dates as text.
    `accounts` are those that it gives something away of: who does not see all of them is not told.
    """

    kind: Kind
    key: str
    title: str
    body: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    accounts: Collection[UUID] = ()


async def notify_members(connection: AsyncConnection, notice: Notice) -> int:
    """Tell every member of the open book who sees the notice's accounts; returns how many were told anew."""
    parameters = {
        "kind": notice.kind.value,
        "key": notice.key,
        "title": notice.title,
        "body": notice.body,
        "data": dump(notice.data),
        "accounts": list(notice.accounts),
    }
    return await connection.scalar(_NOTIFY_MEMBERS, parameters) or 0


async def withdraw(connection: AsyncConnection, keys: Sequence[str]) -> int:
    """Take back what is not so any more, from every member of the open book; the keys may be told again then."""
    return await connection.scalar(_WITHDRAW, {"keys": list(keys)}) or 0
