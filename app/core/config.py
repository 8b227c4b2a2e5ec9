"""Settings, read from the environment and `.env`; `.env.example` explains each one."""

from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.core.embedded import default_data_dir
from app.core.failures import StartupError
from app.core.identity_settings import IdentitySettings
from app.core.market_settings import MarketSettings

MIN_SECRET_LENGTH = 32
URL_PARAMETERS = {"host", "port", "ssl", "passfile", "target_session_attrs"}
WELL_KNOWN_SECRETS = ("change-me", "changeme", "secret", "password", "example", "replace")


class Environment(StrEnum):
    DEVELOPMENT = "development"
    TESTING = "testing"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    JSON = "json"
    CONSOLE = "console"


class AttachmentsStore(StrEnum):
    FOLDER = "folder"
    S3 = "s3"


class Settings(MarketSettings, IdentitySettings):
    """One value a setting; the environment wins over `.env`, and an empty value counts as absent."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore")

    app_env: Environment = Environment.DEVELOPMENT
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    data_dir: Path = Field(default_factory=default_data_dir)

    database_url: str | None = None
    database_pool_size: int = Field(default=10, ge=1, le=200)

    database_app_url: str | None = None
    secret_key: str | None = None

    max_body_bytes: int = Field(default=1_048_576, ge=1024)
    max_upload_bytes: int = Field(default=67_108_864, ge=1024)
    min_free_disk_bytes: int = Field(default=104_857_600, ge=0)

    kept_answers_bytes: int = Field(default=33_554_432, ge=0)

    attachments_store: AttachmentsStore = AttachmentsStore.FOLDER
    attachment_max_bytes: int = Field(default=10_485_760, ge=1024)
    attachment_undo_days: int = Field(default=7, ge=0, le=3650)
    s3_endpoint_url: str | None = Field(default=None, pattern=r"^https?://")
    s3_bucket: str | None = None
    s3_region: str = "us-east-1"
    s3_access_key_id: str | None = None
    s3_secret_access_key: str | None = None
    s3_prefix: str | None = None

    integrity_check_hours: float = Field(default=0, ge=0, le=24 * 31)

    jobs_in_server: bool = True
    jobs_at_once: int = Field(default=4, ge=1, le=100)
    jobs_stalled_seconds: float = Field(default=20, ge=1, le=3600)
    jobs_stop_seconds: float = Field(default=5, ge=0, le=3600)
    jobs_retry_seconds: float = Field(default=15, ge=0.01, le=3600)

    fetch_private_addresses: bool = False

    rate_providers: str = Field(default="", pattern=r"^ *((ecb|json) *(, *|$))*$")
    rate_ecb_url: str = Field(default="https://www.ecb.europa.eu/stats/eurofxref", pattern=r"^https?://")
    rate_json_url: str | None = Field(default=None, pattern=r"^https?://[^/?#]+/")
    rate_json_path: str = Field(default="rates.{quote}", min_length=1)
    rate_json_base: str = Field(default="EUR", pattern=r"^[A-Z0-9]{2,12}$")
    rate_json_token: str | None = None

    log_format: LogFormat | None = None
    log_level: str = Field(default="INFO", pattern=r"^(DEBUG|INFO|WARNING|ERROR)$")

    @field_validator("database_url", "database_app_url")
    @classmethod
    def _name_the_driver(cls, value: str | None) -> str | None:
        """Accept the URL forms that hosts hand out; the driver is always asyncpg."""
        if value is None:
            return None
        for prefix in ("postgresql+asyncpg://", "postgresql://", "postgres://"):
            if value.startswith(prefix):
                return _driver_url(value.removeprefix(prefix)).render_as_string(hide_password=False)
        raise ValueError("must start with postgresql://")

    @model_validator(mode="after")
    def _production_has_a_real_secret(self) -> Self:
        if self.app_env is not Environment.PRODUCTION:
            return self
        if self.secret_key is None:
            raise ValueError("SECRET_KEY is missing: production needs one, for example from `openssl rand -hex 32`")
        # What the former one signed is taken too, so it must be no easier to guess.
        for name, value in (("SECRET_KEY", self.secret_key), ("SECRET_KEY_PREVIOUS", self.secret_key_previous)):
            lowered = (value or self.secret_key).lower()
            if any(word in lowered for word in WELL_KNOWN_SECRETS) or len(set(lowered)) < 8:
                raise ValueError(f"{name} is a well-known or guessable value: make one with `openssl rand -hex 32`")
        return self

    @model_validator(mode="after")
    def _links_lead_to_the_port(self) -> Self:
        if "public_url" not in self.model_fields_set and self.port:
            self.public_url = f"http://localhost:{self.port}"
        return self

    @model_validator(mode="after")
    def _s3_is_whole(self) -> Self:
        if self.attachments_store is AttachmentsStore.S3 and self.s3_bucket is None:
            raise ValueError("S3_BUCKET is missing: ATTACHMENTS_STORE=s3 needs one")
        if (self.s3_access_key_id is None) != (self.s3_secret_access_key is None):
            raise ValueError("S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY belong together: set both, or neither")
        return self

    @model_validator(mode="after")
    def _rates_have_an_address(self) -> Self:
        if "json" in self.rate_providers and self.rate_json_url is None:
            raise ValueError("RATE_JSON_URL is missing: RATE_PROVIDERS names json, which needs one")
        return self

    @field_validator("secret_key")
    @classmethod
    def _secret_is_long_enough(cls, value: str | None) -> str | None:
        if value is not None and len(value) < MIN_SECRET_LENGTH:
            raise ValueError(
                f"SECRET_KEY has {len(value)} characters: it needs at least {MIN_SECRET_LENGTH}, "
                "for example from `openssl rand -hex 32`"
            )
        return value

    @cached_property
    def logs_as_json(self) -> bool:
        if self.log_format is not None:
            return self.log_format is LogFormat.JSON
        return self.app_env is Environment.PRODUCTION


def load_settings(**overrides: object) -> Settings:
    """Read the settings; raise `StartupError` naming every setting that is wrong, in one sentence."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # the names are checked by pydantic
    except ValidationError as error:
        reasons = "; ".join(_reason(item["loc"], item["msg"]) for item in error.errors())
        raise StartupError(f"The settings are not usable: {reasons}.") from None
    except UnicodeDecodeError:
        raise StartupError("The file .env is not UTF-8 text: save it as that.") from None
    except OSError as error:
        raise StartupError(f"The file .env cannot be read: {error.strerror or error}.") from None


def _driver_url(rest: str) -> URL:
    """The URL in the driver's terms; the messages never repeat it, for there is a password in it."""
    try:
        url = make_url("postgresql+asyncpg://" + rest)
    except (ArgumentError, ValueError):
        raise ValueError(
            "is no URL: it must look like postgresql://user:password@host:5432/database, with special characters "
            "in the password percent-encoded"
        ) from None
    # Hosts hand out libpq's names; the driver calls the first `ssl` and does the second by itself.
    names = {"sslmode": "ssl"}
    query = {names.get(name, name): value for name, value in url.query.items() if name != "channel_binding"}
    if unknown := sorted(query.keys() - URL_PARAMETERS):
        raise ValueError(f"has the parameter {unknown[0]!r}, which the driver does not know: leave it out")
    return url.set(query=query)


def _reason(location: tuple[int | str, ...], message: str) -> str:
    text = message.removeprefix("Value error, ")
    name = ".".join(str(part) for part in location).upper()
    return text if not name or text.startswith(name) else f"{name}: {text}"
