"""A household's book: Kim's private account, with a word and amounts that stand nowhere else, beside a shared one."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from sqlalchemy import text

from app.core.database import Database
from tests.attachments.files import attach, png
from tests.people import Person, expect

MARK = "zqxmark"
"""In every text of what is private, and nowhere else."""
AMOUNTS = (
    "7331.37", "7411.13", "7422.17", "7433.29", "7444.31", "8611.23", "8722.31", "8733.41", "8744.53", "8755.61",
    "8766.71", "8777.83",
)  # fmt: skip
"""What moves on the private accounts; nothing else moves the same."""


@dataclass
class Household:
    """The ids that Robin must never see, by kind, and those that Robin sees."""

    book_id: str
    shared: dict[str, Any]
    private: dict[str, Any]
    category_id: str
    seen: dict[str, list[str]] = field(default_factory=dict)
    hidden: dict[str, list[str]] = field(default_factory=dict)
    partial: list[str] = field(default_factory=list)
    """Transactions with a side that Robin sees and one that Robin does not."""

    @property
    def secrets(self) -> set[str]:
        return {MARK, *AMOUNTS, *(row_id for ids in self.hidden.values() for row_id in ids)}


async def join(owner: Database, book: str, person: Person, role: str) -> None:
    """Make somebody a member and have their client work in this book."""
    member = text(
        "INSERT INTO book_members (book_id, user_id, role) VALUES (:book, :user, :role) "
        "ON CONFLICT (book_id, user_id) DO UPDATE SET role = excluded.role"
    )
    async with owner.begin() as connection:
        await connection.execute(member, {"book": book, "user": person.user["id"], "role": role})
    person.http.headers["X-Book-Id"] = book


async def furnish(kim: Person) -> Household:
    """Everything a private account can be part of."""
    shared = await kim.account("Joint", opening_balance="1000.00", opening_date="2026-01-01")
    private = await kim.account(
        f"{MARK} account",
        currency="USD",
        opening_balance=AMOUNTS[0],
        opening_date="2026-01-01",
        institution=f"{MARK} bank",
        notes=f"{MARK} notes",
        visibility="private",
    )
    home = Household(kim.book_id, shared, private, (await kim.category())["id"])
    rules = await _rule(kim, home)
    seen = await kim.add(account_id=shared["id"], amount="12.00", payee="Shared shop", tags=["both"])
    kept = await attach(kim, seen, png("shared"), "shared.png")
    own = {"account_id": private["id"], "description": f"{MARK} text", "notes": f"{MARK} notes"}
    spent = await kim.add(
        **own,
        amount=AMOUNTS[1],
        category_id=home.category_id,
        payee=f"{MARK} shop",
        tags=[f"{MARK} tag"],
        external_id=f"{MARK}-1",
    )
    receipts = [await attach(kim, spent, png(MARK), f"{MARK}.png")]
    expect(await kim.http.patch(f"/payees/{spent['payee_id']}", json={"aliases": [f"{MARK} alias"]}), 200)
    other = await kim.add(**own, amount=AMOUNTS[2], payee="Shared shop", tags=["both"])
    split = [{"amount": "7433.00", "memo": f"{MARK} memo"}, {"amount": "0.29"}]
    await kim.add(**own, amount=AMOUNTS[3], splits=split)
    home.partial = await _sides(kim, home, spent, receipts)
    rejected = await kim.add(account_id=shared["id"], type="income", amount="61.00")
    pair = {"outgoing_id": other["id"], "incoming_id": rejected["id"]}
    expect(await kim.http.post("/transfer-matches/reject", json=pair), 204)
    gone = await kim.add(**own, amount=AMOUNTS[4], payee=f"{MARK} gone")
    expect(await kim.http.delete(f"/transactions/{gone['id']}"), 204)
    closed = await kim.account(f"{MARK} closed", opening_balance=AMOUNTS[10], visibility="private")
    expect(await kim.http.delete(f"/accounts/{closed['id']}"), 204)
    await _bank(kim, private)
    await _collect(kim, home, gone["id"], closed["id"])
    await _plan(kim, home)
    await _invest(kim, home)
    home.seen["asset"].append(await _hold(kim))
    home.seen["rule"], home.hidden["rule"] = rules[:1], rules[1:]
    home.seen["attachment"] = [kept["id"]]
    home.hidden["attachment"] = [receipt["id"] for receipt in receipts]
    return home


async def _plan(kim: Person, home: Household) -> None:
    """A budget over the shared account and one over the private one, both with all that hangs on a budget."""
    group = expect(await kim.http.post("/budget-groups", json={"name": "Planned"}), 201)
    for name, account, found in (("Shared", home.shared, home.seen), (f"{MARK} plan", home.private, home.hidden)):
        century = {"period": "custom", "every": 100, "unit": "year", "start_date": "2026-01-01"}
        body = {"name": name, "kind": "envelope", "amount": "1", **century, "group_id": group["id"], "notes": name}
        body |= {"account_ids": [account["id"]], "category_ids": [home.category_id]}
        made = expect(await kim.http.post("/budgets", json=body), 201)
        url = f"/budgets/{made['id']}"
        expect(await kim.http.post(f"{url}/assign", json={"amount": "1", "date": "2026-01-01"}), 201)
        later = expect(await kim.http.post(f"{url}/amounts", json={"from": "2126-01-01", "amount": "2"}), 201)
        monthly = {"period": "monthly", "start_date": "2026-01-01", "rollover": "both"}
        carrying = {**body, **monthly, "kind": "limit", "name": f"{name} carries"}
        for left in ("every", "unit"):
            del carrying[left]
        carried = expect(await kim.http.post("/budgets", json=carrying), 201)
        found["budget"], found["amount"] = [made["id"], carried["id"]], [later["id"]]
        expect(await kim.http.patch(url, json={"sort": 1}), 200)
    await kim.add(account_id=home.shared["id"], amount="3.00", category_id=home.category_id)
    home.seen["group"] = [group["id"]]
    await _aim(kim, home)
    await _keep(kim, home)
    await _bills(kim, home)


async def _keep(kim: Person, home: Household) -> None:
    """A report of the shared account, one of both that was changed and brought back, and one of a hidden tag."""
    accounts = [home.shared["id"], home.private["id"]]
    for name, named, found in (("Shared", accounts[:1], home.seen), (f"{MARK} report", accounts, home.hidden)):
        body = {"name": name, "measures": ["net"], "dimensions": ["account"], "notes": name}
        filters = {"account_ids": named, "period": "2026-01-01..2026-12-31"}
        made = expect(await kim.http.post("/reports/saved", json={**body, "filters": filters}), 201)
        expect(await kim.http.patch(f"/reports/saved/{made['id']}", json={"limit": 7}), 200)
        expect(await kim.http.delete(f"/reports/saved/{made['id']}"), 204)
        revision = (await kim.read(f"/books/{kim.book_id}"))["revision"]
        expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": revision}), 200)
        found["saved_report"] = [made["id"]]
    of_tag = {"name": f"{MARK} gifts", "measures": ["net"], "filters": {"tag_ids": home.hidden["tag"][:1]}}
    home.hidden["saved_report"].append(expect(await kim.http.post("/reports/saved", json=of_tag), 201)["id"])


async def _bills(kim: Person, home: Household) -> None:
    """For both accounts a bill, a payment that is said to be none of it, and a suggestion that was turned down."""
    today = datetime.now(ZoneInfo(kim.user["time_zone"])).date()
    for name, account, amount, found in (
        ("Ours", home.shared, "12.00", home.seen),
        (f"{MARK} bill", home.private, AMOUNTS[11], home.hidden),
    ):
        spent = {"account_id": account["id"], "payee": name, "amount": amount}
        template = {"type": "expense", "account_id": account["id"], "payee": name}
        made = expect(
            await kim.http.post(
                "/schedules",
                json={
                    "name": name,
                    "kind": "bill",
                    "template": template,
                    "amount": amount,
                    "rrule": "FREQ=MONTHLY",
                    "starts_on": str(today),
                },
            ),
            201,
        )
        await kim.add(**spent, date=str(today))
        expect(await kim.http.post(f"/schedules/{made['id']}/occurrences/{today}/unmatch"), 200)
        for months in range(1, 7):
            day = str(today - relativedelta(months=months))
            await kim.add(**{**spent, "payee": f"{name} again"}, date=day)
        offered = (await kim.read("/subscriptions"))["items"]
        key = next(each["key"] for each in offered if each["name"] == f"{name} again")
        expect(await kim.http.post("/subscriptions/dismiss", json={"key": key}), 200)
        found["schedule"] = [made["id"]]


async def _invest(kim: Person, home: Household) -> None:
    """On both accounts an asset that is held nowhere else, some of it sold for money, with its own way to count."""
    expect(
        await kim.http.put("/rates", json={"base": "EUR", "quote": "KWD", "date": "2026-01-02", "rate": "0.35"}), 200
    )
    for name, account, price, found in (
        ("OURS", home.shared, "3.00", home.seen),
        (f"{MARK} fund", home.private, AMOUNTS[9], home.hidden),
    ):
        body = {"symbol": name, "quantity": "2", "purchase_price": price, "purchase_date": "2026-01-02"}
        body |= {"currency": account["currency"], "account_id": account["id"], "notes": name}
        holding = expect(await kim.http.post("/portfolio", json=body), 201)
        sale = {"kind": "sell", "date": "2026-01-03", "quantity": "1", "price": price, "notes": name}
        sale |= {key: holding[key] for key in ("account_id", "asset_id")}
        sold = expect(await kim.http.post("/portfolio/trades", json=sale), 201)
        expect(await kim.http.put(f"/portfolio/accounts/{account['id']}/cost-method", json={"method": "average"}), 200)
        found["holding"], found["asset"] = [holding["id"]], [holding["asset_id"]]
        found["trade"] = [holding["lots"][0]["trade_id"], sold["id"]]


async def _hold(kim: Person) -> str:
    """An asset that nobody holds on any account, with a price."""
    body = {"symbol": "HOUSE", "name": "House", "type": "property", "currency": "EUR"}
    asset = expect(await kim.http.post("/portfolio/assets", json=body), 201)
    expect(await kim.http.put(f"/portfolio/assets/{asset['id']}/prices/2026-01-02", json={"price": "5"}), 200)
    return str(asset["id"])


async def _aim(kim: Person, home: Household) -> None:
    """Targets of both; a goal on the shared account, and one on both accounts, changed and with an undone deletion."""
    shares = [{"key": account["id"], "target_percent": "7"} for account in (home.private, home.shared)]
    expect(await kim.http.put("/portfolio/targets", json={"by": "account", "targets": shares}), 200)
    both = [{"account_id": home.private["id"], "share": "10"}, {"account_id": home.shared["id"], "earmark": "5"}]
    for name, sources, found in (("Shared", both[1:], home.seen), (f"{MARK} goal", both, home.hidden)):
        body = {"name": name, "kind": "save_up", "target_amount": "9", "currency": "EUR", "notes": name}
        made = expect(await kim.http.post("/goals", json={**body, "sources": sources}), 201)
        expect(await kim.http.patch(f"/goals/{made['id']}", json={"target_amount": "99", "sources": sources[:1]}), 200)
        expect(await kim.http.delete(f"/goals/{made['id']}"), 204)
        revision = (await kim.read(f"/books/{kim.book_id}"))["revision"]
        expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": revision}), 200)
        found["goal"] = [made["id"]]


async def _rule(kim: Person, home: Household) -> list[str]:
    """A rule for all, and one that names the private account; both will have done something."""
    expect(await kim.http.put("/suggestions/settings", json={"auto_categorise": False}), 200)
    shop = {"field": "payee", "op": "equals", "value": "Shared shop"}
    own = {"and": [{"field": "account", "op": "equals", "value": home.private["id"]}, {"not": {**shop, "value": MARK}}]}
    bodies = (
        {"name": "All", "condition": shop, "actions": [{"type": "set_description", "description": "Weekly"}]},
        {"name": f"{MARK} rule", "condition": own, "actions": [{"type": "append_notes", "notes": f"{MARK} ruled"}]},
    )
    return [expect(await kim.http.post("/rules", json=body), 201)["id"] for body in bodies]


async def _sides(kim: Person, home: Household, spent: dict[str, Any], receipts: list[dict[str, Any]]) -> list[str]:
    """Transactions with a shared and a private side, in every way there is."""
    texts = {"description": f"{MARK} move", "notes": f"{MARK} notes", "tags": [f"{MARK} move"]}
    a, b = home.shared["id"], home.private["id"]
    into = await kim.add(
        **texts, type="transfer", account_id=b, to_account_id=a, amount=AMOUNTS[5], to_amount="77.00",
        external_id=f"{MARK}-2",
    )  # fmt: skip
    receipts.append(await attach(kim, into, png(f"{MARK} 2"), f"{MARK} 2.png"))
    out = await kim.add(
        **texts, type="transfer", account_id=a, to_account_id=b, amount="55.00", to_amount=AMOUNTS[6], fee_amount="1.50"
    )
    lines = [
        {"account_id": a, "role": "transfer", "amount": "-30.00"},
        {"account_id": b, "role": "transfer", "amount": AMOUNTS[7], "memo": f"{MARK} memo"},
        {"account_id": b, "role": "flow", "amount": f"-{AMOUNTS[8]}", "category_id": home.category_id, "memo": MARK},
    ]
    body = {"type": "journal", "date": "2026-01-20", "postings": lines, **texts}
    journal = expect(await kim.http.post("/transactions", json=body), 201)
    refund = await kim.add(
        type="income", account_id=a, amount="5.00", refund_of_id=spent["id"], description=f"{MARK} money back"
    )
    leaves = await kim.add(account_id=b, amount=AMOUNTS[9], description=f"{MARK} exchange")
    comes = await kim.add(type="income", account_id=a, amount="60.00")
    pair = {"outgoing_id": leaves["id"], "incoming_id": comes["id"]}
    expect(await kim.http.post("/transfer-matches/accept", json=pair), 200)
    return [into["id"], out["id"], journal["id"], refund["id"], leaves["id"]]


async def _bank(kim: Person, private: dict[str, Any]) -> None:
    """A committed import, a preview, and a statement."""
    for number, row in enumerate((f"2026-01-25,-{AMOUNTS[11]},{MARK} imported", f"2026-01-26,-3.00,{MARK} preview")):
        file = {"file": (f"{MARK}.csv", f"Date,Amount,Payee\n{row}\n".encode(), "text/csv")}
        made = expect(await kim.http.post("/imports", files=file, data={"account_id": private["id"]}), 201)
        if number == 0:
            expect(await kim.http.post(f"/imports/{made['id']}/commit", json={}), 200)
    statement = {"statement_date": "2026-01-31", "statement_balance": "0", "adjust": True}
    expect(await kim.http.post(f"/accounts/{private['id']}/reconcile", json=statement), 201)


async def _collect(kim: Person, home: Household, gone: str, closed: str) -> None:
    """Which ids of each kind are whose."""
    home.hidden["account"], home.seen["account"] = [home.private["id"], closed], [home.shared["id"]]
    whole = (await kim.read("/transactions", limit=500))["items"]
    on = {item["id"]: {line["account_id"] for line in item["postings"]} for item in whole}
    home.hidden["transaction"] = [row for row, accounts in on.items() if accounts == {home.private["id"]}] + [gone]
    home.seen["transaction"] = [row for row, accounts in on.items() if accounts == {home.shared["id"]}]
    for kind, path in (("payee", "/payees"), ("tag", "/tags")):
        rows = (await kim.read(path, limit=500))["items"]
        home.hidden[kind] = [row["id"] for row in rows if MARK in row["name"] and "move" not in row["name"]]
        home.seen[kind] = [row["id"] for row in rows if MARK not in row["name"]]
    home.hidden["tag"] += [row["id"] for row in (await kim.read("/tags"))["items"] if "move" in row["name"]]
    home.hidden["import"] = [row["id"] for row in (await kim.read("/imports"))["items"]]
    statements = (await kim.read(f"/accounts/{home.private['id']}/reconciliations"))["items"]
    home.hidden["reconciliation"] = [row["id"] for row in statements]
    home.seen["category"] = [home.category_id]
