"""Many operations at once: each judged by itself, all written as one revision, or nothing at all."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import pytest
from httpx import Response

from app.core.database import Database
from tests.api.test_statement_counts import Counted, counted
from tests.conftest import Unchanged
from tests.history.following import revision, same, state, undo
from tests.names import lock
from tests.people import Person, expect, fields, problem

__all__ = ["counted"]

Document = dict[str, Any]
UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"


def expense(account: Document, **more: Any) -> Document:
    body = {"type": "expense", "date": "2026-01-15", "amount": "10.00", "account_id": account["id"], **more}
    return {"op": "create", "transaction": body}


def patch(transaction: Document, revision: int | None = None, **changes: Any) -> Document:
    operation: Document = {"op": "patch", "id": transaction["id"], "changes": changes}
    return operation if revision is None else {**operation, "revision": revision}


def delete(transaction: Document, **more: Any) -> Document:
    return {"op": "delete", "id": transaction["id"], **more}


async def try_bulk(person: Person, *operations: Any, **more: Any) -> Response:
    return await person.http.post("/transactions/bulk", json={"operations": list(operations), **more})


async def bulk(person: Person, *operations: Any) -> Document:
    """All of them, or a failing test."""
    done: Document = expect(await try_bulk(person, *operations), 200)
    assert (done["done"], done["failed"]) == (len(operations), 0)
    return done


async def each(person: Person, *operations: Any) -> list[Document]:
    """The results in mode `per_item`."""
    done = expect(await try_bulk(person, *operations, mode="per_item"), 200)
    results: list[Document] = done["results"]
    assert [result["index"] for result in results] == list(range(len(operations)))
    assert done["done"] == sum(result["ok"] for result in results)
    assert done["done"] + done["failed"] == len(operations)
    assert all((result["error"] is None) is result["ok"] for result in results)
    await person.check_integrity()
    return results


def codes(results: list[Document]) -> list[str | None]:
    return [result["error"] and result["error"]["code"] for result in results]


async def test_operations_of_all_kinds_are_one_revision(kim: Person) -> None:
    account, other = await kim.account(), await kim.account("Other")
    first, second = [await kim.add(account_id=account["id"], payee="Old") for _ in range(2)]
    before, number = await state(kim), await revision(kim)
    done = await bulk(
        kim,
        expense(account, payee="New", tags=["a"]),
        expense(account, payee="new", tags=["A", "b"]),
        expense(account, type="transfer", to_account_id=other["id"], amount="3.00"),
        patch(first, amount="1.00", payee="NEW"),
        delete(second),
    )
    assert done["revision"] == number + 1 == await revision(kim)
    made = [result["transaction"] for result in done["results"]]
    assert made[4] is None
    assert done["results"][4]["id"] == second["id"]
    assert {made[0]["payee_id"]} == {made[1]["payee_id"], made[3]["payee_id"]}
    for document in made[:4]:
        assert await kim.read(f"/transactions/{document['id']}") == document
        assert document["revision"] == number + 1
    assert (await kim.balance(account), await kim.balance(other)) == ("-24.00", "3.00")
    await undo(kim, number + 1)
    same(await state(kim), before)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"operations": None},
        {"operations": []},
        {"operations": {}},
        {"operations": [{"op": "delete", "id": UNKNOWN}] * 1001},
        {"operations": [{"op": "delete", "id": UNKNOWN}], "mode": "some"},
        {"operations": [{"op": "delete", "id": UNKNOWN}], "more": 1},
        [],
        None,
        "x",
    ],
)
@pytest.mark.parametrize("mode", [{}, {"mode": "per_item"}])
async def test_returns_422_for_what_is_no_list_of_operations(
    kim: Person, unchanged: Unchanged, body: Any, mode: Document
) -> None:
    body = {**mode, **body} if isinstance(body, dict) else body
    async with unchanged(kim):
        problem(await kim.http.post("/transactions/bulk", json=body), 422, "invalid_input")


UNREADABLE: list[tuple[Any, str]] = [
    (None, "op"),
    (1, "op"),
    ([], "op"),
    ({}, "op"),
    ({"op": None}, "op"),
    ({"op": "upsert"}, "op"),
    ({"op": "delete"}, "id"),
    ({"op": "delete", "id": "x"}, "id"),
    ({"op": "delete", "id": UNKNOWN, "revision": -1}, "revision"),
    ({"op": "delete", "id": UNKNOWN, "revision": 2**62}, "revision"),
    ({"op": "delete", "id": UNKNOWN, "extra": 1}, "extra"),
    ({"op": "patch", "id": UNKNOWN}, "changes"),
    ({"op": "patch", "id": UNKNOWN, "changes": {"amount": 0}}, "changes.amount"),
    ({"op": "patch", "id": UNKNOWN, "changes": {"payee": "a" * 201}}, "changes.payee"),
    ({"op": "create"}, "transaction"),
    ({"op": "create", "transaction": {"type": "gift"}}, "transaction"),
    ({"op": "create", "transaction": {"type": "expense", "amount": "1e9999", "date": "2026-01-01"}}, "transaction"),
    ({"op": "create", "transaction": {"type": "expense", "notes": "x" * 10**6}}, "transaction.notes"),
]


async def test_an_operation_that_is_none_fails_alone(kim: Person) -> None:
    account = await kim.account()
    results = await each(kim, expense(account), *(operation for operation, _ in UNREADABLE), expense(account))
    assert [result["ok"] for result in results] == [True, *[False] * len(UNREADABLE), True]
    for result, (operation, field) in zip(results[1:-1], UNREADABLE, strict=True):
        assert result["error"]["code"] == "invalid_input", (operation, result)
        named = {item["field"] for item in result["error"]["errors"]}
        assert any(name == field or name.startswith(f"{field}.") for name in named), (operation, named)
    assert await kim.balance(account) == "-20.00"


async def test_all_or_nothing_names_every_operation_that_is_wrong(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"])
    async with unchanged(kim):
        answer = await try_bulk(
            kim,
            expense(account, payee="Fine"),
            expense(account, amount="1.005"),
            {"op": "delete", "id": UNKNOWN},
            patch(made, revision=1, notes="x"),
            expense({"id": UNKNOWN}),
            {"op": "nothing"},
            expense(account, date="2999-01-01", splits=[{"amount": "1.00"}]),
        )
        assert fields(problem(answer, 422, "invalid_input")) == {
            ("operations.1.amount", "too_many_decimals"),
            ("operations.2", "transaction_not_found"),
            ("operations.3", "revision_mismatch"),
            ("operations.4", "reference_not_found"),
            ("operations.5.op", "union_tag_invalid"),
            ("operations.6.date", "date_in_future"),
            ("operations.6.splits", "splits_do_not_sum"),
        }


async def test_those_that_are_right_are_done_and_the_others_leave_nothing(kim: Person) -> None:
    """Not even the payees and tags that they name."""
    account = await kim.account()
    sealed = await kim.add(account_id=account["id"])
    body = {"statement_date": "2026-01-31", "statement_balance": "-10.00"}
    expect(await kim.http.post(f"/accounts/{account['id']}/reconcile", json=body), 201)
    results = await each(
        kim,
        expense(account, payee="Right", tags=["right"]),
        expense(account, payee="Wrong 1", tags=["wrong"], amount="1.005"),
        patch(sealed, amount="11.00", payee="Wrong 2", tags=["wrong"]),
        patch({"id": UNKNOWN}, payee="Wrong 3"),
        expense(account, payee="Wrong 4", external_id="x"),
        expense(account, payee="Wrong 5", external_id="x"),
    )
    assert codes(results) == [
        None,
        "invalid_input",
        "sealed",
        "transaction_not_found",
        None,
        "duplicate_external_id",
    ]
    assert [item["name"] for item in (await kim.read("/payees"))["items"]] == ["Right", "Wrong 4"]
    assert [item["name"] for item in (await kim.read("/tags"))["items"]] == ["right"]


async def test_a_transaction_is_named_once(kim: Person) -> None:
    account = await kim.account()
    made, own = await kim.add(account_id=account["id"]), str(uuid4())
    results = await each(
        kim,
        patch(made, notes="one"),
        delete(made),
        patch(made, notes="two"),
        expense(account, id=own),
        expense(account, id=own, amount="99.00"),
        expense(account, id=made["id"]),
    )
    assert codes(results) == [None, "invalid_input", "invalid_input", None, "invalid_input", "invalid_input"]
    assert (await kim.read(f"/transactions/{made['id']}"))["notes"] == "one"
    assert codes(await each(kim, expense(account, id=made["id"]), expense(account, id=own.upper()))) == ["id_taken"] * 2


async def test_external_ids_are_free_or_their_own(kim: Person) -> None:
    account, other = await kim.account(), await kim.account("Other")
    held = await kim.add(account_id=account["id"], external_id="held")
    free = await kim.add(account_id=account["id"])
    results = await each(
        kim,
        expense(account, external_id="held"),
        expense(other, external_id="held"),
        expense(account, external_id="new"),
        expense(account, external_id="new"),
        patch(free, external_id="held"),
        patch(held, notes="keeps it"),
        expense(other, external_id="HELD"),
    )
    taken = "duplicate_external_id"
    assert codes(results) == [taken, None, None, taken, taken, None, None]


async def test_what_an_operation_frees_is_not_taken_by_the_next(kim: Person) -> None:
    account = await kim.account()
    held = await kim.add(account_id=account["id"], external_id="x")
    assert codes(await each(kim, delete(held), expense(account, external_id="x"))) == [None, "duplicate_external_id"]


async def test_a_purchase_goes_with_its_refunds_in_any_order(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    for order in (1, -1):
        bought = await kim.add(account_id=account["id"])
        refunds = [
            await kim.add(type="income", account_id=account["id"], amount="1.00", refund_of_id=bought["id"])
            for _ in range(2)
        ]
        async with unchanged(kim):
            answer = await try_bulk(kim, delete(bought), delete(refunds[0]))
            assert fields(problem(answer, 422, "invalid_input")) == {("operations.0", "refunded")}
        await bulk(kim, *[delete(item) for item in (bought, *refunds)][::order])


async def test_a_purchase_stays_when_the_deletion_of_its_refund_fails(kim: Person, owner_database: Database) -> None:
    account = await kim.account()
    bought = await kim.add(account_id=account["id"], date="2026-02-01")
    refund = await kim.add(type="income", account_id=account["id"], date="2026-01-10", refund_of_id=bought["id"])
    assert codes(await each(kim, delete(bought), delete(refund, revision=1))) == ["refunded", "revision_mismatch"]
    assert codes(await each(kim, patch(refund, notes="x"), delete(refund), delete(bought))) == [
        None,
        "invalid_input",
        "refunded",
    ]
    await lock(owner_database, kim, "2026-01-31")
    assert codes(await each(kim, delete(bought), delete(refund))) == ["refunded", "period_locked"]
    await lock(owner_database, kim, None)
    assert codes(await each(kim, patch(refund, refund_of_id=None), delete(bought))) == [None, None]


async def test_a_refund_of_what_another_operation_takes_away_is_refused(kim: Person) -> None:
    account, other = await kim.account(), await kim.account("Other")
    bought = [await kim.add(account_id=account["id"]) for _ in range(4)]

    def refund(purchase: Document) -> Document:
        return expense(account, type="income", amount="1.00", refund_of_id=purchase["id"])

    moved = {"type": "transfer", "to_account_id": other["id"]}
    results = await each(
        kim,
        delete(bought[0]),
        refund(bought[0]),
        refund(bought[1]),
        delete(bought[1]),
        patch(bought[2], **moved),
        refund(bought[2]),
        refund(bought[3]),
        patch(bought[3], **moved),
    )
    assert codes(results) == [None, "invalid_input", None, "refunded", None, "invalid_input", None, "refunded"]


async def test_an_adjustment_counts_what_the_operations_above_it_moved(kim: Person) -> None:
    account, other = await kim.account(), await kim.account("Other")
    made = await kim.add(account_id=account["id"], amount="5.00")
    adjusted = {"type": "adjustment", "account_id": account["id"], "date": "2026-01-31", "balance": "100.00"}
    done = await bulk(
        kim,
        expense(account, amount="7.00"),
        expense(account, amount="1000.00", date="2026-02-01"),
        patch(made, amount="6.00"),
        expense(other, type="transfer", to_account_id=account["id"], amount="2.00"),
        {"op": "create", "transaction": adjusted},
        expense(account, amount="0.50"),
    )
    assert done["results"][4]["transaction"]["amount"] == "111.00"
    assert await kim.balance(account, "2026-01-31") == "99.50"
    assert await kim.balance(account) == "-900.50"
    results = await each(kim, delete(made), patch(done["results"][4]["transaction"], balance="0.00"))
    assert codes(results) == [None, None]
    assert await kim.balance(account, "2026-01-31") == "0.00"


async def test_closed_sealed_and_opening_transactions_fail_alone(kim: Person, owner_database: Database) -> None:
    account = await kim.account(opening_balance="5.00", opening_date="2026-02-01")
    closed, open_ = [await kim.add(account_id=account["id"], date=day) for day in ("2026-01-05", "2026-02-05")]
    opening = (await kim.read("/transactions", type="opening_balance"))["items"][0]
    sealed = await kim.add(account_id=account["id"], date="2026-02-06")
    body = {"statement_date": "2026-02-28", "statement_balance": "-25.00"}
    expect(await kim.http.post(f"/accounts/{account['id']}/reconcile", json=body), 201)
    expect(await kim.http.post(f"/transactions/{open_['id']}/unseal", json={"reason": "x"}), 200)
    expect(await kim.http.post(f"/transactions/{closed['id']}/unseal", json={"reason": "x"}), 200)
    await lock(owner_database, kim, "2026-01-31")
    results = await each(
        kim,
        delete(closed),
        expense(account, date="2026-01-31"),
        patch(open_, date="2026-01-31"),
        delete(sealed),
        delete(opening),
        patch(opening, notes="x"),
        expense(account, date="2026-02-01"),
    )
    locked = "period_locked"
    assert codes(results) == [locked, locked, locked, "sealed", "opening_balance", "opening_balance", None]
    assert codes(await each(kim, patch(sealed, notes="may change"), delete(open_))) == [None, None]


async def test_somebody_elses_ids_do_not_exist(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    account, mine = await kim.account(), await robin.account()
    food = await kim.category()
    made = await kim.add(account_id=account["id"], external_id="x")
    async with unchanged(kim):
        results = await each(
            robin,
            delete(made),
            patch(made, notes="mine now"),
            expense(account),
            expense(mine, category_id=food["id"]),
            expense(mine, type="transfer", to_account_id=account["id"]),
            expense(mine, type="income", refund_of_id=made["id"]),
            expense(mine, external_id="x"),
            expense(mine, id=made["id"]),
        )
    missing = "transaction_not_found"
    assert codes(results) == [missing, missing, *["reference_not_found"] * 4, None, None]


async def test_a_key_makes_it_happen_once(kim: Person) -> None:
    account = await kim.account()
    body = {"operations": [expense(account)] * 3}
    headers = {"Idempotency-Key": "bulk-1"}
    first, again = [await kim.http.post("/transactions/bulk", json=body, headers=headers) for _ in range(2)]
    assert (first.status_code, again.json()) == (200, first.json())
    assert await kim.balance(account) == "-30.00"


async def test_two_at_once_with_the_same_revision_change_it_once(kim: Person) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"])
    operations = [patch(made, revision=made["revision"], amount=f"{number}.00") for number in (1, 2)]
    answers = await asyncio.gather(*(try_bulk(kim, operation, mode="per_item") for operation in operations))
    assert sorted(answer.json()["done"] for answer in answers) == [0, 1]


async def test_a_thousand_cost_as_many_statements_as_ten(counted: Counted) -> None:
    person, seen = counted
    account = await person.account()
    costs = []
    seconds = 0.0
    for count in (10, 1000):
        made = (await bulk(person, *[expense(account, payee="P", external_id=f"{count}-{n}") for n in range(count)]))[
            "results"
        ]
        rows = [result["transaction"] for result in made]
        third = count // 3
        operations = [
            *[patch(row, notes="n", tags=["t"], payee=f"Payee {n}") for n, row in enumerate(rows[:third])],
            *[delete(row) for row in rows[third : 2 * third]],
            *[expense(account, id=str(uuid4()), external_id=f"again {count}-{n}") for n in range(third)],
        ]
        seen.clear()
        started = time.perf_counter()
        await bulk(person, *operations)
        seconds = time.perf_counter() - started
        costs.append(len(seen))
    assert costs[0] == costs[1] <= 12, costs
    assert seconds < 120, seconds
    print(f"999 operations in {seconds:.2f} s, {costs[1]} statements")  # noqa: T201  # shown by pytest -s
