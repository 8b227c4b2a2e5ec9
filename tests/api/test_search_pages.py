"""Searches over many transactions: each is looked for in the way that suits it, and all ways find the same."""

from typing import Any

import pytest
from sqlalchemy import text

from app.core.database import Database
from tests.people import Person


async def find(person: Person, q: str, path: str = "/transactions", **params: Any) -> list[str]:
    return [item["id"] for item in (await person.read(path, q=q, **params))["items"]]


async def pages(person: Person, limit: int = 7, **params: Any) -> list[str]:
    """The ids of all pages, one after the other."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await person.read("/transactions", limit=limit, **params, **({"cursor": cursor} if cursor else {}))
        found += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found
        assert len(page["items"]) == limit


ROWS = 12_000
MANY = text(
    """
    WITH t AS (
        INSERT INTO transactions (book_id, type, date, account_id, amount, payee_id, description, revision)
        SELECT :book, 'expense', CASE WHEN n >= 20 AND n % 20 = 19 THEN DATE '2021-06-15'
                                 ELSE DATE '2020-01-01' + n / 8 END, :account, 1.00 + n % 50, :payee,
               CASE WHEN n % 3 = 0 THEN 'common ' ELSE '' END
               || CASE WHEN n % 3 = 1 OR n % 600 = 0 THEN 'other ' ELSE '' END
               || CASE WHEN n >= 20 AND n % 20 = 19 THEN 'sameday ' ELSE '' END
               || CASE WHEN n < 5500 THEN 'oldjob ' ELSE '' END
               || CASE WHEN n % 400 = 7 THEN 'rare ' ELSE '' END || 'number ' || n, 1
        FROM generate_series(0, :rows - 1) n
        RETURNING id, date, amount, account_id, payee_id
    ), p AS (
        INSERT INTO postings (book_id, transaction_id, line, account_id, role, amount, base_amount, date)
        SELECT :book, id, 0, account_id, 'flow', -amount, -amount, date FROM t
        RETURNING date, amount
    ), m AS (
        INSERT INTO monthly_totals (book_id, month, account_id, role, inflow, outflow, base_inflow, base_outflow,
                                    unconverted_inflow, unconverted_outflow, count)
        SELECT :book, date_trunc('month', date)::date, :account, 'flow', 0, -sum(amount), 0, -sum(amount), 0, 0,
               count(*)
        FROM p GROUP BY 2 RETURNING outflow
    ), d AS (
        INSERT INTO daily_totals (book_id, day, account_id, inflow, outflow, base_inflow, base_outflow,
                                  unconverted_inflow, unconverted_outflow, count)
        SELECT :book, date, :account, 0, -sum(amount), 0, -sum(amount), 0, 0, count(*) FROM p GROUP BY date
    ), n AS (
        SELECT date_trunc('month', date)::date AS month, payee_id, sum(amount) AS outflow, count(*) AS count
        FROM t GROUP BY 1, 2
    ), thirds AS (
        SELECT date_trunc('month', date)::date + 10 * least((extract(day FROM date)::integer - 1) / 10, 2) AS third,
               payee_id, sum(amount) AS outflow, count(*) AS count
        FROM t GROUP BY 1, 2
    ), spans AS (
        SELECT 'third' AS span, third AS first_day, payee_id, outflow, count FROM thirds
        UNION ALL SELECT 'month', month, payee_id, outflow, count FROM n
        UNION ALL
        SELECT 'year', date_trunc('year', month)::date, payee_id, sum(outflow), sum(count) FROM n GROUP BY 2, 3
    ), y AS (
        INSERT INTO payee_totals (book_id, span, first_day, payee_id, account_id, side, base_inflow, base_outflow,
                                  unconverted_inflow, unconverted_outflow, count, counted)
        SELECT :book, span, first_day, payee_id, :account, 'expense', 0, outflow, 0, 0, count, count FROM spans
    ), c AS (
        INSERT INTO payee_category_totals (book_id, span, first_day, payee_id, account_id, side, base_inflow,
                                           base_outflow, unconverted_inflow, unconverted_outflow, count, counted)
        SELECT :book, span, first_day, payee_id, :account, 'expense', 0, outflow, 0, 0, count, count FROM spans
        WHERE span <> 'third'
    ), x AS (
        INSERT INTO tag_totals (book_id, span, first_day, account_id, side, inflow, outflow, base_inflow, base_outflow,
                                unconverted_inflow, unconverted_outflow, count, counted)
        SELECT :book, span, first_day, :account, 'expense', 0, sum(outflow), 0, sum(outflow), 0, 0, sum(count),
               sum(count)
        FROM (SELECT span, first_day, outflow, count FROM spans WHERE span = 'month'
              UNION ALL SELECT 'day', date, amount, 1 FROM t) AS each_span
        GROUP BY span, first_day
    )
    UPDATE accounts SET balance = balance - (SELECT sum(outflow) FROM m) WHERE book_id = :book AND id = :account
    """
)


@pytest.fixture
async def long_book(kim: Person, owner_database: Database) -> str:
    """A book long enough that what is rare, what is common and what is old are looked for in different ways."""
    account = await kim.account()
    first = await kim.add(account_id=account["id"], payee="Shop", date="2019-01-01")
    values = {"book": kim.book_id, "account": account["id"], "payee": first["payee_id"], "rows": ROWS}
    async with owner_database.begin() as connection:
        await connection.execute(MANY, values)
        await connection.execute(text("ANALYZE transactions, postings"))
    return str(account["id"])


async def test_every_way_of_looking_pages_through_the_same(kim: Person, long_book: str) -> None:
    rows = range(ROWS)
    for q, number in {
        "rare": len(rows[7::400]),
        "common": len(rows[::3]),
        "oldjob common -rare": sum(n < 5500 and n % 3 == 0 and n % 400 != 7 for n in rows),
        "oldjob >49": sum(n < 5500 and 1 + n % 50 > 49 for n in rows),
        "rare shop": len(rows[7::400]),
        "numb 77": sum(str(n).startswith("77") for n in rows),
        "-common rare": sum(n % 400 == 7 and n % 3 != 0 for n in rows),
        "common other": len(rows[::600]),
        '"common other"': len(rows[::600]),
        '"other common"': 0,
    }.items():
        assert (await kim.read("/transactions", q=q, limit=1, include_total=True))["total"] == number, q
        every = await pages(kim, 500, q=q)
        assert len(every) == len(set(every)) == number, q
        assert await pages(kim, 500, q=q, sort="date") == every[::-1], q
        by_amount = await pages(kim, 500, q=q, sort="amount")
        assert by_amount == (await pages(kim, 500, q=q, sort="-amount"))[::-1], q
        assert set(by_amount) == set(every), q
        assert (await find(kim, q, skip=3, limit=5)) == every[3:8], q
        assert (await find(kim, q, f"/accounts/{long_book}/transactions", limit=9)) == every[:9], q
    page = await kim.read("/transactions", q="rare", limit=7)
    rest = await kim.read("/transactions", q="rare", limit=7, cursor=page["next_cursor"], include_total=True)
    assert rest["total"] == 30


async def test_small_pages_of_a_rare_word_are_whole(kim: Person, long_book: str) -> None:
    every = await find(kim, "rare", limit=500)
    assert len(every) == 30
    assert await pages(kim, 7, q="rare") == every
    assert await pages(kim, 1, q="rare", date_from="2023-01-01") == every[: len(await find(kim, "rare after:2022"))]


async def test_a_day_with_more_than_is_read_at_once_is_read_whole(kim: Person, long_book: str) -> None:
    every = await pages(kim, 500, q="sameday")
    assert len(every) == len(set(every)) == len(range(39, ROWS, 20))
    assert await pages(kim, 100, q="sameday") == every
    assert await pages(kim, 100, q="sameday", sort="date") == every[::-1]


async def test_filters_that_leave_few_of_many_old_finds_still_find_them(kim: Person, long_book: str) -> None:
    """More are found by the word than are handed over by their ids, and those that fit lie behind them."""
    first = await find(kim, "oldjob", date_to="2020-01-02", limit=500)
    assert len(first) == 16
    assert await find(kim, "oldjob before:2020-01-03", limit=500) == first


@pytest.mark.parametrize("q", ["-nothing", "-nothing -other", "nothing", "nothing -other"])
async def test_an_empty_book_has_an_end(kim: Person, q: str) -> None:
    for sort in ("-date", "date", "amount"):
        page = await kim.read("/transactions", q=q, sort=sort, include_total=True)
        assert (page["items"], page["next_cursor"], page["total"]) == ([], None, 0)


@pytest.mark.parametrize("sort", ["-date", "date", "amount", "-amount"])
async def test_a_rare_word_has_more_pages_in_every_order(kim: Person, sort: str) -> None:
    account = await kim.account()
    made = [await kim.add(account_id=account["id"], description="cafe", amount=f"{10 + n}.50") for n in range(4)]
    for _ in range(4):
        await kim.add(account_id=account["id"], description="other")
    for q in ("cafe", "cafe -other", "cafe >10"):
        found = await pages(kim, limit=1, q=q, sort=sort)
        assert sorted(found) == sorted(each["id"] for each in made)
        assert found == await find(kim, q, sort=sort)
