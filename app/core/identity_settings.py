"""Settings about who comes in, how mail leaves, and how much anybody may ask."""

import re
from enum import StrEnum
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

RATE = r"^[1-9][0-9]{0,8} ?(per|/) ?([1-9][0-9]{0,4} ?)?(second|minute|hour|day)s?$"

ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


class Registration(StrEnum):
    OPEN = "open"
    INVITE = "invite"
    CLOSED = "closed"


class EmailVerification(StrEnum):
    OPTIONAL = "optional"
    REQUIRED = "required"


class SmtpSecurity(StrEnum):
    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


def _rate(default: str) -> str:
    value: str = Field(default=default, pattern=RATE)
    return value


class IdentitySettings(BaseSettings):
    """One value a setting, as in `Settings`."""

    public_url: str = Field(default="http://localhost:8000", pattern=r"^https?://[^/?#\s]+$")
    algorithm: str = Field(default="HS256", pattern=r"^(HS(256|384|512)|ES256)$")
    secret_key_previous: str | None = Field(default=None, min_length=32)
    jwt_key_file: Path | None = None
    jwt_key_file_previous: Path | None = None
    access_token_expire_minutes: int = Field(default=15, ge=1, le=24 * 60)
    refresh_token_expire_days: int = Field(default=30, ge=1, le=365)
    refresh_grace_seconds: int = Field(default=10, ge=0, le=60)
    personal_token_max_days: int = Field(default=366, ge=1, le=3660)

    registration: Registration = Registration.OPEN
    email_verification: EmailVerification = EmailVerification.OPTIONAL

    argon2_memory_kib: int = Field(default=19_456, ge=8_192)
    argon2_time_cost: int = Field(default=2, ge=1)
    argon2_parallelism: int = Field(default=1, ge=1)
    password_hashes_at_once: int = Field(default=2, ge=1, le=64)

    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_user: str | None = None
    smtp_password: str | None = None
    smtp_from: str = "Finance Tracker <finance@localhost>"
    smtp_security: SmtpSecurity = SmtpSecurity.STARTTLS
    mail_folder: Path | None = None

    oidc_issuer: str | None = Field(default=None, pattern=r"^https?://")
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = None
    oidc_name: str = "single sign-on"
    oidc_scopes: str = "openid email profile"
    oidc_registration: bool = False
    oidc_return_urls: Annotated[list[str], NoDecode] = []

    redis_url: str | None = Field(default=None, pattern=r"^rediss?://")
    rate_limit_enabled: bool = True
    rate_limit_user: str = _rate("100/minute")
    rate_limit_anonymous: str = _rate("1000/hour")
    rate_limit_login: str = _rate("10/minute")
    rate_limit_login_address: str = _rate("60/minute")
    rate_limit_registration: str = _rate("10/hour")
    rate_limit_mail: str = _rate("5/hour")

    cors_origins: Annotated[list[str], NoDecode] = []
    trusted_proxies: Annotated[list[str], NoDecode] = []

    @field_validator("cors_origins", "trusted_proxies", "oidc_return_urls", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: list[str]) -> list[str]:
        """As browsers send them, for they are compared letter by letter; `*` stands alone."""
        for part in value:
            if not ORIGIN.fullmatch(part) and value != ["*"]:
                raise ValueError(f"{part!r} is no origin, such as https://app.example.com or http://localhost:5173")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: list[str]) -> list[str]:
        """Addresses and networks alone: a name could come to mean another machine, and `*` would trust anybody."""
        for part in value:
            try:
                ip_network(part)
            except ValueError:
                raise ValueError(f"{part!r} is no address or network, such as 10.0.0.2 or 172.16.0.0/12") from None
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer_is_safe(cls, value: str | None) -> str | None:
        """What this issuer says is believed: nobody on the way may say it instead."""
        if value is None:
            return None
        parts = _url_parts(value)
        if parts.query or parts.fragment or parts.username is not None:
            raise ValueError("has more in it than a scheme, a host, a port and a path")
        if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
            raise ValueError("must start with https://; http is for a provider on this machine")
        return value

    @field_validator("oidc_scopes")
    @classmethod
    def _scopes_are_of_openid(cls, value: str) -> str:
        if "openid" not in value.split():
            raise ValueError("needs openid among the scopes")
        return " ".join(value.split())

    @field_validator("oidc_return_urls")
    @classmethod
    def _returns_are_pages(cls, value: list[str]) -> list[str]:
        for url in value:
            parts = _url_parts(url)
            if parts.scheme not in {"http", "https"} or parts.fragment:
                raise ValueError(f"{url!r} is no URL of a page, such as https://app.example.com/signed-in")
        return value

    @model_validator(mode="after")
    def _oidc_is_whole(self) -> Self:
        if self.oidc_issuer is not None and self.oidc_client_id is None:
            raise ValueError("OIDC_CLIENT_ID is missing: OIDC_ISSUER needs one")
        return self


def is_loopback(host: str) -> bool:
    """Whether a host is this very machine, where http is as good as https."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _url_parts(url: str) -> SplitResult:
    """Raises `ValueError` for what is no URL with a host, for a person to read."""
    try:
        parts = urlsplit(url)
        if parts.hostname and (parts.port is None or parts.port > 0) and url.isascii() and url.isprintable():
            return parts
    except ValueError:
        parts = None
    raise ValueError(f"{url!r} is no URL with a host")
