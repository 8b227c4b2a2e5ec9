"""`Idempotency-Key`: the same POST twice happens once and answers the same.

The claim and the kept answer are rows of the request's own transaction. A twin that runs at the same moment finds
the key's lock taken and is refused; one that slipped between lock and commit meets the kept row and is refused too.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

import orjson
from fastapi import Header, Request
from sqlalchemy import Index, LargeBinary, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from app.core.clock import now
from app.core.database import Base
from app.core.errors import ConflictError, InvalidError, invalid
from app.core.security import begun_keyed_digest, keyed_digest

MAX_KEY_LENGTH = 255
KEPT_FOR = timedelta(hours=48)
PIECE_BYTES = 262_144
KEPT_HEADERS = ("location", "etag", "content-type")

IdempotencyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description=f"Up to {MAX_KEY_LENGTH} visible ASCII characters of your choice, kept for at least 24 hours. "
        "Repeating the request with it happens once and answers the same, with `Idempotency-Replayed: true`.",
    ),
]


class IdempotencyKey(Base):
    """An answer kept for a key; `scope` is the user who used it, so keys of two users never meet."""

    __tablename__ = "idempotency_keys"

    scope: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int] = mapped_column(SmallInteger)
    headers: Mapped[dict[str, str]] = mapped_column(JSONB)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=text("now()"))

    __table_args__ = (Index("ix_idempotency_keys_created_at", "created_at"),)


class KeyInUseError(ConflictError):
    code = "idempotency_key_in_use"
    title = "The same request is running"


class KeyReusedError(InvalidError):
    code = "idempotency_key_reused"
    title = "The Idempotency-Key belongs to another request"


def _twin() -> KeyInUseError:
    return KeyInUseError("A request with this Idempotency-Key is running; repeat it in a moment for its answer.")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def answer_of(response: Response) -> Answer:
    kept = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    return Answer(response.status_code, kept, bytes(response.body))


class Replay(Exception):  # noqa: N818  # an answer, not an error: it ends the request early
    """Raised when the answer is already known."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("replayed")
        headers = {**answer.headers, "Idempotency-Replayed": "true"}
        self.response = Response(answer.body, answer.status, headers)


@dataclass(frozen=True)
class Claim:
    """A key that this request will fill with its answer."""

    connection: AsyncConnection
    scope: str
    key: str
    fingerprint: bytes

    async def keep(self, answer: Answer) -> None:
        """Raises `KeyInUseError` when a twin was faster; a key that nobody may rely on any more is taken over."""
        kept = await self.connection.execute(
            _KEEP,
            {
                "since": now() - KEPT_FOR,
                "scope": self.scope,
                "key": self.key,
                "fingerprint": self.fingerprint,
                "status": answer.status,
                "headers": orjson.dumps(answer.headers).decode(),
                "body": answer.body,
            },
        )
        if not kept.rowcount:
            raise _twin()


_LOOK = text(
    """
    SELECT pg_try_advisory_xact_lock(hashtextextended(:scope || ' ' || :key, 7)) AS locked,
           k.fingerprint, k.status, k.headers, k.body
    FROM (SELECT 1) AS always
    LEFT JOIN idempotency_keys k ON k.scope = :scope AND k.key = :key AND k.created_at > :since
    """
)
_KEEP = text(
    """
    INSERT INTO idempotency_keys AS k (scope, key, fingerprint, status, headers, body)
    VALUES (:scope, :key, :fingerprint, :status, CAST(:headers AS jsonb), :body)
    ON CONFLICT (scope, key) DO UPDATE SET
        fingerprint = excluded.fingerprint, status = excluded.status, headers = excluded.headers,
        body = excluded.body, created_at = excluded.created_at
    WHERE k.created_at <= :since
    """
)
_FORGET = text("SELECT forget_old_answers(:before)")


async def claim(request: Request, connection: AsyncConnection, scope: str, key: str | None) -> None:
    """Take the key for this request, or end it with the kept answer (`Replay`).

    Raises `KeyReusedError` when the key came with another body, `KeyInUseError` when a twin is running.
    """
    if key is None:
        return
    if not (1 <= len(key) <= MAX_KEY_LENGTH and key.isascii() and key.isprintable()):
        raise invalid(
            "header.idempotency-key", "bad_idempotency_key", f"use 1 to {MAX_KEY_LENGTH} printable ASCII characters"
        )
    identity = await _identity_of(request)
    # A key that came under the former secret is known under it.
    fingerprints = [keyed_digest(secret, identity) for secret in request.app.state.secrets]
    parameters = {"scope": scope, "key": key, "since": now() - KEPT_FOR}
    found = (await connection.execute(_LOOK, parameters)).one()
    if found.fingerprint is not None:
        if found.fingerprint not in fingerprints:
            detail = "This Idempotency-Key was used for another request; take a new key for a new request."
            raise KeyReusedError([], detail)
        raise Replay(Answer(found.status, found.headers, found.body))
    if not found.locked:
        raise _twin()
    request.state.idempotency_claim = Claim(connection, scope, key, fingerprints[0])


def pending_claim(request: Request) -> Claim | None:
    return getattr(request.state, "idempotency_claim", None)


async def _identity_of(request: Request) -> bytes:
    """What makes two requests the same: method, path, query, book, and the body.

    A multipart body counts by its parts, because its boundary is new at each try.
    """
    parts: list[Any] = [request.method, request.url.path, request.url.query, request.headers.get("x-book-id", "")]
    content_type = request.headers.get("content-type", "")
    if content_type.startswith(("multipart/form-data", "application/x-www-form-urlencoded")):
        parts.append(await _form_parts(await request.form()))
        return orjson.dumps(parts)
    return orjson.dumps(parts) + b"\n" + await request.body()


async def _form_parts(form: FormData) -> list[list[str]]:
    found = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            found.append([name, value.filename or "", await _content_digest(value)])
        else:
            found.append([name, value])
    return found


async def _content_digest(file: UploadFile) -> str:
    """Of a file that need not fit into memory."""
    digest = begun_keyed_digest("content")
    while piece := await file.read(PIECE_BYTES):
        digest.update(piece)
    await file.seek(0)
    return digest.hexdigest()


async def forget_old(connection: AsyncConnection) -> int:
    """Delete keys nobody may rely on any more; returns how many."""
    return int(await connection.scalar(_FORGET, {"before": now() - KEPT_FOR}) or 0)
