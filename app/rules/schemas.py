"""What clients send and get about rules."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.core.fields import Body, Flag, Name
from app.core.money import Money
from app.rules.actions import MAX_ACTIONS, Action
from app.rules.conditions import RuleCondition
from app.transactions.outputs import TransactionOut
from app.transactions.query import FilterIn
from app.transactions.schemas import TransactionIn

MAX_RULES = 1_000
SAMPLE = 20

Trigger = Literal["create", "import"]
Triggers = Annotated[
    list[Trigger],
    Field(
        min_length=1,
        max_length=2,
        description="`create`: on what people enter, one by one or in bulk. `import`: on the rows of bank files.",
    ),
]
EXAMPLE: dict[str, Any] = {
    "name": "Supermarkets",
    "on": ["create", "import"],
    "condition": {
        "and": [
            {"field": "type", "op": "equals", "value": "expense"},
            {
                "or": [
                    {"field": "payee", "op": "contains", "value": "supermarket"},
                    {"field": "description", "op": "regex", "value": "\\bgrocer(y|ies)\\b"},
                ]
            },
            {"not": {"field": "amount", "op": "greater", "value": "500"}},
        ]
    },
    "actions": [
        {"type": "set_payee", "payee": "Supermarket"},
        {"type": "add_tags", "tags": ["food"]},
        {"type": "stop"},
    ],
}


class RuleIn(Body):
    """A rule."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE}, populate_by_name=True)

    name: Name
    enabled: Flag = True
    on: Triggers = Field(default=["create", "import"])
    condition: RuleCondition
    actions: list[Action] = Field(min_length=1, max_length=MAX_ACTIONS)

    @field_validator("on")
    @classmethod
    def _once(cls, value: list[str]) -> list[str]:
        return sorted(set(value))


class RuleCreate(RuleIn):
    """A new rule; it stands behind the others."""

    id: UUID | None = Field(default=None, description="Your own UUID for it; the server makes one when absent.")


class RulePatch(Body):
    """What to change; what is absent stays. A condition and actions are replaced whole."""

    model_config = ConfigDict(json_schema_extra={"example": {"enabled": False}})

    name: Name | None = None
    enabled: Flag | None = None
    on: Triggers | None = None
    condition: RuleCondition | None = None
    actions: list[Action] | None = Field(default=None, min_length=1, max_length=MAX_ACTIONS)

    @field_validator("name", "enabled", "on", "condition", "actions")
    @classmethod
    def _not_null(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("cannot be null")
        return value


class RuleState(BaseModel):
    """A rule as it was set."""

    id: UUID
    name: str
    position: int = Field(description="Rules are asked in the order of these.")
    enabled: bool
    on: list[Trigger]
    condition: dict[str, Any]
    actions: list[dict[str, Any]]
    revision: int
    created_at: datetime
    updated_at: datetime


class RuleOut(RuleState):
    """A rule."""

    position: int = Field(description="Which one it is, from 1; they are asked in this order.")
    last_error: str | None = Field(
        description="What kept it from doing its work the last time: it took too long, or an action names what is "
        "archived or gone. A change of the rule clears it."
    )
    last_error_at: datetime | None


class ReorderIn(Body):
    """All rules that you see, in the order in which they shall be asked."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"ids": ["01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6", "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda7"]}
        }
    )

    ids: list[UUID] = Field(max_length=MAX_RULES)


class SplitShown(BaseModel):
    """A part of a transaction."""

    amount: Money
    category_id: UUID | None
    memo: str | None


class Shown(BaseModel):
    """What rules look at and change."""

    type: str
    amount: Money
    account_id: UUID
    to_account_id: UUID | None
    category_id: UUID | None
    payee: str | None
    description: str | None
    notes: str | None
    tags: list[str]
    splits: list[SplitShown]


class Skipped(BaseModel):
    """An action that was not done, and why."""

    rule_id: UUID | None
    action: str
    code: str = Field(
        description="`kept`: a person gave what is there. `category_archived`, `category_not_found`, "
        "`account_archived`, `account_not_found`: what it names is archived or gone. Else why it does not fit."
    )


class Applied(BaseModel):
    """A rule that did something, and what."""

    rule_id: UUID | None
    name: str
    changes: dict[str, Any] = Field(description="Each field that it changed, with its value `before` and `after`.")


class TrialIn(Body):
    """A rule, and a transaction as `POST /transactions` takes it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "rule": EXAMPLE,
                "transaction": {
                    "type": "expense",
                    "date": "2026-01-31",
                    "amount": "34.50",
                    "account_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6",
                    "description": "Weekly groceries",
                },
                "source": "csv",
            }
        }
    )

    rule: RuleIn
    transaction: TransactionIn
    source: str = Field(
        default="manual",
        pattern=r"^[a-z0-9_]{1,50}$",
        description="Where it comes from: `manual`, or the format of an import such as `csv`.",
    )


class TrialOut(BaseModel):
    """What would happen; nothing did."""

    matches: bool
    before: Shown
    after: Shown
    applied: list[Applied]
    skipped: list[Skipped]


class RunIn(Body):
    """Which rules to run over which transactions of the past."""

    model_config = ConfigDict(json_schema_extra={"example": {"filter": {"uncategorised": True}, "dry_run": True}})

    rule_ids: list[UUID] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_RULES,
        description="These alone, enabled or not, in their own order; without it all that are enabled.",
    )
    filter: FilterIn | None = Field(default=None, description="Which transactions; without it all of the book.")
    dry_run: Flag = Field(default=False, description="Only say what would change; nothing does.")


class SkippedCounts(BaseModel):
    """Transactions that rules would change and that stay as they are."""

    locked: int = Field(description="Dated in a closed period.")
    sealed: int = Field(description="Reconciled.")
    private: int = Field(description="Tied to an account that you do not see.")
    refused: int = Field(description="The ledger's rules refuse the change, such as a purchase with refunds.")


class RunSample(BaseModel):
    """One of the transactions, before and after."""

    transaction: TransactionOut = Field(description="As it was before.")
    before: Shown
    after: Shown
    applied: list[Applied]


class CutOff(BaseModel):
    """A rule that took too long and was not asked any further in this run."""

    rule_id: UUID | None
    name: str


class RunOut(BaseModel):
    """What a run changed, or would change."""

    examined: int
    matched: int = Field(description="Of which the condition of at least one rule held.")
    changed: int
    skipped: SkippedCounts
    actions_skipped: dict[str, int] = Field(description="Actions that were not done, by the code of why.")
    cut_off: list[CutOff]
    sample: list[RunSample] = Field(max_length=SAMPLE)
    dry_run: bool
    revision: int = Field(description="Of all changes; `POST /books/{book_id}/undo` takes it.")


class ApplicationOut(BaseModel):
    """What a rule did to a transaction."""

    rule_id: UUID
    rule_name: str = Field(description="What it was called then.")
    transaction_id: UUID
    revision: int = Field(description="The revision of the book that made the change.")
    trigger: Literal["create", "import", "run"]
    changes: dict[str, Any]
    at: datetime
