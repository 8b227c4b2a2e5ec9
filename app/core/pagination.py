"""Pages: keyset by an opaque cursor, flat in depth, or `skip` for small lists."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import orjson
from fastapi import Depends, Query
from pydantic import BaseModel, Field

from app.core.errors import InvalidError, invalid

MAX_LIMIT = 500
DEFAULT_LIMIT = 50
MAX_SKIP = 1_000_000

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    next_cursor: str | None = Field(
        description="Pass it as `cursor` for the next page, with the same filters and sort; null on the last page."
    )
    total: int | None = Field(default=None, description="How many match in all; only with `include_total=true`.")


class Whole(BaseModel, Generic[Item]):
    """A short list, always whole."""

    items: list[Item]
    next_cursor: None = Field(default=None, description="Always null: the list is whole.")
    total: int


def whole(items: Sequence[Any]) -> dict[str, Any]:
    """A `Whole` of these."""
    return {"items": items, "total": len(items)}


@dataclass(frozen=True)
class PageRequest:
    """What part of a list is wanted; `cursor` and `skip` exclude each other."""

    limit: int
    skip: int
    cursor: str | None
    include_total: bool


async def _page_request(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many items at most.")] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None, Query(max_length=1000, description="`next_cursor` of the page before; flat in cost however deep.")
    ] = None,
    skip: Annotated[
        int, Query(ge=0, le=MAX_SKIP, description="How many items to pass over; for small lists, not with `cursor`.")
    ] = 0,
    include_total: Annotated[bool, Query(description="Count all that match (costs a second look).")] = False,
) -> PageRequest:
    if cursor is not None and skip:
        raise invalid("query.skip", "cursor_and_skip", "pass either cursor or skip, not both")
    return PageRequest(limit, skip, cursor, include_total)


PageParams = Annotated[PageRequest, Depends(_page_request)]


async def _walk_request(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many items at most.")] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None, Query(max_length=1000, description="`next_cursor` of the page before; flat in cost however deep.")
    ] = None,
) -> PageRequest:
    return PageRequest(limit, 0, cursor, include_total=False)


WalkParams = Annotated[PageRequest, Depends(_walk_request)]
"""For a list that is only walked: without places to jump to, and without a count."""


def encode_cursor(sort: str, key: Sequence[Any]) -> str:
    """A cursor that remembers which sort it belongs to and the key of the last row."""
    return base64.urlsafe_b64encode(orjson.dumps([sort, *key], default=str)).rstrip(b"=").decode()


def decode_cursor(cursor: str, sort: str, size: int) -> list[Any]:
    """The key in a cursor of this very sort; raises `InvalidError` for anything else."""
    try:
        value = orjson.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        raise bad_cursor() from None
    if not isinstance(value, list) or len(value) != size + 1 or value[0] != sort:
        raise bad_cursor()
    return value[1:]


def bad_cursor() -> InvalidError:
    return invalid("query.cursor", "bad_cursor", "this is not a next_cursor of the same list with the same sort")
