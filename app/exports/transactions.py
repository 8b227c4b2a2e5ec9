"""Transactions as a file: what the list has for a filter, all of it, a page in memory at a time."""

from collections.abc import Awaitable, Callable, Sequence
from typing import IO, Any, Literal, Protocol
from uuid import UUID

from anyio import to_thread
from pydantic import TypeAdapter

from app.access.context import BookReader
from app.accounts import service as accounts
from app.categories import service as categories
from app.core.database import AnyRow
from app.rendering.csv_files import CsvFile
from app.rendering.files import Export, finished, unfinished
from app.rendering.xlsx import Workbook
from app.transactions import flat, listing
from app.transactions.documents import Document, from_row
from app.transactions.filters import Sort, TransactionFilter
from app.transactions.outputs import TransactionOut

FileFormat = Literal["csv", "xlsx", "json"]
Gone = Callable[[], Awaitable[bool]]

PAGE = 1_000

_ITEM = TypeAdapter(TransactionOut)


class ReaderGoneError(Exception):
    """Nobody waits for the file any more."""


class _Writer(Protocol):
    def write(self, documents: Sequence[Document]) -> None: ...

    def close(self) -> None: ...


async def export(
    book: BookReader,
    wanted: TransactionFilter,
    sort: Sort,
    file_format: FileFormat,
    rows: flat.RowKind,
    *,
    mark: bool,
    gone: Gone,
) -> Export:
    """All that the list has for this filter, in its order; `book` sees one state from the first page to the last.

    Raises `SearchError` before anything is written, and `ReaderGoneError` between two pages once `gone` says so.
    """
    names = await _names(book)
    with unfinished() as file:
        writer = _writer(file, file_format, rows, names, mark=mark)
        try:
            async for page in listing.walk(book, wanted, sort, size=PAGE):
                if await gone():
                    raise ReaderGoneError
                await to_thread.run_sync(_put, writer, page)
        finally:
            await to_thread.run_sync(writer.close)
        return finished(file, f"transactions-{book.actor.today()}.{file_format}")


def _put(writer: _Writer, page: Sequence[AnyRow]) -> None:
    writer.write([from_row(row) for row in page])


async def _names(book: BookReader) -> flat.Names:
    every = {UUID(str(each["id"])): each for each in await categories.every(book)}
    return flat.Names(
        {UUID(str(each["id"])): each["name"] for each in await accounts.every(book, archived=None)},
        {key: (each["name"], flat.BETWEEN.join(_path(each, every))) for key, each in every.items()},
        book.base_currency,
    )


def _path(category: dict[str, Any], every: dict[UUID, dict[str, Any]]) -> list[str]:
    names = [category["name"]]
    while category["parent_id"] is not None:
        category = every[UUID(str(category["parent_id"]))]
        names.insert(0, category["name"])
    return names


def _writer(file: IO[bytes], file_format: FileFormat, rows: flat.RowKind, names: flat.Names, *, mark: bool) -> _Writer:
    if file_format == "json":
        return _Json(file)
    if file_format == "xlsx":
        return _Xlsx(file, rows, names)
    return _Csv(file, rows, names, mark=mark)


class _Csv:
    def __init__(self, file: IO[bytes], rows: flat.RowKind, names: flat.Names, *, mark: bool) -> None:
        self._file = CsvFile(file, flat.COLUMNS[rows], mark=mark)
        self._rows, self._names = rows, names

    def write(self, documents: Sequence[Document]) -> None:
        self._file.write(flat.rows(self._rows, documents, self._names))

    def close(self) -> None:
        """Nothing is left to write."""


class _Xlsx:
    def __init__(self, file: IO[bytes], rows: flat.RowKind, names: flat.Names) -> None:
        self._book = Workbook(file)
        self._rows, self._names = rows, names
        self._book.begin(rows.capitalize(), flat.COLUMNS[rows])

    def write(self, documents: Sequence[Document]) -> None:
        self._book.write(flat.rows(self._rows, documents, self._names))

    def close(self) -> None:
        self._book.close()


class _Json:
    """An array of what the list has, one a line."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._before = b"[\n"

    def write(self, documents: Sequence[Document]) -> None:
        for document in documents:
            self._file.write(self._before + _ITEM.dump_json(_ITEM.validate_python(document)))
            self._before = b",\n"

    def close(self) -> None:
        self._file.write(b"[]\n" if self._before == b"[\n" else b"\n]\n")
