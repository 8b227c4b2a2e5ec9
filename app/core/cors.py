"""What pages of other origins may send and read."""

from typing import Any

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Range",
    "X-Book-Id",
    "X-Request-Id",
)
EXPOSED = (
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "RateLimit",
    "RateLimit-Limit",
    "RateLimit-Policy",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
)
"""What a page of another origin may read beside what the browser always shows it."""


def options(origins: list[str]) -> dict[str, Any]:
    """For Starlette's middleware. Credentials of the browser go to origins that are named, never to all."""
    return {
        "allow_origins": origins,
        "allow_methods": METHODS,
        "allow_headers": HEADERS,
        "expose_headers": EXPOSED,
        "allow_credentials": "*" not in origins,
    }
