"""The base currency stays as it is while budgets have amounts in it."""

from tests.budgets.helpers import budget, undo
from tests.people import Person, expect, problem


async def test_the_first_account_changes_no_budgets_currency(kim: Person) -> None:
    made = await budget(kim, amount="100.50")
    await kim.account(currency="JPY")
    found = await kim.read(f"/budgets/{made['id']}")
    assert (found["amount"], found["currency"]) == ("100.50", "EUR")
    assert (await kim.read(f"/books/{kim.book_id}"))["base_currency"] == "EUR"
    await undo(kim)
    expect(await kim.http.delete(f"/budgets/{made['id']}"), 204)
    # Nothing is in the base currency any more, and nobody has chosen it.
    await kim.account(currency="JPY")
    assert (await kim.read(f"/books/{kim.book_id}"))["base_currency"] == "JPY"


async def test_nobody_changes_it_under_a_budget(kim: Person) -> None:
    path = f"/books/{kim.book_id}"
    made = await budget(kim)
    problem(await kim.http.patch(path, json={"base_currency": "JPY"}), 409, "base_currency_in_use")
    expect(await kim.http.delete(f"/budgets/{made['id']}"), 204)
    chosen = expect(await kim.http.patch(path, json={"base_currency": "JPY"}), 200)["revision"]
    await budget(kim, amount="100")
    problem(await kim.http.post(f"{path}/undo", json={"revision": chosen}), 409, "later_changes")
