"""A client that keeps a copy of a book by asking what changed, and what the model expects of that copy."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from tests.ledger.model import Model, Row
from tests.people import Person

PAGE = 7
Copy = dict[str, dict[str, Row]]


@dataclass
class Feed:
    """The copy by entity and id, and the revision up to which it is true."""

    copy: Copy = field(default_factory=dict)
    since: int = 0

    async def sync(self, person: Person) -> None:
        """Walk what changed, a few rows a page."""
        self.since = await walk(person, self.since, self.copy, PAGE)


async def walk(person: Person, since: int, copy: Copy, limit: int) -> int:
    """Bring a copy up to date; returns the revision that it has then."""
    cursor: str | None = None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = await person.read(f"/books/{person.book_id}/changes", since=since, limit=limit, **more)
        for item in page["items"]:
            rows = copy.setdefault(item["entity"], {})
            if item["deleted"]:
                rows.pop(item["id"], None)
            else:
                assert item["state"] is not None, item
                rows[item["id"]] = item["state"]
        cursor = page["next_cursor"]
        if cursor is None:
            return int(page["revision"])


def comparable(copy: Copy) -> Copy:
    """The copy without the names in transactions, which a client looks up by id where it shows them."""
    return {
        entity: {
            row_id: {
                name: value for name, value in row.items() if entity != "transaction" or name not in {"payee", "tags"}
            }
            for row_id, row in rows.items()
        }
        for entity, rows in copy.items()
        if rows
    }


def expected(model: Model) -> Copy:
    """What the model knows of each row of the feed; a preview is no part of it."""
    aliases: dict[str, list[str]] = {}
    for alias in model.of("payee_alias").values():
        aliases.setdefault(alias["payee"], []).append(alias["alias"])
    found: Copy = {
        "account": {i: _account(model, i, row) for i, row in model.of("account").items()},
        "category": {
            i: {
                "name": row["name"],
                "kind": row["kind"],
                "parent_id": row["parent"],
                "archived": bool(row["archived"]),
            }
            for i, row in model.of("category").items()
        },
        "payee": {
            i: {"name": row["name"], "default_category_id": row["default"], "aliases": sorted(aliases.get(i, []))}
            for i, row in model.of("payee").items()
        },
        "tag": {i: {"name": row["name"]} for i, row in model.of("tag").items()},
        "attachment": {i: {"transaction_id": row["transaction"]} for i, row in model.of("attachment").items()},
        "reconciliation": {
            i: {
                "account_id": row["account"],
                "statement_date": str(row["date"]),
                "statement_balance": row["balance"],
                "sealed_count": row["sealed"],
            }
            for i, row in model.of("reconciliation").items()
        },
        "import": {
            i: {"status": row["status"], "account_id": row["account"]}
            for i, row in model.of("import").items()
            if row["status"] != "previewed"
        },
        "trade": {i: _trade(row) for i, row in model.of("trade").items()},
        "transaction": {i: _transaction(row) for i, row in model.transactions.items()},
    }
    return {entity: rows for entity, rows in found.items() if rows}


def _account(model: Model, account: str, row: Row) -> Row:
    openings = [
        line.amount for _, t, line in model.lines() if t["type"] == "opening_balance" and line.account == account
    ]
    return {
        "name": row["name"],
        "currency": row["currency"],
        "archived": bool(row["archived"]),
        "balance": model.balance(account),
        "opening_balance": sum(openings) if openings else None,
    }


def _transaction(row: Row) -> Row:
    return {
        "type": row["type"],
        "date": str(row["date"]),
        "status": row["status"],
        "notes": row["notes"],
        "external_id": row["external_id"],
        "payee_id": row["payee"],
        "tag_ids": sorted(row["tags"]),
        "refund_of_id": row["refund_of"],
        "import_id": row["import"],
        "reconciliation_id": row["reconciliation"],
        "postings": [(line.account, line.amount, line.category, line.role, line.memo) for line in row["lines"]],
    }


def _trade(row: Row) -> Row:
    return {
        "kind": row["kind"],
        "date": str(row["date"]),
        "account_id": row["account"],
        "category_id": row["category"],
        "transaction_id": row["transaction"],
        "quantity": row["quantity"],
        "amount": row["amount"],
        "taxes": row["taxes"],
        "notes": row["notes"],
    }


def known(copy: Copy) -> Copy:
    """Of a copy what the model knows too."""
    found = {
        entity: {row_id: _KNOWN[entity](row) for row_id, row in rows.items() if row.get("status") != "previewed"}
        for entity, rows in copy.items()
        if entity in _KNOWN
    }
    return {entity: rows for entity, rows in found.items() if rows}


def _named(*names: str) -> Callable[[Row], Row]:
    return lambda row: {name: row[name] for name in names}


def _known_account(row: Row) -> Row:
    opening = row["opening_balance"]
    return {
        "name": row["name"],
        "currency": row["currency"],
        "archived": row["archived_at"] is not None,
        "balance": Decimal(row["balance"]),
        "opening_balance": None if opening is None else Decimal(opening),
    }


def _known_transaction(row: Row) -> Row:
    names = ("type", "date", "status", "notes", "external_id", "payee_id", "refund_of_id", "import_id")
    return {
        **{name: row[name] for name in (*names, "reconciliation_id")},
        "tag_ids": sorted(row["tag_ids"]),
        "postings": [
            (p["account_id"], Decimal(p["amount"]), p["category_id"], p["role"], p["memo"]) for p in row["postings"]
        ],
    }


def _known_trade(row: Row) -> Row:
    amount = row["cost"] if row["kind"] == "deposit" else row["amount"]
    quantity = None if row["quantity"] is None else Decimal(row["quantity"])
    names = ("kind", "date", "account_id", "category_id", "transaction_id", "notes")
    return {
        **{name: row[name] for name in names},
        "quantity": quantity,
        "amount": Decimal(amount),
        "taxes": Decimal(row["taxes"]),
    }


_KNOWN: dict[str, Callable[[Row], Row]] = {
    "account": _known_account,
    "category": lambda row: {
        **_named("name", "kind", "parent_id")(row),
        "archived": row["archived_at"] is not None,
    },
    "payee": lambda row: {**_named("name", "default_category_id")(row), "aliases": sorted(row["aliases"])},
    "tag": _named("name"),
    "attachment": _named("transaction_id"),
    "reconciliation": lambda row: {
        **_named("account_id", "statement_date", "sealed_count")(row),
        "statement_balance": Decimal(row["statement_balance"]),
    },
    "import": _named("status", "account_id"),
    "trade": _known_trade,
    "transaction": _known_transaction,
}
