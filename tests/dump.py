"""Everything the database has of a book, to prove that a refused request changed none of it."""

from typing import Any

from sqlalchemy import text

from app.core.database import Database

_TABLES = text(
    """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attname = 'book_id' AND NOT a.attisdropped
    ORDER BY c.relname
    """
)

Dump = dict[str, list[str]]


async def tables_of_books(owner: Database) -> list[str]:
    """Each table with a column `book_id`, from the catalogue: a new one cannot be forgotten."""
    async with owner.begin() as connection:
        return list((await connection.execute(_TABLES)).scalars())


async def dump(owner: Database, book_id: str) -> Dump:
    """All rows of all tables of a book, the book's own row included, as text."""
    found: Dump = {}
    async with owner.begin() as connection:
        for table in (await connection.execute(_TABLES)).scalars().all():
            found[table] = await _rows(
                connection, f"SELECT x::text FROM {table} x WHERE book_id = :book ORDER BY 1", book_id
            )
        found["books"] = await _rows(connection, "SELECT b::text FROM books b WHERE id = :book", book_id)
    return found


async def _rows(connection: Any, statement: str, book_id: str) -> list[str]:
    return list((await connection.execute(text(statement), {"book": book_id})).scalars())
