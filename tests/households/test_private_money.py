"""Members, private accounts and leaving together: what is private stays so, and in nobody's way."""

from io import BytesIO
from typing import Any
from zipfile import ZipFile

from app.core.database import Database
from tests.households.sharing import join
from tests.people import Person, expect, problem
from tests.staff import confirm


async def private_account(kim: Person, robin: Person) -> dict[str, Any]:
    """Robin, an editor of Kim's book, keeps an account that Kim does not see."""
    await join(kim, robin)
    robin.http.headers["X-Book-Id"] = kim.book_id
    account = await robin.account("Zebra savings", visibility="private")
    await robin.try_add(account_id=account["id"], type="income", amount="777.00", description="zebra")
    assert (await kim.get(f"/accounts/{account['id']}")).status_code == 404
    return account


async def test_an_owner_does_not_read_a_members_private_account_by_removing_them(kim: Person, robin: Person) -> None:
    account = await private_account(kim, robin)
    path = f"/books/{kim.book_id}/members/{robin.user['id']}"
    answer = await kim.http.delete(path)
    del robin.http.headers["X-Book-Id"]
    assert (await kim.get(f"/accounts/{account['id']}")).status_code == 404
    problem(answer, 409, "holds_private_accounts")


async def test_who_leaves_does_not_hand_their_private_account_over_unasked(kim: Person, robin: Person) -> None:
    account = await private_account(kim, robin)
    answer = await robin.http.post(f"/books/{kim.book_id}/leave")
    del robin.http.headers["X-Book-Id"]
    assert (await kim.get(f"/accounts/{account['id']}")).status_code == 404
    problem(answer, 409, "holds_private_accounts")


async def test_an_owner_can_delete_a_book_with_a_transfer_to_a_private_account(
    kim: Person, robin: Person, owner_database: Database
) -> None:
    account = await private_account(kim, robin)
    shared = await kim.account("Shared")
    made = await robin.try_add(type="transfer", account_id=shared["id"], to_account_id=account["id"], amount="5.00")
    expect(made, 201)
    del robin.http.headers["X-Book-Id"]
    await confirm(owner_database, kim)
    name = (await kim.read(f"/books/{kim.book_id}"))["name"]
    answer = await kim.http.delete(f"/books/{kim.book_id}", params={"name": name})
    assert answer.status_code == 204, answer.text


async def test_an_editor_does_not_hide_a_shared_account_from_the_owner(kim: Person, robin: Person) -> None:
    await join(kim, robin)
    account = await kim.account("The household's")
    robin.http.headers["X-Book-Id"] = kim.book_id
    change = {"visibility": "private", "visible_to": [robin.user["id"]]}
    answer = await robin.http.patch(f"/accounts/{account['id']}", json=change)
    del robin.http.headers["X-Book-Id"]
    problem(answer, 403, "owner_sees_it")
    assert (await kim.get(f"/accounts/{account['id']}")).status_code == 200


async def test_everything_taken_along_has_nothing_private(kim: Person, robin: Person, owner_database: Database) -> None:
    account = await private_account(kim, robin)
    shared = await kim.account("Shared")
    body = {"type": "transfer", "account_id": shared["id"], "to_account_id": account["id"], "amount": "5.00"}
    expect(await robin.try_add(**body, description="zebra", notes="zebra", tags=["zebra"]), 201)
    del robin.http.headers["X-Book-Id"]
    await confirm(owner_database, kim)
    answer = await kim.get("/users/me/export")
    assert answer.status_code == 200
    with ZipFile(BytesIO(answer.content)) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8", "replace").lower()
            for secret in ("zebra", "777.00"):
                assert secret not in text, (name, secret)


async def test_who_alone_sees_an_account_is_not_made_a_viewer(kim: Person, robin: Person) -> None:
    """They could neither share nor delete it then, nor leave."""
    await private_account(kim, robin)
    del robin.http.headers["X-Book-Id"]
    path = f"/books/{kim.book_id}/members/{robin.user['id']}"
    problem(await kim.http.put(path, json={"role": "viewer"}), 409, "holds_private_accounts")
    await kim.account("Kim's own", visibility="private")
    handing_over = {"user_id": robin.user["id"], "keep": "viewer"}
    answer = await kim.http.post(f"/books/{kim.book_id}/transfer-ownership", json=handing_over)
    problem(answer, 409, "holds_private_accounts")


async def test_an_undo_brings_back_a_tag_that_came_with_a_private_account(kim: Person, robin: Person) -> None:
    """Right before, nothing that this member sees has it."""
    await join(kim, robin)
    private = await kim.account("Kim's own", visibility="private")
    shared = await kim.account("The household's")
    await kim.add(account_id=private["id"], tags=["gift"])
    spent = await kim.add(account_id=shared["id"], tags=["gift"], amount="12.00")
    robin.http.headers["X-Book-Id"] = kim.book_id
    path = f"/transactions/{spent['id']}"
    for ask in (robin.http.delete(path), robin.http.patch(path, json={"tags": []})):
        assert (await ask).is_success
        revision = (await robin.read(f"/books/{kim.book_id}"))["revision"]
        expect(await robin.http.post(f"/books/{kim.book_id}/undo", json={"revision": revision}), 200)
        assert (await robin.read(path))["tags"] == ["gift"]
    await kim.check_integrity()
