from tests.people import Person, expect


async def test_whole_way(kim: Person) -> None:
    account = await kim.account(opening_balance="100", opening_date="2026-01-01")
    assert account["balance"] == "100.00"
    savings = await kim.account("Savings", type="savings")
    food = await kim.category()
    t = await kim.add(account_id=account["id"], category_id=food["id"], amount="4.50", payee="Café", tags=["x", "Y"])
    assert await kim.balance(account) == "95.50"
    read = await kim.read(f"/transactions/{t['id']}")
    assert read == t
    await kim.add(type="transfer", account_id=account["id"], to_account_id=savings["id"], amount=20)
    page = await kim.read("/transactions", limit=2)
    assert len(page["items"]) == 2
    rest = await kim.read("/transactions", limit=2, cursor=page["next_cursor"])
    assert len(rest["items"]) == 1
    r = await kim.http.patch(f"/transactions/{t['id']}", json={"amount": "5.00", "notes": "hi"})
    assert expect(r, 200)["amount"] == "5.00"
    expect(await kim.http.delete(f"/transactions/{t['id']}"), 204)
    assert await kim.balance(account) == "80.00"
    assert await kim.balance(savings, "2026-01-14") == "0.00"
