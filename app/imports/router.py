"""The HTTP side of imports."""

from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import File, Form, Query, UploadFile
from fastapi.responses import Response
from pydantic import ValidationError

from app.access.context import BookReader
from app.access.dependencies import Idempotent, ReadBook, WriteBook, waits_for
from app.core.errors import FieldError, InvalidError, invalid
from app.core.pagination import Page, PageParams
from app.core.problems import problems
from app.core.routing import routes
from app.imports import listing, preview, service
from app.imports.broker.mapping import BrokerMapping
from app.imports.broker_preview import preview_broker
from app.imports.plain_preview import preview_plain
from app.imports.plaintext.detecting import format_of
from app.imports.schemas import CommitIn, Format, ImportOut, ImportPreview, ImportRowOut, Mapping, Outcome, UndoIn

FILE_NAME_LIMIT = 255
NAMED = {"accounts", "assets", "kinds"}
MAPPING_SCHEMA: dict[str, Any] = {
    "contentMediaType": "application/json",
    "contentSchema": {"anyOf": [Mapping.model_json_schema(), BrokerMapping.model_json_schema()]},
}
"""What the JSON in the field `mapping` may hold."""
AnyMapping = TypeVar("AnyMapping", Mapping, BrokerMapping)

router = routes("/imports", "imports", reads="imports:read", writes="imports:write", errors=(404,))


def _parse_mapping(text: str | None, shape: type[AnyMapping]) -> AnyMapping:
    """In a multipart form JSON is a text field; its errors are told like those of any body."""
    if text is None or not text.strip():
        return shape()
    try:
        return shape.model_validate_json(text)
    except ValidationError as error:
        raise InvalidError(_wrong_fields(error)) from None


def _wrong_fields(error: ValidationError) -> list[FieldError]:
    """One for each field of the mapping, whatever ways there are to give it."""
    found: dict[str, FieldError] = {}
    for item in error.errors():
        name, *inner = item["loc"] or ("",)
        # Behind the name stand positions, the names of accounts and assets, and the kinds of value a field may have.
        place = [str(part) for part in inner if isinstance(part, int) or name in NAMED][:1]
        field = ".".join(filter(None, ("mapping", str(name), *place)))
        detail = item["msg"].removeprefix("Value error, ")
        if field in found:
            detail = f"{found[field].detail}; or: {detail}"
        found[field] = FieldError(field, item["type"], detail)
    return list(found.values())


def _file_name(name: str | None) -> str | None:
    """The name as a person would read it; what else a client may send as one is not kept."""
    readable = "".join(c for c in name or "" if c.isprintable())
    return readable[:FILE_NAME_LIMIT] or None


@router.post(
    "",
    status_code=201,
    response_model=ImportPreview,
    operation_id="create_import",
    summary="Upload a bank's or broker's export or a plain-text ledger and preview it",
    responses=problems(409, 413),
    dependencies=[waits_for("reading_files"), Idempotent],
)
async def create_import(
    book: ReadBook,
    file: Annotated[UploadFile, File(description="The export, as the bank wrote it.")],
    response: Response,
    account_id: Annotated[
        UUID | None,
        Form(
            description="The account it is of; for CSV, of a bank or a broker. hledger and Beancount files name their "
            "accounts."
        ),
    ] = None,
    format: Annotated[  # noqa: A002  # the name in the contract
        Format | None,
        Form(
            description="Found from the content when absent, but for a broker's file of trades, which is `broker_csv`."
        ),
    ] = None,
    mapping: Annotated[
        str | None,
        Form(
            max_length=50_000,
            json_schema_extra=MAPPING_SCHEMA,
            description="JSON that overrides what would be detected, for example "
            '`{"date_order": "DMY", "amount_column": "Betrag"}`; its fields are those of `Mapping`, '
            "with the format `broker_csv` those of `BrokerMapping`: see `contentSchema`.",
        ),
    ] = None,
) -> dict[str, Any]:
    """Nothing is posted: you get what was detected, how sure the reader is, and what each row would become.

    A bank's CSV file goes to one account, and so does a broker's, whose rows become trades. An hledger journal or a
    Beancount file is a whole book: its accounts and categories are found by name, or made at the commit.

    The encoding, the delimiter, the header, the columns, the date order and the decimal separator are detected. What
    the file alone cannot decide, such as whether 05/03/2021 is in May or in March, is asked for: 422 and `questions`.
    """
    document = await _preview(book, file, account_id, format, mapping)
    response.headers["Location"] = f"/api/v1/imports/{document['id']}"
    return document


async def _preview(
    book: BookReader, file: UploadFile, account_id: UUID | None, given_format: Format | None, mapping: str | None
) -> dict[str, Any]:
    data, name = await file.read(), _file_name(file.filename)
    if given_format == "broker_csv":
        wanted = _parse_mapping(mapping, BrokerMapping)
        if account_id is None:
            await preview.check_text(data)
            raise invalid("account_id", "missing", "say which account the trades are on")
        return await preview_broker(book, account_id=account_id, file_name=name, data=data, given=wanted)
    given = _parse_mapping(mapping, Mapping)
    file_format = given_format or ("csv" if account_id is not None else format_of(data))
    if file_format != "csv":
        return await preview_plain(
            book, account_id=account_id, file_name=name, data=data, file_format=file_format, given=given
        )
    if account_id is None:
        await preview.check_text(data)
        raise invalid("account_id", "missing", "say which account a CSV file is of")
    return await preview.preview(
        book, account_id=account_id, file_name=name, data=data, file_format=file_format, given=given
    )


@router.get("", response_model=Page[ImportOut], operation_id="list_imports", summary="List imports")
async def list_imports(book: ReadBook, page: PageParams) -> dict[str, Any]:
    """Newest first."""
    return await listing.imports(book, page)


@router.get("/{import_id}", response_model=ImportOut, operation_id="get_import", summary="Read an import")
async def get_import(import_id: UUID, book: ReadBook) -> dict[str, Any]:
    """Its state, its mapping and its counts."""
    return await service.get(book, import_id)


@router.get(
    "/{import_id}/rows",
    response_model=Page[ImportRowOut],
    operation_id="list_import_rows",
    summary="Read the rows of an import",
)
async def list_import_rows(
    import_id: UUID,
    book: ReadBook,
    page: PageParams,
    outcome: Annotated[Outcome | None, Query(description="Only rows with this outcome.")] = None,
) -> dict[str, Any]:
    """Each row with its outcome, in file order; an error says the line, the column and the reason."""
    return await listing.rows(book, import_id, outcome, page)


@router.post(
    "/{import_id}/commit",
    response_model=ImportOut,
    operation_id="commit_import",
    summary="Post the rows of a preview",
    responses=problems(409),
    dependencies=[Idempotent],
)
async def commit_import(import_id: UUID, book: WriteBook, body: CommitIn | None = None) -> dict[str, Any]:
    """All of it or, if anything fails, nothing. Duplicates and errors are left out, suspects kept unless you skip them.

    The mapping is kept and offered again for files with the same header. `warnings` say besides what the commit brought
    about: `budget_threshold` for a budget that reached one, `bill_paid` for a bill that was paid.
    """
    return await service.commit(book, import_id, body or CommitIn())


@router.post(
    "/{import_id}/undo",
    response_model=ImportOut,
    operation_id="undo_import",
    summary="Take back a whole import",
    responses=problems(409),
    dependencies=[Idempotent],
)
async def undo_import(import_id: UUID, book: WriteBook, body: UndoIn | None = None) -> dict[str, Any]:
    """Removes what the import brought. What was changed since makes it 409, unless forced."""
    return await service.undo(book, import_id, force=body.force if body else False)


@router.delete(
    "/{import_id}",
    status_code=204,
    operation_id="discard_import",
    summary="Discard a preview",
    responses=problems(409),
)
async def discard_import(import_id: UUID, book: WriteBook) -> None:
    """Forgets a preview that was not committed. A committed import is taken back with `undo`."""
    await service.discard(book, import_id)
