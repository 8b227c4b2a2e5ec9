"""What clients send and get about personal access tokens and keys."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from app.core.fields import Body, Name, Whole

MAX_SCOPES = 200


def _only_text(value: Any) -> Any:
    """A number is no instant, however a lax reader might take it."""
    if not isinstance(value, (str, datetime)):
        raise ValueError("an instant is written as in RFC 3339")  # noqa: TRY004  # pydantic wants ValueError
    return value


class PersonalTokenIn(Body):
    """A new personal access token."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Nightly export",
                "scopes": ["exports:read", "transactions:read"],
                "expires_in_days": 90,
            }
        }
    )

    name: Name
    scopes: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=100)]],
        Field(min_length=1, max_length=MAX_SCOPES, description="What it may do: names from `GET /auth/scopes`."),
    ]
    expires_in_days: Annotated[Whole, Field(ge=1, le=100_000)] | None = Field(
        default=None, description="Either this or `expires_at`; without both it is 90, or the server's limit if less."
    )
    expires_at: Annotated[AwareDatetime, BeforeValidator(_only_text)] | None = Field(
        default=None, description="The instant it stops working, with its offset from UTC."
    )


class PersonalTokenOut(BaseModel):
    """A personal access token, without the token: nobody can read that again."""

    id: UUID
    name: str
    prefix: str = Field(description="How the token begins, to tell which one it is.", examples=["ft_pat_Xk3v9Q"])
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = Field(description="Half a minute late at most; null before its first use.")
    last_address: str | None = Field(description="Where it was last used from.")


class PersonalTokenCreated(PersonalTokenOut):
    """A new personal access token, with the token."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6",
                "name": "Nightly export",
                "prefix": "ft_pat_Xk3v9Q",
                "scopes": ["exports:read", "transactions:read"],
                "created_at": "2026-01-31T09:00:00Z",
                "expires_at": "2026-05-01T09:00:00Z",
                "last_used_at": None,
                "last_address": None,
                "token": "ft_pat_Xk3v9Q...",
            }
        }
    )

    token: str = Field(description="Send it as `Authorization: Bearer <token>`. It is shown now and never again.")


class ScopeOut(BaseModel):
    """What a personal access token can be allowed to do."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={"example": {"name": "exports:read", "description": "Export a whole book."}},
    )

    name: str
    description: str


class PublicKey(BaseModel):
    """A JSON Web Key: the point of an EC key on P-256."""

    kty: str
    crv: str
    x: str
    y: str
    kid: str = Field(description="The `kid` in the header of the tokens that it verifies.")
    alg: str
    use: str


class KeySet(BaseModel):
    """A JSON Web Key Set."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "keys": [
                    {
                        "kty": "EC",
                        "crv": "P-256",
                        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
                        "kid": "Tp9KhaRgQr1mJIRDqQ9wfw8V1jCgFSOwvVVP_oBTGSs",
                        "alg": "ES256",
                        "use": "sig",
                    }
                ]
            }
        }
    )

    keys: list[PublicKey]
