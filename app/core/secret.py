"""The signing secret: from the settings, or in development made once and kept in the data folder."""

import os
import secrets
from pathlib import Path

from app.core.config import Settings
from app.core.failures import StartupError


def signing_secret(settings: Settings) -> str:
    """The configured secret, or the data folder's own; raises `StartupError` where that cannot be kept."""
    if settings.secret_key is not None:
        return settings.secret_key
    path = settings.data_dir / "secret_key"
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        return _read_or_make(path)
    except OSError as error:
        raise StartupError(f"The secret key cannot be kept in {path}: {error.strerror}; set SECRET_KEY.") from None


def _read_or_make(path: Path) -> str:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    secret = secrets.token_hex(32)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secret)
    return secret
