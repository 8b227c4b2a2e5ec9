"""Statements about how asking providers went."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import ARRAY, Text, bindparam, select, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow
from app.core.documents import dump
from app.rates.models import RateFetch

_NOTE = text(
    "SELECT note_rate_fetch(:provider, :at, :status, :detail, :stored, CAST(:kept_out AS jsonb), :histories)"
).bindparams(
    bindparam("at", type_=TIMESTAMP(timezone=True)),
    bindparam("detail", type_=Text),
    bindparam("histories", type_=ARRAY(Text)),
)


async def every(connection: AsyncConnection) -> Sequence[AnyRow]:
    statement = select(
        RateFetch.provider,
        RateFetch.fetched_at,
        RateFetch.status,
        RateFetch.detail,
        RateFetch.stored,
        RateFetch.kept_out,
    ).order_by(RateFetch.provider)
    return (await connection.execute(statement)).all()


_STAMP = text(
    "SELECT md5(string_agg(concat_ws(' ', provider, fetched_at, stored), ',' ORDER BY provider)) FROM rate_fetches"
)


async def stamp(connection: AsyncConnection) -> str:
    """Another one whenever a provider was asked: rates of providers come in no other way."""
    return str(await connection.scalar(_STAMP) or 0)


async def histories(connection: AsyncConnection, provider: str) -> dict[str, date]:
    """Since which day the history of each currency was asked for."""
    statement = select(RateFetch.history_of).where(RateFetch.provider == provider)
    found: dict[str, date] = {}
    for one in await connection.scalar(statement) or []:
        code, day = one.split(" ")
        found[code] = min(date.fromisoformat(day), found.get(code, date.max))
    return found


async def note(
    connection: AsyncConnection,
    provider: str,
    at: datetime,
    *,
    status: str,
    detail: str | None = None,
    stored: int = 0,
    kept_out: Sequence[str] = (),
    histories: Mapping[str, date] | None = None,
) -> None:
    parameters = {
        "provider": provider,
        "at": at,
        "status": status,
        "detail": detail,
        "stored": stored,
        "kept_out": dump(list(kept_out)),
        "histories": [f"{code} {day}" for code, day in (histories or {}).items()],
    }
    await connection.execute(_NOTE, parameters)
