"""Asks the database what a search names, and, through an index, what its texts find."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, JSON, Boolean, Integer, Numeric, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.transactions.search.conditions import Found
from app.transactions.search.errors import SearchError
from app.transactions.search.terms import NameTerm, Term, TextTerm

MOST_IDS = 5_000
"""Up to so many transactions are handed over by their ids."""
MOST_PAYEES = 1_000


@dataclass(frozen=True)
class First:
    """Only the first `most` that the texts find are wanted, in this order, behind a sort key and id."""

    sort: str
    after: tuple[Any, UUID] | None
    most: int


_PREPARE = text(
    """
    SELECT CASE WHEN cardinality(:texts) > 0
               THEN search_transactions(
                   :texts, :whole, :negated, :amounts, :sort, :after_key, :after_id, :most) END AS ids,
           (SELECT json_agg(
                CASE n.key
                WHEN 'account' THEN
                    (SELECT json_agg(a.id) FROM accounts a
                     WHERE a.book_id = :book AND strpos(search_text(a.name), n.words) > 0)
                WHEN 'tag' THEN
                    (SELECT json_agg(t.id) FROM tags t
                     WHERE t.book_id = :book AND strpos(search_text(t.name), n.words) > 0)
                WHEN 'payee' THEN
                    (SELECT json_agg(p.id) FROM (
                         SELECT id FROM payees
                         WHERE book_id = :book AND strpos(search_name, n.words) > 0 LIMIT :most_payees
                     ) p)
                WHEN 'category' THEN
                    (WITH RECURSIVE tree AS (
                         SELECT c.id FROM categories c
                         WHERE c.book_id = :book AND strpos(search_text(c.name), n.words) > 0
                         UNION
                         SELECT c.id FROM categories c JOIN tree ON c.parent_id = tree.id WHERE c.book_id = :book
                     )
                     SELECT json_agg(tree.id) FROM tree)
                END ORDER BY n.place)
            FROM (
                SELECT w.key, search_text(w.name) AS words, w.place
                FROM unnest(:keys, :names) WITH ORDINALITY AS w(key, name, place) OFFSET 0
            ) n) AS named
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("texts", type_=ARRAY(Text)),
    bindparam("whole", type_=ARRAY(Boolean)),
    bindparam("negated", type_=ARRAY(Boolean)),
    bindparam("amounts", type_=ARRAY(Numeric)),
    bindparam("sort", type_=Text),
    bindparam("after_key", type_=Text),
    bindparam("after_id", type_=Uuid),
    bindparam("most", type_=Integer),
    bindparam("keys", type_=ARRAY(Text)),
    bindparam("names", type_=ARRAY(Text)),
    bindparam("most_payees", type_=Integer),
)
_PREPARE_TYPED = _PREPARE.columns(ids=ARRAY(Uuid), named=JSON)


async def look_up(
    connection: AsyncConnection, book_id: UUID, terms: Sequence[Term], first: First | None = None
) -> Found:
    """One statement, or none where nothing has to be looked up. Raises `SearchError` for a name that nothing has.

    The ids found are all there are, or, with `first`, what it asks for.
    """
    texts = [term for term in terms if isinstance(term, TextTerm)]
    names = [term for term in terms if isinstance(term, NameTerm)]
    if not texts and not names:
        return Found(tuple(terms), (None,) * len(terms))
    most = first.most if first else MOST_IDS
    after_key, after_id = first.after if first and first.after else (None, None)
    row = (
        await connection.execute(
            _PREPARE_TYPED,
            {
                "book": book_id,
                "texts": [term.text for term in texts],
                "whole": [term.whole for term in texts],
                "negated": [term.negated for term in texts],
                "amounts": [term.amount for term in texts],
                "sort": first.sort if first else "",
                "after_key": None if after_key is None else str(after_key),
                "after_id": after_id,
                "most": most,
                "keys": [term.key for term in names],
                "names": [term.text for term in names],
                "most_payees": MOST_PAYEES + 1,
            },
        )
    ).one()
    known = dict(zip(names, row.named or (), strict=True))
    named = tuple(_ids(term, known[term]) if isinstance(term, NameTerm) else None for term in terms)
    is_cut = row.ids is not None and len(row.ids) > most
    ids = None if row.ids is None or (is_cut and first is None) else tuple(row.ids[:most])
    return Found(tuple(terms), named, ids, is_cut=is_cut and ids is not None)


def _ids(term: NameTerm, found: list[str] | None) -> tuple[UUID, ...] | None:
    if not found:
        raise SearchError("unknown_name", term.position, f"no {term.key} has {term.text[:50]} in its name")
    if term.key == "payee" and len(found) > MOST_PAYEES:
        return None
    return tuple(UUID(i) for i in found)
