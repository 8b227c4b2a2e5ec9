"""ETag, `If-Match` and `If-None-Match`: an entity's tag is its revision, a list's is its book's."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Response

from app.core.errors import RevisionMismatchError, invalid
from app.core.version import VERSION

IfMatchHeader = Annotated[
    str | None,
    Header(
        max_length=200,
        description="The `ETag` you read. Another revision by now answers 412 and changes nothing.",
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(max_length=400, description="The `ETag` you have. Unchanged since then answers 304 without a body."),
]


async def _expected_revision(if_match: IfMatchHeader = None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise invalid("header.if-match", "bad_etag", 'send the ETag as it was received, for example "42"')
    return int(text)


ExpectedRevision = Annotated[int | None, Depends(_expected_revision)]
"""The revision a writer expects to change, None when it did not say."""


def check_revision(expected: int | None, present: int) -> None:
    """Raise `RevisionMismatchError` when the writer looked at another revision."""
    if expected is not None and expected != present:
        raise RevisionMismatchError(
            f"It is at revision {present}, not {expected}: read it again, then repeat the change.", revision=present
        )


def entity_tag(revision: int) -> str:
    return f'"{revision}"'


def tagged(response: Response, document: dict[str, Any]) -> dict[str, Any]:
    """The document, with its revision as the answer's `ETag`."""
    response.headers["ETag"] = entity_tag(document["revision"])
    return document


def list_tag(book_id: UUID, revision: int, *parts: object) -> str:
    """A weak tag: the same book at the same revision, read by the same version, answers the same."""
    tail = "".join(f"-{part}" for part in parts)
    return f'W/"{VERSION}-{book_id.hex[-12:]}-{revision}{tail}"'


class NotModified(Exception):  # noqa: N818  # an answer, not an error: it ends the request early
    """Raised when the client has what it asks for."""

    def __init__(self, tag: str) -> None:
        super().__init__("not modified")
        self.tag = tag


def end_if_unchanged(response: Response, if_none_match: str | None, tag: str) -> None:
    """Give the answer this tag, or end the request with 304 (`NotModified`) where the client has it already."""
    if is_unchanged(if_none_match, tag):
        raise NotModified(tag)
    response.headers["ETag"] = tag


def is_unchanged(if_none_match: str | None, tag: str) -> bool:
    """Compared weakly (RFC 9110, 13.1.2): a proxy that compresses an answer makes its tag a weak one."""
    return has_tag(if_none_match, tag) or takes_any(if_none_match)


def has_tag(if_none_match: str | None, tag: str) -> bool:
    """Whether the client names this very tag."""
    return tag.removeprefix("W/") in _tags(if_none_match)


def takes_any(if_none_match: str | None) -> bool:
    """Whether it sent `*`, which any answer matches that there is."""
    return "*" in _tags(if_none_match)


def _tags(if_none_match: str | None) -> set[str]:
    return {part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")}
