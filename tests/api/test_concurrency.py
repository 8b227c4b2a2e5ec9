import asyncio
from decimal import Decimal
from typing import Any

from tests.people import Person, expect, problem


async def test_no_update_of_a_balance_is_lost(kim: Person) -> None:
    account, other = await kim.account(opening_balance="1000", opening_date="2026-01-01"), await kim.account("Other")
    await asyncio.gather(
        *(kim.add(account_id=account["id"], amount=f"{number}.01", category_id=None) for number in range(1, 21)),
        *(kim.add(type="transfer", account_id=account["id"], to_account_id=other["id"], amount="1") for _ in range(10)),
    )
    assert (await kim.balance(account), await kim.balance(other)) == ("779.80", "10.00")
    revisions = [item["revision"] for item in (await kim.read("/transactions"))["items"]]
    assert len(set(revisions)) == len(revisions) == 31


async def test_of_many_changes_with_one_etag_exactly_one_wins(kim: Person) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"])
    tag = {"If-Match": f'"{made["revision"]}"'}
    answers = await asyncio.gather(
        *(
            kim.http.patch(f"/transactions/{made['id']}", json={"amount": str(number)}, headers=tag)
            for number in range(1, 11)
        )
    )
    won = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    for answer in answers:
        if answer.status_code != 200:
            problem(answer, 412, "revision_mismatch")
    assert await kim.read(f"/transactions/{made['id']}") == won[0]
    assert await kim.balance(account) == f"-{won[0]['amount']}"


async def test_the_same_new_payee_is_made_once(kim: Person) -> None:
    account = await kim.account()
    made = await asyncio.gather(
        *(kim.add(account_id=account["id"], payee=name, tags=[name]) for name in ("Shop", "SHOP", "shop") * 4)
    )
    assert len({item["payee_id"] for item in made}) == 1
    assert len((await kim.read("/payees"))["items"]) == len((await kim.read("/tags"))["items"]) == 1


async def test_deleting_an_account_while_transactions_come(kim: Person) -> None:
    for _ in range(5):
        account = await kim.account()
        deleted, *added = await asyncio.gather(
            kim.http.delete(f"/accounts/{account['id']}"),
            *(kim.try_add(account_id=account["id"], amount="1") for _ in range(4)),
        )
        count = sum(answer.status_code == 201 for answer in added)
        if deleted.status_code == 204:
            assert count == 0
            problem(await kim.get(f"/accounts/{account['id']}"), 404, "account_not_found")
        else:
            assert 1 <= problem(deleted, 409, "account_in_use")["transactions"] <= count
            assert await kim.balance(account) == f"-{count}.00"
        for answer in added:
            if answer.status_code != 201:
                problem(answer, 404, "reference_not_found")


async def test_the_same_external_id_comes_in_once(kim: Person) -> None:
    account = await kim.account()
    answers = await asyncio.gather(*(kim.try_add(account_id=account["id"], external_id="bank-1") for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert await kim.balance(account) == "-10.00"


async def test_first_accounts_at_the_same_moment_agree_on_the_base_currency(kim: Person) -> None:
    await asyncio.gather(*(kim.account(currency=currency) for currency in ("USD", "JPY", "EUR", "CHF")))
    base = (await kim.read(f"/books/{kim.book_id}"))["base_currency"]
    oldest = min((await kim.read("/accounts"))["items"], key=lambda account: account["revision"])
    assert base == oldest["currency"]


async def test_mixed_writers_and_readers_see_a_consistent_book(kim: Person) -> None:
    left, right = await kim.account(), await kim.account("Right")

    async def write(number: int) -> None:
        made = await kim.add(type="transfer", account_id=left["id"], to_account_id=right["id"], amount=str(number))
        expect(await kim.http.patch(f"/transactions/{made['id']}", json={"amount": str(number * 2)}), 200)
        if number % 2:
            expect(await kim.http.delete(f"/transactions/{made['id']}"), 204)

    async def look() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await kim.read("/accounts"))["items"]
        return items

    writers = asyncio.gather(*(write(number) for number in range(1, 9)))
    seen = [await look() for _ in range(10)]
    await writers
    for accounts in seen:
        assert sum(Decimal(account["balance"]) for account in accounts) == 0
    assert (await kim.balance(left), await kim.balance(right)) == ("-40.00", "40.00")
