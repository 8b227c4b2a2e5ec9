"""Statements about second factors; the transaction acts as the person they are about."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.factor_models import Passkey, RecoveryCode, TotpSecret, WrongGuesses
from app.auth.models import Password, Session
from app.core.database import AnyRow
from app.users.models import User

_BY_CREDENTIAL = text("SELECT * FROM passkey_for_login(:credential)")
_OF_TOTP = (TotpSecret.sealed, TotpSecret.started_at, TotpSecret.active_since, TotpSecret.last_step)
_SHOWN = (
    Passkey.id,
    Passkey.name,
    Passkey.transports,
    Passkey.backed_up,
    Passkey.created_at,
    Passkey.last_used_at,
)


async def hold(connection: AsyncConnection, user_id: UUID) -> str:
    """Have changes of this person's factors come one after the other; returns their e-mail address."""
    statement = select(User.email).where(User.id == user_id).with_for_update(key_share=True)
    return str((await connection.execute(statement)).scalar_one())


async def totp(connection: AsyncConnection, user_id: UUID) -> AnyRow | None:
    return (await connection.execute(select(*_OF_TOTP).where(TotpSecret.user_id == user_id))).one_or_none()


async def keep_totp(connection: AsyncConnection, user_id: UUID, sealed: bytes) -> None:
    """A secret that is not active yet, in the place of another one."""
    values = {"sealed": sealed, "started_at": func.now(), "active_since": None, "last_step": 0}
    statement = postgresql.insert(TotpSecret).values(user_id=user_id, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=[TotpSecret.user_id], set_=values))


async def change_totp(connection: AsyncConnection, user_id: UUID, **values: Any) -> None:
    await connection.execute(update(TotpSecret).where(TotpSecret.user_id == user_id).values(values))


async def remove_totp(connection: AsyncConnection, user_id: UUID) -> None:
    await connection.execute(delete(TotpSecret).where(TotpSecret.user_id == user_id))
    await connection.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


async def replace_recovery_codes(connection: AsyncConnection, user_id: UUID, hashes: list[bytes]) -> None:
    await connection.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    await connection.execute(insert(RecoveryCode), [{"user_id": user_id, "code_hash": each} for each in hashes])


async def spend_recovery_code(connection: AsyncConnection, user_id: UUID, code_hash: bytes) -> bool:
    statement = delete(RecoveryCode).where(RecoveryCode.user_id == user_id, RecoveryCode.code_hash == code_hash)
    return bool((await connection.execute(statement)).rowcount)


async def recovery_codes_left(connection: AsyncConnection, user_id: UUID) -> int:
    statement = select(func.count()).where(RecoveryCode.user_id == user_id)
    return int(await connection.scalar(statement) or 0)


async def hold_guesses(connection: AsyncConnection, user_id: UUID, kind: str) -> AnyRow:
    """The count of wrong guesses; it stays locked, so that guesses made at once count one by one."""
    statement = postgresql.insert(WrongGuesses).values(user_id=user_id, kind=kind, wrong=0)
    statement = statement.on_conflict_do_update(
        index_elements=[WrongGuesses.user_id, WrongGuesses.kind], set_={"wrong": WrongGuesses.wrong}
    )
    found = statement.returning(WrongGuesses.wrong, WrongGuesses.last_at, WrongGuesses.paused_until)
    return (await connection.execute(found)).one()


async def count_guesses(
    connection: AsyncConnection, user_id: UUID, kind: str, wrong: int, last_at: datetime, paused_until: datetime | None
) -> None:
    statement = update(WrongGuesses).where(WrongGuesses.user_id == user_id, WrongGuesses.kind == kind)
    await connection.execute(statement.values(wrong=wrong, last_at=last_at, paused_until=paused_until))


async def passkey_for_login(connection: AsyncConnection, credential_id: bytes) -> AnyRow | None:
    """The passkey and whose it is, before it is known who asks; its row stays locked."""
    return (await connection.execute(_BY_CREDENTIAL, {"credential": credential_id})).one_or_none()


async def add_passkey(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """Raises `PasskeyKnownError` (by its constraint) when the credential is somebody's already."""
    await connection.execute(insert(Passkey).values(values))


async def passkeys(connection: AsyncConnection, user_id: UUID) -> list[AnyRow]:
    statement = select(*_SHOWN, Passkey.credential_id).where(Passkey.user_id == user_id).order_by(Passkey.id)
    return list((await connection.execute(statement)).all())


async def count_passkeys(connection: AsyncConnection, user_id: UUID) -> int:
    return int(await connection.scalar(select(func.count()).where(Passkey.user_id == user_id)) or 0)


async def change_passkey(connection: AsyncConnection, passkey_id: UUID, user_id: UUID, **values: Any) -> AnyRow | None:
    statement = update(Passkey).where(Passkey.id == passkey_id, Passkey.user_id == user_id)
    return (await connection.execute(statement.values(values).returning(*_SHOWN))).one_or_none()


async def remove_passkey(connection: AsyncConnection, passkey_id: UUID, user_id: UUID) -> str | None:
    """The name of the one that is gone."""
    statement = delete(Passkey).where(Passkey.id == passkey_id, Passkey.user_id == user_id).returning(Passkey.name)
    return (await connection.execute(statement)).scalar_one_or_none()


async def remove_every_factor(connection: AsyncConnection, user_id: UUID) -> None:
    """The authenticator app with its recovery codes, and the passkeys."""
    for table in (TotpSecret, RecoveryCode, Passkey):
        await connection.execute(delete(table).where(table.user_id == user_id))


async def forget_guesses(connection: AsyncConnection, user_id: UUID) -> None:
    """For the database's owner alone: nobody else may begin to guess anew."""
    await connection.execute(delete(WrongGuesses).where(WrongGuesses.user_id == user_id))


async def password_hash(connection: AsyncConnection, user_id: UUID) -> str | None:
    return (await connection.execute(select(Password.hash).where(Password.user_id == user_id))).scalar_one_or_none()


async def confirm_session(connection: AsyncConnection, session_id: UUID, at: datetime) -> None:
    await connection.execute(update(Session).where(Session.id == session_id).values(confirmed_at=at))
