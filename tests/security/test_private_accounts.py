"""Private accounts: for members whom they do not name they do not exist, anywhere."""

import json
import re
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import Response
from sqlalchemy import text

from app.core.config import Settings
from app.core.database import Database
from tests.conftest import Unchanged
from tests.dump import tables_of_books
from tests.people import Person, expect, problem
from tests.reports.converting import ask_and_keep
from tests.security.household import AMOUNTS, MARK, Household, furnish, join
from tests.security.test_tenancy import ATTEMPTS, FOREIGN, call, operations

HIDDEN_FROM = text(
    """
    SELECT array_agg(DISTINCT account_id)::text FROM account_viewers v WHERE book_id = :book
      AND account_id NOT IN (SELECT account_id FROM account_viewers WHERE book_id = :book AND user_id = :user)
    """
)
SEARCHES = (MARK, f"account:{MARK}", f"payee:{MARK}", f"tag:{MARK}", f'"{MARK} move"', AMOUNTS[5], "-shared", ">7000")


@pytest.fixture
async def home(kim: Person, robin: Person, owner_database: Database) -> Household:
    made = await furnish(kim)
    await join(owner_database, kim.book_id, robin, "editor")
    # What budgets carry over was forgotten with that, and is kept again with the next change.
    await kim.add(account_id=made.shared["id"], amount="1.00")
    return made


def leaks(answer: Response, home: Household) -> set[str]:
    """The secrets in an answer, but for what the request itself named."""
    asked = str(answer.request.url).lower()
    return {secret for secret in home.secrets if secret in answer.text.lower() and secret not in asked}


def requests(app: FastAPI, home: Household) -> list[tuple[str, dict[str, Any]]]:
    """Every GET of the contract with every id of its kind, hidden or not, and with filters that ask for secrets."""
    found: list[tuple[str, dict[str, Any]]] = []
    for path, methods in app.openapi()["paths"].items():
        if "get" not in methods:
            continue
        operation = methods["get"]
        named = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"]
        choices: list[list[str]] = []
        for name in named:
            kind = name.removesuffix("_id")
            every = home.hidden.get(kind, []) + home.seen.get(kind, [])
            every += home.partial if kind == "transaction" else []
            choices.append([home.book_id] if kind == "book" else every)
        queries: list[dict[str, Any]] = [{}]
        known = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"}
        if "q" in known:
            queries += [{"q": q} for q in SEARCHES]
        for name, values in (
            ("account_id", home.hidden["account"]), ("payee_id", home.hidden["payee"]), ("tag", [f"{MARK} tag"]),
            ("import_id", home.hidden["import"]), ("min_amount", ["7000"]), ("type", ["transfer", "journal"]),
        ):  # fmt: skip
            queries += [{name: value} for value in values if name in known]
        if "include_total" in known:
            queries = [{**query, "include_total": "true", "limit": 100} for query in queries]
        if "year" in known:
            queries = [{"year": "2026", "month": "1"}]
        for chosen in product(*choices):
            url = path.format(**dict(zip(named, chosen, strict=True)))
            found += [(url, query) for query in queries]
    return found


async def test_no_answer_tells_anything_of_it(
    app: FastAPI, robin: Person, home: Household, owner_database: Database
) -> None:
    """Whatever is asked for, whoever asks: an owner for everything, the others for a part of it."""
    asked = requests(app, home)
    assert len(asked) > 150
    joined = ""
    for role, url, query in (
        *(("owner", *each) for each in asked),
        *(("editor", *each) for each in asked[::5]),
        *(("viewer", *each) for each in asked[2::5]),
    ):
        if role != joined:
            await join(owner_database, home.book_id, robin, role)
            joined = role
        answer = await robin.http.get(f"http://test{url}", params=query)
        assert answer.status_code < 500, (url, query, answer.text)
        assert not leaks(answer, home), (url, query, leaks(answer, home), answer.text)
        for kind, ids in home.hidden.items():
            if any(f"/{row_id}" in url for row_id in ids) and "/history" not in url:
                assert answer.status_code == 404, (kind, url, answer.text)
    since: dict[str, Any] = {"since": 0, "limit": 5}
    told: list[dict[str, Any]] = []
    while True:
        answer = await robin.http.get(f"/books/{home.book_id}/changes", params=since)
        assert not leaks(answer, home)
        told += answer.json()["items"]
        if (cursor := answer.json()["next_cursor"]) is None:
            break
        since["cursor"] = cursor
    assert {row["id"] for row in told if row["entity"] == "account"} == {home.shared["id"]}
    assert {row["id"] for row in told} >= {*home.partial, *home.seen["transaction"]}
    for name, body in (
        ("/transactions/recategorise", {"filter": {"q": MARK}, "category_id": home.category_id, "dry_run": True}),
        (f"/accounts/{home.shared['id']}/reconcile",
         {"statement_date": "2026-01-31", "statement_balance": "0", "dry_run": True}),
    ):  # fmt: skip
        assert not leaks(await robin.http.post(name, json=body), home)


async def test_the_tables_tell_nothing_of_it_either(
    kim: Person,
    robin: Person,
    home: Household,
    owner_database: Database,
    app_database: Database,
    settings: Settings,
) -> None:
    """Whatever a statement forgets to ask: the role sees what the member sees."""
    await ask_and_keep(kim, app_database, settings, "CHF", 2026)
    names = {"book": home.book_id, "user": robin.user["id"]}
    async with owner_database.begin() as connection:
        hidden = await connection.scalar(HIDDEN_FROM, names)
    opened = {"app.book_id": home.book_id, "app.user_id": robin.user["id"], "app.hidden_accounts": hidden}
    async with app_database.engine.connect() as connection:
        for name, value in opened.items():
            await connection.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})
        tables = [f"public.{table}" for table in await tables_of_books(owner_database)]
        for table in (*tables, "partly.transactions", "partly.events"):
            # Of invitations a request reads all but the digest of the token.
            shown = "email" if table == "public.book_invitations" else "x::text"
            rows = (await connection.execute(text(f"SELECT {shown} FROM {table} x"))).scalars().all()
            # Reports read no totals by tag for who does not see all; an undo of theirs has to write them.
            secrets = home.secrets - set(home.hidden["tag"] if table == "public.tag_totals" else ())
            found = {secret for secret in secrets for row in rows if secret in row.lower()}
            assert not found, (table, found)
            books = await connection.execute(text(f"SELECT DISTINCT book_id::text FROM {table}"))
            assert set(books.scalars()) <= {home.book_id} or table == "public.book_members", table
            assert rows or table.split(".")[1] in NEVER_SEEN | NEVER_THERE, table
        await connection.rollback()


NEVER_SEEN = {
    "account_viewers", "private_entities", "imports", "import_rows", "payee_aliases", "transfer_rejections",
    "reconciliations", "import_mappings", "book_invitations", "loans",
}  # fmt: skip
"""In this book all of these rows are of the private account."""
NEVER_THERE = {"base_currency_changes", "revaluations"}
"""They tell of no account, and this book has none."""


async def test_the_views_have_the_columns_of_their_tables(owner_database: Database) -> None:
    """A migration that changes one of these tables makes its view again."""
    columns = text(
        """
        SELECT c.relnamespace::regnamespace::text AS schema, c.relname AS name, array_agg(a.attname::text || ' '
               || format_type(a.atttypid, a.atttypmod) ORDER BY a.attname) AS columns
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relname IN ('transactions', 'events') AND c.relkind IN ('r', 'v') GROUP BY 1, 2
        """
    )
    async with owner_database.begin() as connection:
        rows = (await connection.execute(columns)).all()
    found = {(row.schema, row.name): row.columns for row in rows}
    assert found["partly", "transactions"] == found["public", "transactions"]
    assert found["partly", "events"] == found["public", "events"]


async def test_sums_are_those_of_what_is_seen(kim: Person, robin: Person, home: Household) -> None:
    [account] = (await robin.read("/accounts"))["items"]
    items = (await robin.read("/transactions", limit=500))["items"]
    lines = [{**line, "date": item["date"]} for item in items for line in item["postings"]]
    assert {line["account_id"] for line in lines} == {home.shared["id"]}
    assert Decimal(account["balance"]) == sum(Decimal(line["amount"]) for line in lines)
    assert account["balance"] == await kim.balance(home.shared)
    ours = await robin.read("/reports/monthly", year="2026", month="1")
    flows = [line for line in lines if line["role"] == "flow" and line["date"].startswith("2026-01")]
    spent = -sum(Decimal(line["amount"]) for line in flows if Decimal(line["amount"]) < 0)
    assert f'"{spent:.2f}"' in json.dumps(ours), (spent, ours)


async def test_the_visible_side_is_shown_and_no_more(kim: Person, robin: Person, home: Household) -> None:
    for row_id in home.partial:
        item = await robin.read(f"/transactions/{row_id}")
        assert item["other_side_private"] is True
        assert item["account_id"] == home.shared["id"]
        assert (item["to_account_id"], item["to_amount"]) == (None, None)
        for name in ("description", "notes", "external_id", "import_id", "refund_of_id", "reconciliation_id"):
            assert item[name] is None, (name, item)
        assert item["tags"] == []
        assert {line["currency"] for line in item["postings"]} == {"EUR"}
        assert [line["line"] for line in item["postings"]] == list(range(len(item["postings"])))
        whole = await kim.read(f"/transactions/{row_id}")
        assert whole["other_side_private"] is False
        shared = [line for line in whole["postings"] if line["account_id"] == home.shared["id"]]
        assert [line["amount"] for line in item["postings"]] == [line["amount"] for line in shared]
        assert (item["date"], item["type"], item["revision"]) == (whole["date"], whole["type"], whole["revision"])
        history = (await robin.read(f"/transactions/{row_id}/history"))["items"]
        assert history[-1]["action"] == "created"
        assert all(event["after"]["other_side_private"] for event in history)
    into, out, journal, refund, merged = home.partial
    shown = {row_id: (await robin.read(f"/transactions/{row_id}"))["amount"] for row_id in home.partial}
    assert shown == {into: "77.00", out: "55.00", journal: "30.00", refund: "5.00", merged: "60.00"}


async def test_those_whom_it_names_see_all(kim: Person, robin: Person, home: Household) -> None:
    assert len((await kim.read("/accounts"))["items"]) == 2
    answer = await kim.http.patch(
        f"/accounts/{home.private['id']}", json={"visible_to": [kim.user["id"], robin.user["id"]]}
    )
    assert set(expect(answer, 200)["visible_to"]) == {kim.user["id"], robin.user["id"]}
    assert await robin.read("/accounts") == await kim.read("/accounts")
    for path in ("/transactions", "/payees", "/tags", "/imports"):
        assert await robin.read(path, limit=500) == await kim.read(path, limit=500)
    assert (await robin.read("/transactions", q=MARK))["items"]


async def test_no_write_reaches_it(
    app: FastAPI, kim: Person, robin: Person, home: Household, owner_database: Database, unchanged: Unchanged
) -> None:
    await join(owner_database, home.book_id, robin, "owner")
    ids = {f"{kind}_id": rows[0] for kind, rows in home.hidden.items()}
    ids |= {"category_id": home.category_id, "other_payee_id": ids["payee_id"], "other_tag_id": ids["tag_id"]}
    revision = (await kim.read(f"/transactions/{home.hidden['transaction'][0]}"))["revision"]
    ids |= {"book_id": home.book_id, "revision": str(revision), "due_on": "2090-02-01", "skipped_on": "2090-03-01"}
    async with unchanged(kim):
        for name, attempt in ATTEMPTS.items():
            method, path = operations(app)[name]
            if method == "GET" or attempt.expected != FOREIGN or "_id}" not in path.replace("{book_id}", ""):
                continue
            if "{category_id}" in path or not set(re.findall(r"\{(\w+)\}", path)) <= ids.keys():
                continue  # what has no part in an account
            answer = await call(robin.http, app, name, ids)
            assert answer.status_code == 404, (name, answer.text)
        for row_id in home.partial:
            url = f"/transactions/{row_id}"
            expense = {"type": "expense", "date": "2026-01-20", "amount": "1", "account_id": home.shared["id"]}
            operations_ = [{"op": "delete", "id": row_id}]
            file = {"file": ("a.png", b"\x89PNG\r\n\x1a\n", "image/png")}
            for answer in (
                await robin.http.patch(url, json={"notes": "mine"}),
                await robin.http.put(url, json=expense),
                await robin.http.delete(url),
                await robin.http.post(f"{url}/unseal", json={"reason": "why not"}),
                await robin.http.post(f"{url}/attachments", files=file),
            ):
                problem(answer, 409, "private_other_side")
                assert not leaks(answer, home)
            answer = await robin.http.post("/transactions/bulk", json={"mode": "atomic", "operations": operations_})
            assert answer.status_code in {409, 422}, answer.text
            assert "private_other_side" in answer.text
        statement = {"statement_date": "2026-01-31", "statement_balance": "0", "adjust": True}
        refused = await robin.http.post(f"/accounts/{home.shared['id']}/reconcile", json=statement)
        problem(refused, 409, "private_other_side")
        both = next(row for row in (await robin.read("/payees"))["items"] if row["name"] == "Shared shop")
        other = expect(await robin.http.get("/tags"), 200)["items"][0]
        events = (await kim.read(f"/books/{home.book_id}/activity", limit=500))["items"]
        touched = {e["revision"] for e in events if e["entity_id"] in {*home.partial, *home.hidden["transaction"]}}
        for number in touched:
            answer = await robin.http.post(f"/books/{home.book_id}/undo", json={"revision": number})
            if answer.status_code == 404:  # all of it is hidden
                problem(answer, 404, "revision_not_found")
            else:
                problem(answer, 409, "private_other_side")
        for answer in (
            await robin.http.delete(f"/tags/{other['id']}", params={"force": True}),
            await robin.http.delete(f"/categories/{home.category_id}"),
            await robin.http.delete(f"/payees/{both['id']}", params={"reassign_to": home.hidden["payee"][0]}),
        ):
            assert answer.status_code in {404, 409}, answer.text
            assert not leaks(answer, home)


async def test_a_name_that_came_with_it_can_be_used_and_is_everybodys_then(
    kim: Person, robin: Person, home: Household, unchanged: Unchanged
) -> None:
    async with unchanged(kim):
        problem(await robin.http.post("/payees", json={"name": f"{MARK} shop"}), 409, "name_taken")
        problem(await robin.http.post("/payees", json={"name": f"{MARK} alias"}), 409, "name_taken")
        problem(await robin.http.post("/tags", json={"name": f"{MARK} tag"}), 409, "name_taken")
        by_alias = await robin.try_add(account_id=home.shared["id"], payee=f"{MARK} alias")
        problem(by_alias, 409, "private_other_side")
        assert not leaks(await robin.http.post("/payees", json={"name": f"{MARK} alias"}), home) - {MARK}
    made = await robin.add(account_id=home.shared["id"], payee=f"{MARK} shop", tags=[f"{MARK} tag"])
    assert made["payee_id"] == (await kim.read("/payees", q=f"{MARK} shop"))["items"][0]["id"]
    assert (await robin.read(f"/payees/{made['payee_id']}"))["name"] == f"{MARK} shop"
    assert (await robin.read("/transactions", payee_id=made["payee_id"], include_total=True))["total"] == 1


async def test_an_owner_checks_the_whole_book_and_is_told_of_what_they_see(
    robin: Person, home: Household, owner_database: Database
) -> None:
    await join(owner_database, home.book_id, robin, "owner")
    assert (await robin.read(f"/books/{home.book_id}/integrity"))["ok"]
    damage = text("UPDATE accounts SET balance = balance + 1 WHERE book_id = :book")
    repair = text("UPDATE accounts SET balance = balance - 1 WHERE book_id = :book")
    async with owner_database.begin() as connection:
        await connection.execute(damage, {"book": home.book_id})
    answer = await robin.http.get(f"/books/{home.book_id}/integrity")
    async with owner_database.begin() as connection:
        await connection.execute(repair, {"book": home.book_id})
    assert not leaks(answer, home)
    [broken] = [check for check in answer.json()["checks"] if not check["ok"]]
    assert sorted(map(len, broken["offenders"])) == [0, 3]
    assert home.shared["id"] in answer.text
