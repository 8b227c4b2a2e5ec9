"""What is held on a private account alone does not exist for members who do not see the account."""

from sqlalchemy import text

from app.core.database import Database
from tests.assets.conftest import asset
from tests.people import Person, expect, problem
from tests.security.household import join
from tests.staff import run

MARK = "zqxheld"
HOLD = """
    INSERT INTO trades (book_id, account_id, asset_id, kind, date, quantity, cost, revision)
    VALUES (:book, :account, :asset, 'deposit', '2026-01-01', 1, 1, 1)
"""


async def told(person: Person, book: str) -> str:
    """Everything that the book tells of what happened in it."""
    pages = [await person.get("/portfolio/assets", limit=500)]
    for path, more in (("activity", {}), ("changes", {"since": 0})):
        pages.append(await person.get(f"/books/{book}/{path}", limit=500, **more))
    return "".join(expect(page, 200) and page.text for page in pages)


async def test_an_asset_is_hidden_with_the_account_that_holds_it(
    kim: Person, robin: Person, owner_database: Database
) -> None:
    shared = await kim.account("Shared", type="investment")
    private = await kim.account("Own", type="investment", visibility="private")
    hidden, both, free = [await asset(kim, name) for name in (MARK, "BOTH", "FREE")]
    url = f"/portfolio/assets/{hidden['id']}"
    expect(await kim.http.put(f"{url}/prices/2026-01-02", json={"price": "7331.37"}), 200)
    expect(await kim.http.put(f"{url}/prices/2026-01-03", json={"price": "7331.38"}), 200)
    expect(await kim.http.delete(f"{url}/prices/2026-01-03"), 204)
    for account, held in ((private, hidden), (private, both), (shared, both)):
        await run(owner_database, HOLD, book=kim.book_id, account=account["id"], asset=held["id"])
    await join(owner_database, kim.book_id, robin, "editor")
    assert [item["symbol"] for item in (await robin.read("/portfolio/assets"))["items"]] == ["BOTH", "FREE"]
    for path in ("", "/price", "/prices"):
        problem(await robin.get(f"{url}{path}"), 404, "asset_not_found")
    assert (await robin.get(f"{url}/history")).status_code == 404
    problem(await robin.http.put(f"{url}/prices/2026-01-02", json={"price": "1"}), 404, "asset_not_found")
    problem(await robin.http.delete(url), 404, "asset_not_found")
    problem(await robin.http.post(f"{url}/refresh"), 404, "asset_not_found")
    file = {"file": ("prices.csv", f"{MARK},2026-01-02,1\n".encode(), "text/csv")}
    unknown = await robin.http.post("/portfolio/prices/import", files=file, params={"skip_errors": "true"})
    assert expect(unknown, 200)["errors"][0]["code"] == "asset_not_found"
    taken = {"symbol": MARK, "name": "x", "type": "etf", "currency": "EUR"}
    answer = problem(await robin.http.post("/portfolio/assets", json=taken), 409, "symbol_taken")
    assert hidden["id"] not in str(answer)
    happened = (await kim.read(f"/books/{kim.book_id}/activity", limit=500))["items"]
    priced = {item["entity_id"] for item in happened if item["entity"] == "asset_price"}
    assert len(priced) == 2
    secrets = (MARK, hidden["id"], "7331.37", *priced)
    seen, whole = await told(robin, kim.book_id), await told(kim, kim.book_id)
    assert [secret for secret in secrets if secret in seen] == []
    assert [secret for secret in secrets if secret not in whole] == []
    async with owner_database.begin() as connection:
        for table in ("trades", "positions"):
            statement = text(f"DELETE FROM {table} WHERE book_id = :book AND asset_id = :asset")
            await connection.execute(statement, {"book": kim.book_id, "asset": hidden["id"]})
    expect(await kim.http.delete(url), 204)
    seen = await told(robin, kim.book_id)
    assert [secret for secret in secrets if secret in seen] == [], "not when it is gone, either"
    assert free["id"] in seen
    for table in ("trades", "positions"):
        await run(owner_database, f"DELETE FROM {table} WHERE book_id = :book", book=kim.book_id)
    del robin.http.headers["X-Book-Id"]
