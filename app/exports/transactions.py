"""Transactions as a file: what the list has for a filter, all of it, a page in memory at a time."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, Literal, Protocol

from anyio import to_thread
from pydantic import TypeAdapter

from app.access.context import BookReader
from app.accounts import service as accounts
from app.categories import service as categories
from app.core.database import AnyRow
from app.rendering.csv_files import CsvFile
from app.rendering.files import Export, finished, unfinished
from app.rendering.growing import GrowingFile
from app.rendering.xlsx import Workbook
from app.transactions import flat, listing
from app.transactions.documents import from_row
from app.transactions.filters import Sort, TransactionFilter
from app.transactions.outputs import TransactionOut

FileFormat = Literal["csv", "xlsx", "json"]
Gone = Callable[[], Awaitable[bool]]
Rest = Callable[[], Awaitable[None]]

PAGE = 2_000

_ITEM = TypeAdapter(TransactionOut)


class ReaderGoneError(Exception):
    """Nobody waits for the file any more."""


class _Writer(Protocol):
    def write(self, page: Sequence[AnyRow]) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Wanted:
    """Which transactions, in which order, and as what; `mark`: CSV begins with a byte order mark."""

    filter: TransactionFilter
    sort: Sort
    format: FileFormat
    rows: flat.RowKind = "transactions"
    mark: bool = False

    def pages(self, book: BookReader) -> AsyncGenerator[Sequence[AnyRow]]:
        return listing.walk(book, self.filter, self.sort, size=PAGE, flat=self.format != "json")

    def name(self, book: BookReader) -> str:
        return f"transactions-{book.actor.today()}.{self.format}"


async def export(book: BookReader, wanted: Wanted, *, gone: Gone) -> Export:
    """The complete file of all that the list has for this filter, in its order.

    `book` sees one state from the first page to the last. Raises `SearchError` before anything is written, and
    `ReaderGoneError` between two pages once `gone` says so.
    """
    names = await _names(book)
    with unfinished() as file:
        writer = _writer(file, wanted, names)
        try:
            async with aclosing(wanted.pages(book)) as pages:
                async for page in pages:
                    if await gone():
                        raise ReaderGoneError
                    await to_thread.run_sync(writer.write, page)
        finally:
            await to_thread.run_sync(writer.close)
        return finished(file, wanted.name(book))


async def begin(book: BookReader, wanted: Wanted) -> tuple[GrowingFile, Rest]:
    """The same as a file that may be sent at once: its first page is there, and `Rest` writes the others.

    A file that is whole by then says so, and has nothing to write. Raises `SearchError`.
    """
    names = await _names(book)
    pages = wanted.pages(book)
    with unfinished() as file:
        growing = GrowingFile(file, wanted.name(book))
        writer = _writer(file, wanted, names)
        first: Sequence[AnyRow] = await anext(pages, [])
        await to_thread.run_sync(writer.write, first)
        if len(first) < PAGE:
            await pages.aclose()
            writer.close()
            await growing.complete()
        else:
            await growing.grown()
        return growing, partial(_write_rest, growing, writer, pages)


async def _write_rest(growing: GrowingFile, writer: _Writer, pages: AsyncGenerator[Sequence[AnyRow]]) -> None:
    async with aclosing(pages):
        async for page in pages:
            await to_thread.run_sync(writer.write, page)
            await growing.grown()
        writer.close()
        await growing.complete()


async def _names(book: BookReader) -> flat.Names:
    every = {str(each["id"]): each for each in await categories.every(book)}
    return flat.Names(
        {str(each["id"]): (each["name"], each["currency"]) for each in await accounts.every(book, archived=None)},
        {key: (each["name"], flat.BETWEEN.join(_path(each, every))) for key, each in every.items()},
        book.base_currency,
    )


def _path(category: dict[str, Any], every: dict[str, dict[str, Any]]) -> list[str]:
    names = [category["name"]]
    while category["parent_id"] is not None:
        category = every[str(category["parent_id"])]
        names.insert(0, category["name"])
    return names


def _writer(file: IO[bytes], wanted: Wanted, names: flat.Names) -> _Writer:
    if wanted.format == "json":
        return _Json(file)
    if wanted.format == "xlsx":
        return _Xlsx(file, wanted.rows, names)
    return _Csv(file, wanted.rows, names, mark=wanted.mark)


class _Csv:
    def __init__(self, file: IO[bytes], rows: flat.RowKind, names: flat.Names, *, mark: bool) -> None:
        self._file = CsvFile(file, flat.COLUMNS[rows], mark=mark)
        self._rows, self._names = rows, names

    def write(self, page: Sequence[AnyRow]) -> None:
        self._file.write(flat.rows(self._rows, page, self._names))

    def close(self) -> None:
        """Nothing is left to write."""


class _Xlsx:
    def __init__(self, file: IO[bytes], rows: flat.RowKind, names: flat.Names) -> None:
        self._book = Workbook(file)
        self._rows, self._names = rows, names
        self._book.begin(rows.capitalize(), flat.COLUMNS[rows])

    def write(self, page: Sequence[AnyRow]) -> None:
        self._book.write(flat.rows(self._rows, page, self._names))

    def close(self) -> None:
        self._book.close()


class _Json:
    """An array of what the list has, one a line."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._before = b"[\n"

    def write(self, page: Sequence[AnyRow]) -> None:
        for row in page:
            self._file.write(self._before + _ITEM.dump_json(_ITEM.validate_python(from_row(row))))
            self._before = b",\n"

    def close(self) -> None:
        self._file.write(b"[]\n" if self._before == b"[\n" else b"\n]\n")
