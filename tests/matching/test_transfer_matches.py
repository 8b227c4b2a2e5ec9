"""Two imported rows that are one transfer: suggested, merged, or told apart for good."""

import asyncio
from typing import Any

import pytest

from tests.conftest import Unchanged
from tests.people import Person, expect, fields, problem

HERE = b"Date,Amount,Payee,Id\n2026-01-10,-100.00,Savings plan,h1\n2026-01-12,-30.00,Shop,h2\n"
THERE = b"Date,Amount,Payee,Id\n2026-01-12,100.00,From checking,t1\n2026-01-20,5.00,Interest,t2\n"
MAPPING = '{"external_id_column": "Id"}'


async def bring_in(person: Person, account: dict[str, Any], data: bytes) -> dict[str, Any]:
    file = {"file": ("bank.csv", data, "text/csv")}
    form = {"account_id": account["id"], "mapping": MAPPING}
    preview = expect(await person.http.post("/imports", files=file, data=form), 201)
    done: dict[str, Any] = expect(await person.http.post(f"/imports/{preview['id']}/commit"), 200)
    return done


async def matches(person: Person, **params: Any) -> list[dict[str, Any]]:
    wanted = {"date_to": "2026-01-31", **params}
    found: list[dict[str, Any]] = (await person.read("/transfer-matches", **wanted))["items"]
    return found


def named(match: dict[str, Any]) -> dict[str, str]:
    return {"outgoing_id": match["outgoing"]["id"], "incoming_id": match["incoming"]["id"]}


@pytest.fixture
async def accounts(kim: Person) -> list[dict[str, Any]]:
    return [await kim.account("Here"), await kim.account("There", type="savings")]


async def test_accepting_merges_the_two_and_both_files_stay_known(kim: Person, accounts: list[dict[str, Any]]) -> None:
    here, there = accounts
    mine, theirs = await bring_in(kim, here, HERE), await bring_in(kim, there, THERE)
    (match,) = await matches(kim)
    assert (match["outgoing"]["payee"], match["incoming"]["payee"]) == ("Savings plan", "From checking")
    assert (match["days_apart"], match["rate"]) == (2, None)
    before = [await kim.balance(account) for account in accounts]
    made = expect(await kim.http.post("/transfer-matches/accept", json=named(match)), 200)
    assert (made["type"], made["id"], made["to_account_id"]) == ("transfer", match["outgoing"]["id"], there["id"])
    assert (made["date"], made["payee"], made["external_id"]) == ("2026-01-10", "Savings plan", "h1")
    assert [await kim.balance(account) for account in accounts] == before
    problem(await kim.get(f"/transactions/{match['incoming']['id']}"), 404, "transaction_not_found")
    assert await matches(kim) == []
    for account, data in ((here, HERE), (there, THERE), (there, THERE.replace(b"Interest", b"Zins"))):
        assert (await bring_in(kim, account, data))["created"] == 0
    for done in (mine, theirs):
        answer = await kim.http.post(f"/imports/{done['id']}/undo", json={"force": True})
        assert problem(answer, 409, "import_merged")["merged"] == 1


async def test_without_ids_the_merged_row_is_a_suspect_on_its_own_day(
    kim: Person, accounts: list[dict[str, Any]]
) -> None:
    here, there = accounts
    await bring_in(kim, here, HERE)
    await bring_in(kim, there, THERE)
    (match,) = await matches(kim)
    expect(await kim.http.post("/transfer-matches/accept", json=named(match)), 200)
    again = b"Date,Amount,Payee\n2026-01-12,100.00,Other words\n2026-01-10,100.00,A second one\n"
    file = {"file": ("other.csv", again, "text/csv")}
    preview = expect(await kim.http.post("/imports", files=file, data={"account_id": there["id"]}), 201)
    rows = (await kim.read(f"/imports/{preview['id']}/rows"))["items"]
    assert [(row["outcome"], row["match_id"]) for row in rows] == [
        ("suspect", match["outgoing"]["id"]),
        ("new", None),
    ]


async def test_an_undone_merge_is_suggested_again(kim: Person, accounts: list[dict[str, Any]]) -> None:
    await bring_in(kim, accounts[0], HERE)
    await bring_in(kim, accounts[1], THERE)
    (match,) = await matches(kim)
    made = expect(await kim.http.post("/transfer-matches/accept", json=named(match)), 200)
    expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": made["revision"]}), 200)
    (again,) = await matches(kim)
    for side in ("outgoing", "incoming"):
        ignored = {"revision", "updated_at"}
        assert {k: v for k, v in again[side].items() if k not in ignored} == {
            k: v for k, v in match[side].items() if k not in ignored
        }


async def test_a_rejected_pair_does_not_come_again(kim: Person, accounts: list[dict[str, Any]]) -> None:
    await bring_in(kim, accounts[0], HERE)
    await bring_in(kim, accounts[1], THERE)
    (match,) = await matches(kim)
    for _ in range(2):
        expect(await kim.http.post("/transfer-matches/reject", json=named(match)), 204)
    assert await matches(kim) == []
    revision = (await kim.read(f"/books/{kim.book_id}/activity"))["items"][0]["revision"]
    expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": revision}), 200)
    assert len(await matches(kim)) == 1


async def test_equal_transfers_pair_off_one_by_one(kim: Person, accounts: list[dict[str, Any]]) -> None:
    out = b"Date,Amount,Payee,Id\n" + b"".join(b"2026-01-10,-50.00,Twice,o%d\n" % n for n in range(2))
    back = b"Date,Amount,Payee,Id\n" + b"".join(b"2026-01-11,50.00,Twice,i%d\n" % n for n in range(2))
    await bring_in(kim, accounts[0], out)
    await bring_in(kim, accounts[1], back)
    found = await matches(kim)
    assert len({match["outgoing"]["id"] for match in found}) == len({m["incoming"]["id"] for m in found}) == 2


async def test_two_currencies_pair_by_the_books_own_rate(kim: Person, accounts: list[dict[str, Any]]) -> None:
    dollars = await kim.account("Dollars", currency="USD")
    await bring_in(kim, accounts[0], b"Date,Amount,Payee,Id\n2026-01-10,-100.00,Exchange,e1\n")
    await bring_in(kim, dollars, b"Date,Amount,Payee,Id\n2026-01-11,109.00,Exchange,d1\n2026-01-11,150.00,Gift,d2\n")
    assert await matches(kim) == []
    exchange = {"type": "transfer", "account_id": accounts[0]["id"], "to_account_id": dollars["id"]}
    await kim.add(**exchange, date="2026-01-02", amount="200", to_amount="220")
    (match,) = await matches(kim)
    assert (match["incoming"]["amount"], match["rate"]) == ("109.00", "1.10000000")
    made = expect(await kim.http.post("/transfer-matches/accept", json=named(match)), 200)
    assert (made["amount"], made["to_amount"]) == ("100.00", "109.00")


async def test_what_is_no_candidate_is_not_suggested(kim: Person, accounts: list[dict[str, Any]]) -> None:
    here, there = accounts
    await bring_in(kim, here, b"Date,Amount,Payee,Id\n2026-01-10,-100.00,Plan,h1\n")
    late = await kim.add(type="income", account_id=there["id"], amount="100", date="2026-01-14")
    same = await kim.add(type="income", account_id=here["id"], amount="100", date="2026-01-10")
    other = await kim.add(type="income", account_id=there["id"], amount="100.01", date="2026-01-10")
    assert await matches(kim) == []
    (match,) = await matches(kim, days=4)
    assert match["incoming"]["id"] == late["id"]
    for row in (late, same, other):
        expect(await kim.http.delete(f"/transactions/{row['id']}"), 204)
    # Two that were entered by hand are what their owner said they are.
    await kim.add(account_id=here["id"], amount="7", date="2026-01-20")
    await kim.add(type="income", account_id=there["id"], amount="7", date="2026-01-20")
    assert await matches(kim) == []


async def test_tags_receipts_and_texts_of_both_are_kept(kim: Person, accounts: list[dict[str, Any]]) -> None:
    here, there = accounts
    out = await kim.add(account_id=here["id"], tags=["a"], status="pending")
    back = await kim.add(type="income", account_id=there["id"], tags=["A", "b"], notes="From there", payee="Bank")
    made = expect(
        await kim.http.post("/transfer-matches/accept", json={"outgoing_id": out["id"], "incoming_id": back["id"]}), 200
    )
    assert (made["tags"], made["notes"], made["payee"], made["status"]) == (["a", "b"], "From there", "Bank", "pending")


async def test_what_cannot_be_one_transfer_is_refused(
    kim: Person, robin: Person, accounts: list[dict[str, Any]], unchanged: Unchanged
) -> None:
    here, there = accounts
    out = await kim.add(account_id=here["id"])
    back = await kim.add(type="income", account_id=there["id"])
    more = await kim.add(type="income", account_id=there["id"], amount="11")
    own = await kim.add(type="income", account_id=here["id"])
    refund = await kim.add(type="income", account_id=there["id"], refund_of_id=out["id"])
    split = await kim.add(account_id=here["id"], splits=[{"amount": "4"}, {"amount": "6"}])
    foreign = await robin.add(account_id=(await robin.account())["id"])
    wrong: list[tuple[str, str, set[tuple[str, str]]]] = [
        (out["id"], more["id"], {("incoming_id", "amounts_differ")}),
        (out["id"], own["id"], {("incoming_id", "same_account")}),
        (out["id"], refund["id"], {("incoming_id", "is_a_refund")}),
        (split["id"], back["id"], {("outgoing_id", "not_simple")}),
        (back["id"], out["id"], {("outgoing_id", "not_simple"), ("incoming_id", "not_simple")}),
        (out["id"], out["id"], {("body", "value_error")}),
    ]
    async with unchanged(kim), unchanged(robin):
        for outgoing, incoming, found in wrong:
            answer = await kim.http.post(
                "/transfer-matches/accept", json={"outgoing_id": outgoing, "incoming_id": incoming}
            )
            assert fields(problem(answer, 422, "invalid_input")) == found
        for path in ("accept", "reject"):
            body = {"outgoing_id": foreign["id"], "incoming_id": back["id"]}
            problem(await kim.http.post(f"/transfer-matches/{path}", json=body), 404, "reference_not_found")
        refunded = {"outgoing_id": out["id"], "incoming_id": back["id"]}
        problem(await kim.http.post("/transfer-matches/accept", json=refunded), 409, "refunded")
        problem(await kim.get("/transfer-matches", date_from="2026-02-01", date_to="2026-01-01"), 422, "invalid_input")
        problem(await kim.get("/transfer-matches", date_from="2020-02-01", date_to="2026-01-01"), 422, "invalid_input")


async def test_more_tags_than_a_transaction_has_are_refused(
    kim: Person, accounts: list[dict[str, Any]], unchanged: Unchanged
) -> None:
    out = await kim.add(account_id=accounts[0]["id"], tags=[f"out {n}" for n in range(30)])
    back = await kim.add(type="income", account_id=accounts[1]["id"], tags=[f"in {n}" for n in range(21)])
    async with unchanged(kim):
        pair = {"outgoing_id": out["id"], "incoming_id": back["id"]}
        answer = await kim.http.post("/transfer-matches/accept", json=pair)
        assert fields(problem(answer, 422, "invalid_input")) == {("incoming_id", "too_many_tags")}


async def test_sealed_and_closed_ones_are_not_merged(
    kim: Person, accounts: list[dict[str, Any]], unchanged: Unchanged
) -> None:
    out = await kim.add(account_id=accounts[0]["id"], status="reconciled")
    back = await kim.add(type="income", account_id=accounts[1]["id"])
    pair = {"outgoing_id": out["id"], "incoming_id": back["id"]}
    async with unchanged(kim):
        problem(await kim.http.post("/transfer-matches/accept", json=pair), 409, "sealed")
    expect(await kim.http.post(f"/transactions/{out['id']}/unseal", json={"reason": "Test"}), 200)
    expect(await kim.http.put(f"/books/{kim.book_id}/lock", json={"locked_until": "2026-01-15"}), 200)
    async with unchanged(kim):
        problem(await kim.http.post("/transfer-matches/accept", json=pair), 409, "period_locked")
    expect(await kim.http.put(f"/books/{kim.book_id}/lock", json={"locked_until": None}), 200)


async def test_accepting_twice_at_once_happens_once(kim: Person, accounts: list[dict[str, Any]]) -> None:
    out = await kim.add(account_id=accounts[0]["id"])
    back = await kim.add(type="income", account_id=accounts[1]["id"])
    pair = {"outgoing_id": out["id"], "incoming_id": back["id"]}
    answers = await asyncio.gather(*(kim.http.post("/transfer-matches/accept", json=pair) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404]
    assert await kim.balance(accounts[1]) == "10.00"


async def test_a_merged_row_stays_known_to_the_heir_of_its_account(kim: Person, accounts: list[dict[str, Any]]) -> None:
    here, there = accounts
    heir = await kim.account("Heir", type="savings")
    await bring_in(kim, here, HERE)
    await bring_in(kim, there, THERE)
    (match,) = await matches(kim)
    expect(await kim.http.post("/transfer-matches/accept", json=named(match)), 200)
    expect(await kim.http.delete(f"/accounts/{there['id']}", params={"reassign_to": heir["id"]}), 204)
    assert (await bring_in(kim, heir, THERE.replace(b"Interest", b"Zins")))["created"] == 0
