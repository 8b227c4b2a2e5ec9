"""A plain Python ledger: what the books should say, worked out the slow and obvious way."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

ZERO = Decimal(0)


@dataclass(frozen=True)
class Line:
    """A movement of money on one account."""

    account: str
    amount: Decimal
    category: str | None
    role: str


@dataclass
class Model:
    """Transactions by id, each a date and its lines; everything else is computed from them."""

    transactions: dict[str, tuple[date, tuple[Line, ...]]] = field(default_factory=dict)

    def put(self, transaction_id: str, document: dict[str, Any]) -> None:
        """Take what a client asked for, not what the server made of it."""
        self.transactions[transaction_id] = (date.fromisoformat(document["date"]), tuple(lines_of(document)))

    def delete(self, transaction_id: str) -> None:
        del self.transactions[transaction_id]

    def reassign(self, *, account: dict[str, str] | None = None, category: dict[str, str] | None = None) -> None:
        accounts, categories = account or {}, category or {}
        self.transactions = {
            row_id: (
                day,
                tuple(
                    Line(
                        accounts.get(line.account, line.account),
                        line.amount,
                        categories.get(line.category, line.category) if line.category else None,
                        line.role,
                    )
                    for line in lines
                ),
            )
            for row_id, (day, lines) in self.transactions.items()
        }

    def uses(self, *, account: str | None = None, category: str | None = None) -> int:
        return sum(
            any(line.account == account or (category is not None and line.category == category) for line in lines)
            for _, lines in self.transactions.values()
        )

    def balance(self, account: str, at: date = date.max) -> Decimal:
        return sum(
            (
                line.amount
                for day, lines in self.transactions.values()
                if day <= at
                for line in lines
                if line.account == account
            ),
            ZERO,
        )

    def totals(self) -> dict[tuple[str, str | None], Decimal]:
        """What each month brought (or took) for each category."""
        found: dict[tuple[str, str | None], Decimal] = {}
        for day, lines in self.transactions.values():
            for line in lines:
                if line.role == "flow":
                    key = (day.strftime("%Y-%m"), line.category)
                    found[key] = found.get(key, ZERO) + line.amount
        return {key: amount for key, amount in found.items() if amount}


def lines_of(body: dict[str, Any]) -> list[Line]:
    """The lines that a request stands for, by the words of the contract."""
    account, amount = body["account_id"], Decimal(body["amount"])
    if body["type"] == "transfer":
        arrives = Decimal(body.get("to_amount", body["amount"]))
        lines = [Line(account, -amount, None, "transfer"), Line(body["to_account_id"], arrives, None, "transfer")]
        if "fee_amount" in body:
            lines.append(Line(account, -Decimal(body["fee_amount"]), body.get("fee_category_id"), "flow"))
        return lines
    sign = -1 if body["type"] == "expense" else 1
    parts = body.get("splits") or [{"amount": body["amount"], "category_id": body.get("category_id")}]
    return [Line(account, sign * Decimal(part["amount"]), part.get("category_id"), "flow") for part in parts]
