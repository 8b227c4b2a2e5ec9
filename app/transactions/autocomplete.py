"""Names that complete what somebody types: first those that begin with it, then those of which a word does."""

from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Text, TextClause, Uuid, bindparam, text

from app.access.context import BookReader

_PARAMETERS = (
    bindparam("book", type_=Uuid),
    bindparam("q", type_=Text),
    bindparam("limit", type_=Integer),
)

# 0 begins with what was typed, 1 has a word that does, 2 has it anywhere else.
_RANK = """
    CASE WHEN starts_with({words}, w.words) THEN 0 WHEN strpos({words}, ' ' || w.words) > 0 THEN 1 ELSE 2 END
"""
# What is typed has a word, or there is nothing in it at all: then everything is a completion of it.
_WANTED = """
    SELECT f.words FROM (SELECT search_text(:q) AS words) f WHERE f.words <> '' OR btrim(:q) = ''
"""

# Of thousands of names some hundred are looked at: those that fit best, by the alphabet, and of the payees of late all
# that fit. For these alone the last use is looked up, and what it was for only for the ones that are shown.
_ENOUGH = "(SELECT count(*) FROM (SELECT id FROM beginning UNION SELECT id FROM also_beginning{more}) f) < :limit"
_PAYEES = text(
    f"""
    WITH w AS MATERIALIZED ({_WANTED}),
    beginning AS MATERIALIZED (
        SELECT p.id FROM payees p
        WHERE p.book_id = :book AND p.search_name >= (SELECT words FROM w)
          AND p.search_name < (SELECT words || chr(1114111) FROM w)
        ORDER BY p.search_name LIMIT 200
    ),
    also_beginning AS MATERIALIZED (
        SELECT a.payee_id AS id FROM payee_aliases a
        WHERE a.book_id = :book AND a.search_name >= (SELECT words FROM w)
          AND a.search_name < (SELECT words || chr(1114111) FROM w)
        ORDER BY a.search_name LIMIT 200
    ),
    of_words AS MATERIALIZED (
        SELECT search_payees(:q, false, 200) AS id WHERE {_ENOUGH.format(more="")}
    ),
    also_inside AS MATERIALIZED (
        SELECT a.payee_id AS id FROM payee_aliases a
        WHERE {_ENOUGH.format(more=" UNION SELECT id FROM of_words")}
          AND a.book_id = :book AND strpos(a.search_name, (SELECT words FROM w)) > 0
        ORDER BY strpos(a.search_name, (SELECT ' ' || words FROM w)) = 0, a.search_name LIMIT 200
    ),
    inside AS MATERIALIZED (
        SELECT p.id FROM payees p
        WHERE {_ENOUGH.format(more=" UNION SELECT id FROM of_words UNION SELECT id FROM also_inside")}
          AND p.book_id = :book AND strpos(p.search_name, (SELECT words FROM w)) > 0
        LIMIT 200
    ),
    of_late AS MATERIALIZED (
        SELECT DISTINCT t.payee_id AS id FROM (
            SELECT payee_id FROM transactions WHERE book_id = :book ORDER BY date DESC, id DESC LIMIT 300
        ) t WHERE t.payee_id IS NOT NULL
    ),
    fitting AS MATERIALIZED (
        SELECT p.id, p.name, p.default_category_id, p.search_name, other.alias, other.rank AS other_rank,
               CASE WHEN strpos(p.search_name, w.words) > 0 THEN {_RANK.format(words="p.search_name")} END AS own_rank
        FROM w CROSS JOIN payees p
        LEFT JOIN LATERAL (
            SELECT a.alias, {_RANK.format(words="a.search_name")} AS rank FROM payee_aliases a
            WHERE a.book_id = :book AND a.payee_id = p.id AND strpos(a.search_name, w.words) > 0
            ORDER BY rank, a.search_name, a.id LIMIT 1
        ) other ON true
        WHERE p.book_id = :book AND p.id = ANY(ARRAY(
            SELECT id FROM beginning UNION SELECT id FROM also_beginning UNION SELECT id FROM of_words
            UNION SELECT id FROM also_inside UNION SELECT id FROM inside UNION SELECT id FROM of_late
        ))
    ),
    best AS (
        SELECT f.*, least(f.own_rank, f.other_rank) AS rank, last.id AS last_id, last.date AS last_used
        FROM fitting f
        LEFT JOIN LATERAL (
            SELECT t.id, t.date FROM transactions t WHERE t.book_id = :book AND t.payee_id = f.id
            ORDER BY t.date DESC, t.id DESC LIMIT 1
        ) last ON true
        WHERE f.own_rank IS NOT NULL OR f.other_rank IS NOT NULL
        ORDER BY rank, last.date DESC NULLS LAST, last.id DESC, f.search_name, f.id LIMIT :limit
    )
    SELECT b.id, b.name, CASE WHEN b.own_rank <= coalesce(b.other_rank, 2) THEN NULL ELSE b.alias END AS alias,
           b.default_category_id, b.last_used,
           (SELECT o.category_id FROM postings o
            WHERE o.book_id = :book AND o.transaction_id = b.last_id AND o.category_id IS NOT NULL
            ORDER BY o.line LIMIT 1) AS last_category_id
    FROM best b ORDER BY b.rank, b.last_used DESC NULLS LAST, b.last_id DESC, b.search_name, b.id
    """  # noqa: S608  # nosec B608  # the parts are constants of this module
).bindparams(*_PARAMETERS)


def _of_few(table: str, columns: str, condition: str) -> TextClause:
    """Names of a table so short that all of them are looked at."""
    return text(
        f"""
        WITH w AS MATERIALIZED ({_WANTED}),
        n AS MATERIALIZED (
            SELECT x.*, search_text(x.name) AS words FROM {table} x WHERE x.book_id = :book AND {condition}
        )
        SELECT {columns} FROM w CROSS JOIN n WHERE strpos(n.words, w.words) > 0
        ORDER BY {_RANK.format(words="n.words")}, n.words, n.id LIMIT :limit
        """  # noqa: S608  # nosec B608  # constants of this module
    ).bindparams(*_PARAMETERS)


_TAGS = _of_few("tags", "n.id, n.name", "true")
_ACCOUNTS = _of_few("accounts", "n.id, n.name, n.type, n.currency", "x.archived_at IS NULL")
_CATEGORIES = _of_few(
    "categories",
    """
    n.id, n.name, n.kind, n.parent_id,
    (WITH RECURSIVE up AS (
         SELECT c.parent_id, c.name, 0 AS height FROM categories c WHERE c.book_id = :book AND c.id = n.id
         UNION ALL
         SELECT c.parent_id, c.name, up.height + 1 FROM categories c JOIN up ON c.id = up.parent_id
         WHERE c.book_id = :book
     )
     SELECT array_agg(up.name ORDER BY up.height DESC) FROM up) AS path
    """,
    "x.archived_at IS NULL",
)


async def payees(book: BookReader, q: str, limit: int) -> list[dict[str, Any]]:
    """The one used last comes first among equals."""
    return await _complete(book, _PAYEES, q, limit)


async def tags(book: BookReader, q: str, limit: int) -> list[dict[str, Any]]:
    return await _complete(book, _TAGS, q, limit)


async def accounts(book: BookReader, q: str, limit: int) -> list[dict[str, Any]]:
    return await _complete(book, _ACCOUNTS, q, limit)


async def categories(book: BookReader, q: str, limit: int) -> list[dict[str, Any]]:
    return await _complete(book, _CATEGORIES, q, limit)


async def _complete(book: BookReader, statement: TextClause, q: str, limit: int) -> list[dict[str, Any]]:
    parameters: dict[str, str | int | UUID] = {"book": book.book_id, "q": q, "limit": limit}
    return [dict(row) for row in (await book.connection.execute(statement, parameters)).mappings()]
