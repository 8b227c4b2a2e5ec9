"""Bank files: previewed, committed, sent again, taken back."""

from datetime import date
from decimal import Decimal

from tests.ledger.model import Line, Row
from tests.ledger.player import PAYEES, Player
from tests.people import expect


async def preview(player: Player) -> str:
    """A file with rows alike and a faulty one, judged and kept; the book does not change by it."""
    account = player.account()
    currency, payee = player.currency(account), player.chance.choice([*PAYEES, f"Import {player.model.next()}"])
    rows = [(player.day(), player.signed(currency)) for _ in range(3)]
    rows += [rows[0]] * player.chance.randrange(3)
    lines = [f"{day},{payee},{amount}" for day, amount in rows]
    lines.insert(1, f"2025-13-45,{payee},1")
    data = "\n".join(["Date,Payee,Amount", *lines, ""]).encode()
    uploaded = await upload(player, account, data)
    assert uploaded["rows"]["error"] == 1
    return keep(player, uploaded["id"], account, (data, rows, payee))


def keep(player: Player, import_id: str, account: str, file: tuple[bytes, list[tuple[str, str]], str]) -> str:
    """Have the model know a preview, which is no change of the book."""
    player.files[import_id] = file
    player.model.meet(import_id)
    player.model.of("import")[import_id] = {"status": "previewed", "account": account, "at": None, "kept": frozenset()}
    return import_id


async def upload(player: Player, account: str, data: bytes) -> Row:
    files = {"file": ("bank.csv", data, "text/csv")}
    made: Row = expect(await player.person.http.post("/imports", files=files, data={"account_id": account}), 201)
    return made


async def preview_only(player: Player) -> None:
    await preview(player)


async def import_file(player: Player) -> None:
    player.model.record(player.revision)
    await commit(player, await preview(player))


async def commit_waiting(player: Player) -> None:
    """One that was previewed before, or whose commit was undone."""
    waiting = [i for i, row in player.model.of("import").items() if row["status"] == "previewed"]
    if waiting:
        await commit(player, str(player.any(waiting)))


async def commit(player: Player, import_id: str) -> None:
    model = player.model
    data, rows, payee = player.files[import_id]
    account, until = model.of("import")[import_id]["account"], model.book["locked_until"]
    skip = [player.chance.randrange(1, len(rows) + 2)] if player.often(0.3) else []
    path = f"/imports/{import_id}"
    known = {
        place
        for i, row in model.of("import").items()
        if row["status"] == "committed" and row["account"] == account and player.files[i][0] == data
        for place in row["kept"]
    }
    places = [1, *range(3, len(rows) + 2)]  # row 2 is the faulty one
    kept = [(place, row) for place, row in zip(places, rows, strict=True) if place not in {*skip, *known}]
    reasons = set()
    if account is None or model.of("account")[account]["archived"]:
        reasons.add("import_state")
    if until is not None and any(date.fromisoformat(day) <= until for _, (day, _) in kept):
        reasons.add("period_locked")
    answer = await player.attempt("POST", f"{path}/commit", 200, reasons, json={"skip": skip})
    if answer is None:
        return
    assert answer["created"] == len(kept), (answer, skip)
    taken = frozenset(place for place, _ in kept)
    model.put("import", import_id, status="committed", at=model.next(), kept=taken)
    listed = (await player.person.read(f"{path}/rows", limit=500))["items"]
    made = {item["position"]: item for item in listed}
    payee_id = player.payee_named(payee)
    if payee_id is None and kept:
        found = (await player.person.read("/payees", q=payee))["items"]
        payee_id = next(item["id"] for item in found if item["name"] == payee)
        model.put("payee", payee_id, name=payee, default=None)
    for place, (day, amount) in kept:
        kind = "income" if Decimal(amount) > 0 else "expense"
        category = player.default_of(model.find("payee", payee_id), kind)
        model.put(
            "transaction",
            made[place]["transaction_id"],
            **dict.fromkeys(("external_id", "refund_of", "reconciliation", "notes")),
            type=kind,
            date=date.fromisoformat(day),
            lines=(Line(account, Decimal(amount), category, "flow"),),
            status="cleared",
            payee=payee_id,
            tags=frozenset(),
            **{"import": import_id},
        )


def _committed(player: Player) -> list[str]:
    return [i for i, row in player.model.of("import").items() if row["status"] == "committed"]


async def import_again(player: Player) -> None:
    """The same file to the same account adds nothing but what was skipped, whatever became of what it brought."""
    accounts = player.model.of("account")
    again = [i for i in _committed(player) if player.model.of("import")[i]["account"] in accounts]
    chosen = player.any([i for i in again if not accounts[player.model.of("import")[i]["account"]]["archived"]])
    if chosen is None:
        return
    account = player.model.of("import")[chosen]["account"]
    player.model.record(player.revision)
    uploaded = await upload(player, account, player.files[chosen][0])
    await commit(player, keep(player, uploaded["id"], account, player.files[chosen]))


async def discard(player: Player) -> None:
    waiting = [i for i, row in player.model.of("import").items() if row["status"] == "previewed"]
    if waiting:
        chosen = str(player.any(waiting))
        await player.attempt("DELETE", f"/imports/{chosen}", 204)
        player.model.remove("import", chosen)


async def undo_import(player: Player) -> None:
    """What it brought goes, edited or not; its payees go where nothing else uses them and nobody changed them."""
    model = player.model
    chosen = player.any(_committed(player))
    if chosen is None:
        return
    brought = [i for i, row in model.transactions.items() if row["import"] == chosen]
    force = player.often(0.6)
    reasons: set[str] = set()
    for row_id in brought:
        row = model.transactions[row_id]
        if player.refunds(row_id) - {*brought}:
            reasons.add("refunded")
        reasons |= player.objections(row, None)
    if any(chosen in {row["import"], (model.find("transaction", row["into"]) or {}).get("import")}
           for row in model.of("merged").values() if model.find("transaction", row["into"])):  # fmt: skip
        reasons.add("import_merged")
    model.record(player.revision)
    revision = model.written[("import", chosen)]
    if not force and any(model.written["transaction", i] != revision for i in brought):
        reasons.add("import_edited")
    if await player.attempt("POST", f"/imports/{chosen}/undo", 200, reasons, json={"force": force}) is None:
        return
    for row_id in brought:
        model.remove("transaction", row_id)
    model.put("import", chosen, status="undone", at=model.next())
    used = {row["payee"] for row in model.transactions.values()}
    for payee in [i for i in model.of("payee") if model.written["payee", i] == revision and i not in used]:
        for alias in [i for i, row in model.of("payee_alias").items() if row["payee"] == payee]:
            model.remove("payee_alias", alias)
        model.remove("payee", payee)


STEPS = {
    "import a file": (4, import_file),
    "preview a file": (1, preview_only),
    "commit what waits": (2, commit_waiting),
    "import it again": (2, import_again),
    "discard a preview": (1, discard),
    "undo an import": (2, undo_import),
}
