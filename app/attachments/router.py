"""The HTTP side of attachments."""

import re
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import BackgroundTasks, Depends, File, Header, Request, UploadFile
from fastapi.responses import Response, StreamingResponse
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from app.access.dependencies import BookTag, EditableBook, Idempotent, ReadBook, WriteBook
from app.attachments import service
from app.attachments.errors import FileTooLargeError
from app.attachments.naming import content_disposition
from app.attachments.ranges import UnsatisfiableRangeError, wanted_range
from app.attachments.schemas import AttachmentOut
from app.attachments.service import StoredFile
from app.attachments.storage import Content, ObjectKey, Store
from app.attachments.sweep import remove_orphan
from app.core.conditional import ExpectedRevision, IfNoneMatch, NotModified, is_unchanged, tagged
from app.core.pagination import Whole, whole
from app.core.problems import not_modified, problems
from app.core.routing import routes

UPLOAD_PATH = r"/transactions/[^/]+/attachments"
FRAME_BYTES = 16_384
"""What a multipart body may have around the file."""
CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"

router = routes("", "attachments", reads="attachments:read", writes="attachments:write", errors=(404,))


def upload_pattern(prefix: str) -> re.Pattern[str]:
    """The paths of uploads, where the routes stand below this prefix."""
    return re.compile(re.escape(prefix) + UPLOAD_PATH)


async def _objects(request: Request) -> Store:
    objects: Store = request.app.state.objects
    return objects


Objects = Annotated[Store, Depends(_objects)]


async def _stored(
    request: Request,
    transaction_id: UUID,
    book: EditableBook,
    objects: Objects,
    file: Annotated[UploadFile, File(description="A PDF, a PNG or a JPEG.")],
) -> StoredFile:
    """The file, looked at and stored before the book is held: a slow disk or bucket keeps nobody waiting."""
    most = request.app.state.settings.attachment_max_bytes
    if file.size is not None and file.size > most:
        raise FileTooLargeError(most)
    return await service.store(book, objects, transaction_id, file.file, file.filename)


@router.post(
    "/transactions/{transaction_id}/attachments",
    status_code=201,
    response_model=AttachmentOut,
    operation_id="create_attachment",
    summary="Attach a file to a transaction",
    responses=problems(409, 413),
    dependencies=[Idempotent],
)
async def create_attachment(
    transaction_id: UUID,
    file: Annotated[StoredFile, Depends(_stored, scope="function")],
    book: WriteBook,
    response: Response,
) -> dict[str, Any]:
    """A receipt, an invoice, a photo: a PDF, a PNG or a JPEG, told by its content and not by its name.

    The same file on several transactions is stored once; on the same transaction a second time it is 409.
    """
    document = await service.attach(book, transaction_id, file)
    response.headers["Location"] = f"/api/v1/attachments/{document['id']}"
    return tagged(response, document)


@router.get(
    "/transactions/{transaction_id}/attachments",
    response_model=Whole[AttachmentOut],
    operation_id="list_attachments",
    summary="List the attachments of a transaction",
    responses=not_modified(),
    dependencies=[BookTag],
)
async def list_attachments(transaction_id: UUID, book: ReadBook) -> object:
    """All of them, oldest first."""
    return whole(await service.of_transaction(book, transaction_id))


@router.get(
    "/attachments/{attachment_id}",
    response_model=AttachmentOut,
    operation_id="get_attachment",
    summary="Read what is known of an attachment",
)
async def get_attachment(attachment_id: UUID, book: ReadBook, response: Response) -> dict[str, Any]:
    """Its name, kind, size and digest; the `ETag` is its revision, for `If-Match`."""
    return tagged(response, await service.get(book, attachment_id))


@router.get(
    "/attachments/{attachment_id}/content",
    response_class=Response,
    operation_id="get_attachment_content",
    summary="Download an attachment",
    responses={
        200: {
            "description": "The file.",
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}}
                for kind in ("application/pdf", "image/png", "image/jpeg")
            },
        },
        206: {"description": "The part that `Range` asks for."},
        **not_modified(),
        **problems(416),
    },
)
async def get_attachment_content(
    attachment_id: UUID,
    book: ReadBook,
    objects: Objects,
    if_none_match: IfNoneMatch = None,
    wanted: Annotated[
        str | None,
        Header(alias="Range", max_length=200, description="One range of bytes, such as `bytes=0-1023`."),
    ] = None,
    if_range: Annotated[
        str | None, Header(max_length=200, description="The `ETag` that the range is of; of another the whole comes.")
    ] = None,
) -> Response:
    """The file as it was uploaded, as a download. Its `ETag` is its SHA-256."""
    document = await service.get(book, attachment_id)
    tag, size = f'"{document["sha256"]}"', document["size"]
    if is_unchanged(if_none_match, tag):
        raise NotModified(tag)
    try:
        part = wanted_range(wanted, size) if if_range in {None, tag} else None
    except UnsatisfiableRangeError:
        unsatisfied = {"Content-Range": f"bytes */{size}"}
        raise HTTPException(416, f"The file has {size} bytes.", unsatisfied) from None
    headers = {
        "ETag": tag,
        "Accept-Ranges": "bytes",
        "Content-Disposition": content_disposition(document["file_name"]),
        "Content-Security-Policy": CONTENT_POLICY,
        "Content-Length": str(size if part is None else part[1] - part[0]),
    }
    if part is not None:
        headers["Content-Range"] = f"bytes {part[0]}-{part[1] - 1}/{size}"
    start, stop = part or (0, None)
    content = await objects.open(ObjectKey(book.book_id, bytes.fromhex(document["sha256"])), start, stop)
    return _ContentResponse(content, 200 if part is None else 206, headers, document["media_type"])


@router.delete(
    "/attachments/{attachment_id}",
    status_code=204,
    operation_id="delete_attachment",
    summary="Take a file off its transaction",
    responses=problems(409, 412),
)
async def delete_attachment(
    attachment_id: UUID,
    book: WriteBook,
    objects: Objects,
    expected: ExpectedRevision,
    request: Request,
    after: BackgroundTasks,
) -> None:
    """What no other transaction has is kept for some days, so that this can be undone, and removed then."""
    key = await service.remove(book, attachment_id, expected)
    state = request.app.state
    if state.settings.attachment_undo_days == 0:
        # The change is committed before the answer leaves, and this follows the answer.
        after.add_task(remove_orphan, state.database, objects, key, 0)


class _ContentResponse(StreamingResponse):
    """An object on its way to the client; it is closed when they have it, or have gone."""

    def __init__(self, content: Content, status: int, headers: dict[str, str], media_type: str) -> None:
        self._content = content
        super().__init__(self._read(), status, headers, media_type)

    async def _read(self) -> AsyncIterator[bytes]:
        async for chunk in self._content:
            yield chunk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._content.aclose()
