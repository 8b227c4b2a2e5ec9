"""The signing secret: from the settings, or in development made once and kept in the data folder."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from app.core.config import MIN_SECRET_LENGTH, Settings
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


def accepted_secrets(settings: Settings) -> tuple[str, ...]:
    """The present secret, then the one before it while `SECRET_KEY_PREVIOUS` names it. Raises `StartupError`."""
    previous = (settings.secret_key_previous,) if settings.secret_key_previous is not None else ()
    return (signing_secret(settings), *previous)


def _read_or_make(path: Path) -> str:
    """The kept secret; it is written whole before it has its name, so that no start ever reads half of one."""
    if not path.exists():
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".secret-")
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another start was faster: its secret counts
            os.link(draft, path)
        Path(draft).unlink()
    secret = path.read_text(encoding="ascii").strip()
    if len(secret) < MIN_SECRET_LENGTH:
        raise StartupError(f"The secret key in {path} is damaged: delete the file, and a new one is made.")
    return secret
