"""Many transactions at once: bulk, all or each by itself, and recategorising what a filter finds."""

from dataclasses import dataclass, field
from datetime import date
from uuid import uuid4

from tests.ledger.model import Row
from tests.ledger.player import NEW, Player
from tests.ledger.steps_changes import header
from tests.ledger.steps_transactions import random_transaction
from tests.people import expect


@dataclass
class Plan:
    """Operations of one request, why each should fail, and what the model makes of those that should not."""

    operations: list[Row] = field(default_factory=list)
    verdicts: list[set[str]] = field(default_factory=list)
    after: list[Row | None] = field(default_factory=list)

    def add(self, operation: Row, verdict: set[str], after: Row | None = None) -> bool:
        self.operations.append(operation)
        self.verdicts.append(verdict)
        self.after.append(after)
        return not verdict


async def bulk(player: Player) -> None:
    """Some operations of each kind, a few of them wrong."""
    mode = player.chance.choice(["atomic", "per_item", "per_item"])
    player.model.record(player.revision)
    model, player.model = player.model, player.model.scratch()
    try:
        plan = _plan(player)
    finally:
        player.model = model
    wrong = {"invalid_input"} if mode == "atomic" and any(plan.verdicts) else set()
    body = {"mode": mode, "operations": plan.operations}
    answer = await player.attempt("POST", "/transactions/bulk", 200, wrong, json=body)
    if answer is None:
        return
    for number, (result, verdict) in enumerate(zip(answer["results"], plan.verdicts, strict=True)):
        code = None if result["ok"] else result["error"]["code"]
        assert code in verdict if verdict else result["ok"], (plan.operations[number], verdict, result)
        if not verdict:
            await _follow(player, plan.operations[number], plan.after[number], result["transaction"])


def _plan(player: Player) -> Plan:
    """One operation after the other, done to a scratch of the model: what comes later sees what came before."""
    kinds = player.chance.choices(["create", "patch", "delete", "wrong"], [4, 3, 3, 1], k=player.chance.randrange(1, 7))
    rows = player.ordinary()
    player.chance.shuffle(rows)
    going = [rows.pop() for kind in kinds if kind == "delete" and rows]
    gone = {i for i in going if not player.objections(player.model.transactions[i], None)}
    plan = Plan()
    for kind in kinds:
        if kind == "create":
            _plan_creation(player, plan)
        elif kind == "patch" and rows:
            _plan_change(player, plan, rows.pop())
        elif kind == "delete" and going:
            row_id = going.pop()
            verdict = player.objections(player.model.transactions[row_id], None)
            if player.refunds(row_id) - gone:
                verdict.add("refunded")
            if plan.add({"op": "delete", "id": row_id}, verdict):
                del player.model.transactions[row_id]
        else:
            plan.add({"op": "delete", "id": str(uuid4())}, {"transaction_not_found"})
    return plan


def _plan_creation(player: Player, plan: Plan) -> None:
    body = {name: value for name, value in random_transaction(player).items() if name != "external_id"}
    after = player.row(body)
    verdict = player.objections(None, after)
    if plan.add({"op": "create", "transaction": body}, verdict, after):
        number = f"{NEW}{len(plan.operations)}"
        player.model.meet(number)
        player.model.transactions[number] = {**after, "payee": None, "tags": frozenset()}


def _plan_change(player: Player, plan: Plan, row_id: str) -> None:
    changes, fields = header(player)
    before = player.model.transactions[row_id]
    after = {**before, **fields}
    if after["status"] != "reconciled":
        after["reconciliation"] = None
    if plan.add({"op": "patch", "id": row_id, "changes": changes}, player.objections(before, after, row_id), after):
        player.model.transactions[row_id] = after


async def _follow(player: Player, operation: Row, after: Row | None, made: Row) -> None:
    if after is None:
        player.model.remove("transaction", operation["id"])
        return
    asked = operation.get("transaction") or operation["changes"]
    names = await player.take_names(asked.get("payee"), asked.get("tags", ()), made)
    wanted = names if operation["op"] == "create" else {name: names[name] for name in names if name in asked}
    player.model.put("transaction", made["id"], **{**after, **wanted})


async def recategorise(player: Player) -> None:
    """A dry run says how many, then they change, or the whole is refused."""
    model = player.model
    target = player.category(("expense", "income"))
    wanted: Row = {}
    kind = player.chance.choice(["category", "category", "none", "account", "days"])
    if kind == "category" and (category := player.any(player.categories())) is not None:
        wanted["category_id"] = [category]
    elif kind == "account":
        wanted["account_id"] = [player.any(model.of("account"))]
    elif kind == "none":
        wanted["uncategorised"] = True
    if kind == "days" or not wanted:
        wanted["date_from"] = player.day()
    if player.often(0.2):
        wanted["type"] = ["expense"]
    found = _found(player, wanted, target)
    body = {"filter": wanted, "category_id": target}
    player.model.record(player.revision)
    dry = expect(await player.person.http.post("/transactions/recategorise", json=body | {"dry_run": True}), 200)
    assert (dry["count"], dry["revision"]) == (len(found), player.revision), (body, found)
    until = model.book["locked_until"]
    closed = until is not None and any(model.transactions[i]["date"] <= until for i in found)
    reasons = {"period_locked"} if closed else set()
    answer = await player.attempt("POST", "/transactions/recategorise", 200, reasons, json=body)
    if answer is not None:
        assert answer["count"] == len(found), (body, found)
        for row_id, numbers in found.items():
            lines = model.transactions[row_id]["lines"]
            model.hand(row_id, {number: (lines[number].account, target) for number in numbers})


def _found(player: Player, wanted: Row, target: str | None) -> dict[str, list[int]]:
    """The lines, by number, that the filter means and that would change."""
    model = player.model
    into_income = target is not None and model.of("category")[target]["kind"] == "income"
    branch = model.below(wanted["category_id"][0]) if "category_id" in wanted else set()
    found: dict[str, list[int]] = {}
    for row_id, row in model.transactions.items():
        flows = [(number, line) for number, line in enumerate(row["lines"]) if line.role == "flow"]
        if "account_id" in wanted and wanted["account_id"][0] not in {line.account for line in row["lines"]}:
            continue
        if "date_from" in wanted and row["date"] < date.fromisoformat(wanted["date_from"]):
            continue
        # The categories of a trade's money are the trade's.
        if row["type"] == "trade" or ("type" in wanted and row["type"] not in wanted["type"]):
            continue
        if into_income and row["type"] not in {"income", "journal"}:
            continue
        if branch:
            flows = [(number, line) for number, line in flows if line.category in branch]
        elif "uncategorised" in wanted:
            flows = [(number, line) for number, line in flows if line.category is None]
        elif len(flows) > 1:
            continue
        if numbers := [number for number, line in flows if line.category != target]:
            found[row_id] = numbers
    return found


STEPS = {"bulk": (5, bulk), "recategorise": (4, recategorise)}
