"""The functions that search past row-level security answer for the open book and for no other."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.core.database import Database, sqlstate
from tests.people import Person
from tests.security.test_row_security import opened

TRANSACTIONS = text(
    """
    SELECT search_transactions(
        ARRAY[CAST(:q AS text)], ARRAY[CAST(:whole AS boolean)], ARRAY[false],
        ARRAY[CAST(CAST(:amount AS text) AS numeric)],
        CAST(:sort AS text), NULL, NULL, 10)
    """
)
PAYEES = text("SELECT search_payees(CAST(:q AS text), CAST(:whole AS boolean), 10)")


async def ask(database: Database, book: str | None, **values: Any) -> tuple[list[str], list[str]]:
    """What both functions answer the role of requests: transactions and payees."""
    async with opened(database, book) as connection:
        found = await connection.scalar(TRANSACTIONS, {"whole": False, "amount": None, "sort": "", **values})
        asked = {"q": values["q"], "whole": values.get("whole", False)}
        payees = (await connection.execute(PAYEES, asked)).scalars().all()
        return [str(i) for i in found], [str(i) for i in payees]


@pytest.fixture
async def secret(kim: Person) -> dict[str, Any]:
    account = await kim.account()
    return await kim.add(account_id=account["id"], payee="Secretary", notes="secret notes", amount="42.42")


async def test_they_answer_for_the_open_book_alone(
    kim: Person, robin: Person, secret: dict[str, Any], app_database: Database
) -> None:
    account = await robin.account()
    own = await robin.add(account_id=account["id"], notes="secret of Robin")
    for values in ({"q": "secret"}, {"q": "SECRÉT", "sort": "-date"}, {"q": "secret", "whole": True}):
        both = [secret["payee_id"]] if not values.get("whole") else []
        assert await ask(app_database, kim.book_id, **values) == ([secret["id"]], both)
        assert await ask(app_database, robin.book_id, **values) == ([own["id"]], [])
        assert await ask(app_database, None, **values) == ([], [])
    assert await ask(app_database, kim.book_id, q="42.42", amount="42.42") == ([secret["id"]], [])
    assert await ask(app_database, robin.book_id, q="42.42", amount="42.42") == ([], [])
    assert await ask(app_database, "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6", q="secret") == ([], [])


async def test_another_books_words_cannot_be_spelled(
    kim: Person, robin: Person, secret: dict[str, Any], app_database: Database
) -> None:
    """In the index a word begins with its book; who types such a beginning finds nothing by it."""
    prefix = kim.book_id[-12:]
    for q in (prefix, f"{prefix}secret", f"x' | '{prefix}secret", f"!{prefix}", "') OR true --", "%L", "$1"):
        assert await ask(app_database, robin.book_id, q=q) == ([], [])


async def test_two_books_whose_ids_end_alike_stay_apart(
    kim: Person, robin: Person, secret: dict[str, Any], app_database: Database, owner_database: Database
) -> None:
    """Their words lie side by side in the index, and still only rows of the open book are answered."""
    alike = f"00000000-0000-7000-8000-{kim.book_id[-12:]}"
    async with owner_database.engine.connect() as connection:
        await connection.execute(
            text(
                """
                INSERT INTO books
                SELECT (jsonb_populate_record(b, jsonb_build_object('id', CAST(:new AS text)))).*
                FROM books b WHERE id = CAST(:old AS uuid)
                """
            ),
            {"new": alike, "old": kim.book_id},
        )
        assert await connection.scalar(
            text("SELECT search_vector(CAST(:new AS uuid), 'secret') = search_vector(CAST(:old AS uuid), 'secret')"),
            {"new": alike, "old": kim.book_id},
        )
        await connection.execute(text("SELECT set_config('app.book_id', :book, true)"), {"book": alike})
        values = {"q": "secret", "whole": False, "amount": None, "sort": ""}
        assert await connection.scalar(TRANSACTIONS, values) == []
        assert (await connection.execute(PAYEES, {"q": "secret", "whole": False})).all() == []
        await connection.rollback()


async def test_only_the_role_of_requests_may_ask(owner_database: Database) -> None:
    statement = text(
        """
        SELECT p.proname, p.prosecdef, p.proconfig::text, p.proacl::text
        FROM pg_proc p WHERE p.proname IN ('search_payees', 'search_transactions')
        """
    )
    async with owner_database.begin() as connection:
        rows = (await connection.execute(statement)).all()
        assert len(rows) == 2
        for row in rows:
            assert row.prosecdef
            assert "search_path=public, pg_temp" in row.proconfig
            # A grant to everybody has no name before the equals sign.
            assert not any(grant.startswith("=") for grant in row.proacl.strip("{}").split(","))
        await connection.execute(text("CREATE ROLE search_nobody"))
        await connection.execute(text("SET LOCAL ROLE search_nobody"))
        with pytest.raises(ProgrammingError) as refusal:
            await connection.execute(PAYEES, {"q": "x", "whole": False})
        assert sqlstate(refusal.value) == "42501"
        await connection.rollback()
