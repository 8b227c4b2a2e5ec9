"""Tokens made by hand: with any header, any claims and any key, as no library would make them."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

Key = bytes | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def part(value: object) -> str:
    return encoded(json.dumps(value).encode())


def read(segment: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))))


def header_of(token: str) -> dict[str, Any]:
    return read(token.split(".", maxsplit=1)[0])


def claims_of(token: str) -> dict[str, Any]:
    return read(token.split(".")[1])


def signed(header: object, claims: object, key: Key, *, by: str | None = None) -> str:
    """Signed as the header says, or `by` another algorithm than it says."""
    text = f"{part(header)}.{part(claims)}"
    algorithm = by or (header["alg"] if isinstance(header, dict) else "HS256")
    return f"{text}.{encoded(_signature(text.encode(), key, algorithm))}"


def _signature(data: bytes, key: Key, algorithm: str) -> bytes:
    if isinstance(key, bytes):
        return hmac.new(key, data, HASHES[algorithm]).digest()
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def new_ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def pem_of(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, *, password: bytes | None = None) -> bytes:
    hidden: KeySerializationEncryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden)


def public_pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def key_file(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.pem"
    path.write_bytes(content)
    return path
