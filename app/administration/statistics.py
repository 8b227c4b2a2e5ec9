"""How much there is on the server, in counts."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.administration import repository


async def of_server(connection: AsyncConnection) -> dict[str, Any]:
    row = await repository.statistics(connection)
    return {
        "users": {
            "total": row.users,
            "active": row.users_active,
            "banned": row.users_banned,
            "verified": row.users_verified,
        },
        "books": row.books,
        "members": row.members,
        "transactions": row.transactions,
        "transactions_exact": row.transactions_exact,
        "attachments": {"total": row.attachments, "bytes": row.attachment_bytes},
        "imports": row.imports,
        "active_sessions": {"day": row.sessions_day, "week": row.sessions_week, "month": row.sessions_month},
    }
