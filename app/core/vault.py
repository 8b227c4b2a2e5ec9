"""Sealing what the server has to read again: encrypted under a key that only its secret yields."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ID_BYTES = 16


@dataclass(frozen=True)
class Unsealed:
    """What was sealed; `outdated` when that was under the previous secret, so that it should be sealed anew."""

    plain: bytes
    outdated: bool


class Vault:
    """Seals for an owner: what was sealed for one does not open for another, whoever moves rows about."""

    def __init__(self, secret: str, previous: str | None = None) -> None:
        self._keys = [Fernet(_key(each)) for each in (secret, previous) if each is not None]

    def seal(self, owner: UUID, plain: bytes) -> bytes:
        return self._keys[0].encrypt(owner.bytes + plain)

    def unseal(self, owner: UUID, sealed: bytes) -> Unsealed | None:
        """None for what neither secret opens, or what was sealed for another owner."""
        for age, key in enumerate(self._keys):
            try:
                plain = key.decrypt(sealed)
            except InvalidToken:
                continue
            return Unsealed(plain[ID_BYTES:], bool(age)) if plain[:ID_BYTES] == owner.bytes else None
        return None


def _key(secret: str) -> bytes:
    """Another key than the one that signs, from the same secret (HKDF, RFC 5869)."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"finance-tracker vault").derive(secret.encode())
    return urlsafe_b64encode(derived)
