"""Calls to the provider: bounded in time and size, never redirected, and to addresses of a safe kind alone."""

import asyncio
import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from app.auth.oidc.errors import ProviderError, ProviderUnavailableError
from app.core.identity_settings import is_loopback

PATIENCE_SECONDS = 10.0
MAX_BYTES = 262_144


def is_safe(url: object, issuer: str) -> bool:
    """Whether an endpoint of this issuer may be called: by https, or by http where both are on this machine.

    An issuer with http is on this machine: the settings take no other.
    """
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
        has_place = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    if not has_place or parts.username is not None or parts.fragment or not url.isascii() or not url.isprintable():
        return False
    if parts.scheme == "http":
        return issuer.startswith("http://") and is_loopback(parts.hostname or "")
    return parts.scheme == "https"


@cache
def _tls() -> ssl.SSLContext:
    """Reading the certificates of the authorities takes long enough to do it once."""
    return httpx.create_ssl_context()


class Answer:
    """The status of an answer and the object in it; empty where an error has no object."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status = status
        self.body = body


async def call(
    url: str,
    *,
    method: str = "GET",
    form: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send a request and read the JSON object in its answer.

    Raises `ProviderUnavailableError` where nobody answers in time (or says to come back later), and `ProviderError`
    for what is no JSON object, is too large, or leads elsewhere.
    """
    # Compressed answers are not asked for and not taken: a small one can be very large.
    sent = {"Accept": "application/json", "Accept-Encoding": "identity", **(headers or {})}
    if form is not None:
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        async with (
            asyncio.timeout(PATIENCE_SECONDS),
            httpx.AsyncClient(verify=_tls(), timeout=PATIENCE_SECONDS, follow_redirects=False) as client,
            client.stream(method, url, content=form, headers=sent) as response,
        ):
            content = await _read(response)
    except (TimeoutError, httpx.TransportError):
        raise ProviderUnavailableError("The provider does not answer; try again in a moment.") from None
    return _answer(response, content)


async def _read(response: httpx.Response) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise ProviderError("The provider sent a compressed answer, which was not asked for.")
    pieces = bytearray()
    async for piece in response.aiter_raw():
        pieces += piece
        if len(pieces) > MAX_BYTES:
            raise ProviderError("The provider's answer is too large.")
    return bytes(pieces)


def _answer(response: httpx.Response, content: bytes) -> Answer:
    status = response.status_code
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.TOO_MANY_REQUESTS:
        raise ProviderUnavailableError("The provider is out of order; try again in a moment.")
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        if response.is_success:
            raise ProviderError("The provider's answer is no JSON object.")
        body = {}
    if response.is_redirect:
        raise ProviderError("The provider sends this server elsewhere, which is not followed.")
    return Answer(status, body)
