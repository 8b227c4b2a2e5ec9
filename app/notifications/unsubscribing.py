"""The token of a mail's unsubscribe link (RFC 8058): it proves for whom and of what it is, and nothing is stored.

It never ends: a mail that is found years later still turns its kind off. It does that and nothing else.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hmac import compare_digest, digest
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.repository import act_as
from app.core.errors import FieldError, InvalidError
from app.notifications import planning, repository
from app.notifications.notices import Kind
from app.notifications.preferences import Channel

ID_BYTES = 16
PROOF_BYTES = 16
LONGEST_TOKEN = 200
SCOPES = frozenset({*(kind.value for kind in Kind), Channel.DAILY.value, Channel.WEEKLY.value})
_PURPOSE = b"finance-tracker unsubscribe"


class UnsubscribeTokenError(InvalidError):
    code = "token_not_valid"
    title = "This token is not valid"

    def __init__(self) -> None:
        detail = "is not one of a mail from here; open the link as it stands in the mail"
        super().__init__(FieldError("token", "token_not_valid", detail))


@dataclass(frozen=True)
class Unsubscription:
    """Who does not want which mail any more: a kind, or `daily` or `weekly` for all that comes in that digest."""

    user_id: UUID
    scope: str


def token_for(secret: str, user_id: UUID, scope: str) -> str:
    claim = user_id.bytes + scope.encode()
    return urlsafe_b64encode(claim + _proof(secret, claim)).rstrip(b"=").decode()


def read(secrets: Sequence[str], token: str) -> Unsubscription:
    """What a token is for, made with any of these secrets; raises `UnsubscribeTokenError`."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except ValueError:  # not ASCII, or not base64
        raise UnsubscribeTokenError from None
    claim, proof = raw[:-PROOF_BYTES], raw[-PROOF_BYTES:]
    good = [compare_digest(proof, _proof(secret, claim)) for secret in secrets]
    scope = claim[ID_BYTES:].decode("ascii", "replace")
    if not any(good) or scope not in SCOPES:
        raise UnsubscribeTokenError
    return Unsubscription(UUID(bytes=claim[:ID_BYTES]), scope)


def _proof(secret: str, claim: bytes) -> bytes:
    """Under a key of its own, so that no other signature of the server's can be taken for one."""
    return digest(digest(secret.encode(), _PURPOSE, "sha256"), claim, "sha256")[:PROOF_BYTES]


async def unsubscribe(connection: AsyncConnection, secrets: Sequence[str], token: str) -> None:
    """Turn off what the token is for; raises `UnsubscribeTokenError`. Somebody who is gone gets no mail anyway."""
    wanted = read(secrets, token)
    await act_as(connection, wanted.user_id)
    if await repository.settings(connection, wanted.user_id) is not None:
        await planning.stop_mail(connection, wanted.user_id, wanted.scope)


def link(public_url: str, secret: str, user_id: UUID, scope: str) -> str:
    """The URL that a mail names; it answers GET with a page and turns mail off on POST."""
    return f"{public_url}/api/v1/notifications/unsubscribe?token={token_for(secret, user_id, scope)}"


def headers(url: str) -> dict[str, str]:
    """What mail programs show their own button for."""
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
