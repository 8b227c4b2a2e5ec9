"""What is carried is kept between changes; a budget without thresholds, of which nothing is kept, tells the same."""

import itertools
from typing import Any

import pytest
from sqlalchemy import text

from app.core.database import Database
from tests.budgets.helpers import assign, budget, today_is, undo
from tests.people import Person, expect
from tests.security.household import join

KEPT = text("SELECT period_start::text FROM budget_carries WHERE book_id = CAST(:book AS uuid)")
FIGURES = ("carried", "available", "spent", "remaining")
NAMES = ("both", "surplus", "deficit", "put")


async def kept(owner: Database, person: Person) -> list[str]:
    async with owner.begin() as connection:
        return list((await connection.execute(KEPT, {"book": person.book_id})).scalars())


async def alike(person: Person) -> list[str]:
    """What watched budgets carry into the present period, after each was found to agree with its like at any time."""
    items: dict[str, Any] = {}
    for day in ("2026-04-20", "2026-02-10", "2026-01-10", "2026-03-10"):
        items = {item["name"]: item for item in (await person.read("/budgets/status", date=day))["items"]}
        for name in NAMES:
            one, other = items[name], items[f"{name}, unwatched"]
            assert [one[each] for each in FIGURES] == [other[each] for each in FIGURES], (name, day)
    return [items[name]["carried"] for name in NAMES]


async def test_what_is_kept_follows_every_change(
    kim: Person, robin: Person, owner_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    today_is(monkeypatch, "2026-03-10")
    account, own = await kim.account(), await kim.account("Own", visibility="private")
    top, other = await kim.category("Top"), await kim.category("Other")
    monthly = {"start_date": "2025-10-23", "category_ids": [top["id"]]}
    weekly = {"start_date": "2025-10-03", "period": "weekly", "kind": "envelope"}
    made = {}
    for name in NAMES:
        over = weekly if name == "put" else {**monthly, "rollover": name}
        made[name] = await budget(kim, name, **over)
        made[f"{name}, unwatched"] = await budget(kim, f"{name}, unwatched", **over, thresholds=[])

    async def check(*, watched: bool = True) -> list[str]:
        """Twice: after the change, and after another one that finds what was kept, or was not."""
        assert bool(await kept(owner_database, kim)) is watched
        before = await alike(kim)
        await kim.add(account_id=account["id"], date="2026-03-09", amount="1", category_id=top["id"])
        assert len(await kept(owner_database, kim)) == len(NAMES)
        assert await alike(kim) == before
        return before

    spent = {"account_id": account["id"], "date": "2025-11-05", "category_id": top["id"]}
    seen = [await check()]
    late = await kim.add(**spent, amount="250")
    seen.append(await check())
    expect(await kim.http.patch(f"/transactions/{late['id']}", json={"date": "2026-01-30", "amount": "333"}), 200)
    seen.append(await check())
    await kim.add(**{**spent, "category_id": other["id"]}, amount="70")
    await kim.add(**{**spent, "account_id": own["id"]}, amount="40")
    seen.append(await check())
    expect(await kim.http.post(f"/categories/{other['id']}/move", json={"parent_id": top["id"]}), 200)
    seen.append(await check())
    await undo(kim, (await kim.read(f"/books/{kim.book_id}"))["revision"] - 1)
    seen.append(await check())
    await join(owner_database, kim.book_id, robin, "editor")
    seen.append(await check(watched=False))
    expect(await kim.http.patch(f"/accounts/{own['id']}", json={"visibility": "shared"}), 200)
    seen.append(await check(watched=False))
    for name, each in made.items():
        if name.startswith("put"):
            await assign(kim, each, "20", "2025-12-05")
        else:
            body = {"from": "2025-12-23", "amount": "130"}
            expect(await kim.http.post(f"/budgets/{each['id']}/amounts", json=body), 201)
    seen.append(await check())
    expect(await kim.http.delete(f"/categories/{other['id']}", params={"reassign_to": top["id"]}), 204)
    seen.append(await check())
    assert all(a != b for a, b in itertools.pairwise(seen)), seen
    today_is(monkeypatch, "2026-04-20")
    await check()
    assert set(await kept(owner_database, kim)) == {"2026-02-23", "2026-04-10"}
