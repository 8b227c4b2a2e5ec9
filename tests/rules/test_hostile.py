"""Rules of a member against what another one keeps private."""

from typing import Any

from tests.households.sharing import join
from tests.people import Person, expect
from tests.rules.making import rule, run, says, tags

ANY = says("amount", "greater", "0.01")


async def entered(kim: Person, account: dict[str, Any]) -> dict[str, Any]:
    return await kim.add(account_id=account["id"], amount="77.00", payee="Zebra")


async def test_a_rule_does_not_bring_what_is_private_before_its_writer(kim: Person, robin: Person) -> None:
    """Robin's rules would turn what Kim spends in private into transfers that Robin sees, and mark what they match."""
    await join(kim, robin)
    shared, private = await kim.account("Shared"), await kim.account("Private", visibility="private")
    old = await entered(kim, private)
    robin.http.headers["X-Book-Id"] = kim.book_id
    other = await robin.account("Other")
    await rule(
        robin, {"type": "make_transfer", "account_id": other["id"]}, when=says("account", "equals", shared["id"])
    )
    transfer = {"type": "make_transfer", "account_id": other["id"]}
    await rule(robin, transfer, when=says("payee", "equals", "Zebra"))
    new = await entered(kim, private)
    assert (new["type"], new["warnings"]) == ("expense", [])
    done = await run(kim)
    assert (done["changed"], done["matched"]) == (0, 0)
    assert (await kim.read(f"/transactions/{old['id']}"))["type"] == "expense"
    assert (await entered(kim, shared))["type"] == "transfer"
    del robin.http.headers["X-Book-Id"]


async def test_a_rule_is_asked_of_what_its_last_writer_sees(kim: Person, robin: Person) -> None:
    await join(kim, robin)
    shared, private = await kim.account("Shared"), await kim.account("Private", visibility="private")
    robin.http.headers["X-Book-Id"] = kim.book_id
    probe = f"/rules/{(await rule(robin, tags('probe'), when=ANY))['id']}"
    moved = await kim.add(type="transfer", account_id=shared["id"], to_account_id=private["id"])
    lines = [(shared["id"], "-3.00"), (private["id"], "3.00")]
    postings = [{"account_id": account, "amount": amount, "role": "transfer"} for account, amount in lines]
    journal = await kim.http.post("/transactions", json={"type": "journal", "date": "2026-01-15", "postings": postings})
    assert (moved["tags"], expect(journal, 201)["tags"]) == ([], [])
    assert (await run(kim))["changed"] == 0
    assert (await entered(kim, shared))["tags"] == ["probe"]
    expect(await kim.http.patch(probe, json={"actions": [tags("mine")]}), 200)
    assert (await entered(kim, private))["tags"] == ["mine"]
    expect(await robin.http.patch(probe, json={"name": "Renamed"}), 200)
    assert (await entered(kim, private))["tags"] == ["mine"]
    expect(await robin.http.patch(probe, json={"condition": ANY}), 200)
    assert (await entered(kim, private))["tags"] == []
    await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": (await kim.read(probe))["revision"]})
    assert (await entered(kim, private))["tags"] == ["mine"]
    del robin.http.headers["X-Book-Id"]
