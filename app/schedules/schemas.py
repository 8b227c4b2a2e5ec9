"""What clients send about schedules."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, field_validator, model_validator

from app.core.fields import Body, CivilDate, Flag, LongName, Whole
from app.core.money import PositiveAmount, SignedAmount
from app.schedules.rrule import MAX_LENGTH

MAX_LEAD = 60
MAX_AVERAGED = 24

Kind = Literal["transaction", "bill"]
MonthEnd = Literal["clamp", "skip"]
Weekend = Literal["keep", "before", "after"]
AmountKind = Literal["fixed", "range", "average"]
Mode = Literal["post", "confirm"]

Template = Annotated[
    dict[str, Any],
    Field(
        max_length=30,
        description="The transaction that comes again, as `POST /transactions` takes it, without `date` and `amount`: "
        "`type` (`expense`, `income`, `transfer` or `journal`), `account_id`, and what that type has besides. Where "
        "another amount is posted than the template's `splits` sum to, they are scaled in proportion.",
        examples=[{"type": "expense", "account_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6", "payee": "City Energy"}],
    ),
]
Rrule = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_LENGTH,
        description="A recurrence rule (RFC 5545): FREQ of DAILY to YEARLY, INTERVAL, BYDAY, BYMONTHDAY, BYMONTH, "
        "BYSETPOS, WKST, COUNT or UNTIL.",
        examples=["FREQ=MONTHLY;BYMONTHDAY=-1"],
    ),
]
MonthEndField = Annotated[
    MonthEnd,
    Field(
        description="What the 31st is in a month that has none: `clamp` is its last day, `skip` (as RFC 5545 has it) "
        "leaves that month out."
    ),
]
WeekendField = Annotated[
    Weekend, Field(description="Where a Saturday or Sunday goes: to the Friday `before`, the Monday `after`, nowhere.")
]
Days = Annotated[Whole, Field(ge=0, le=MAX_LEAD)]
Tolerance = Annotated[SignedAmount, Field(ge=0, le=100, description="For bills: how much off, in percent.")]

_EXAMPLE: dict[str, JsonValue] = {
    "name": "Rent",
    "template": {
        "type": "expense",
        "account_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6",
        "category_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda7",
        "payee": "Landlord",
    },
    "rrule": "FREQ=MONTHLY;BYMONTHDAY=1",
    "starts_on": "2026-02-01",
    "weekend": "after",
    "amount": "850.00",
    "mode": "post",
}


class ScheduleReplace(Body):
    """All of a schedule: what PUT takes, and what a merged PATCH must be."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    name: LongName
    kind: Kind = Field(default="transaction", description="A `bill` is what somebody else asks for: it is matched.")
    template: Template
    rrule: Rrule
    starts_on: CivilDate = Field(description="The rule counts from here; it is an occurrence only if the rule says so.")
    month_end: MonthEndField = "clamp"
    weekend: WeekendField = "keep"
    amount_kind: AmountKind = Field(
        default="fixed",
        description="`fixed` takes `amount`; `range` `amount_min` and `amount_max`; `average` is the mean of the last "
        "`average_of` transactions, and `amount` until there is one. A journal is `fixed` and takes no amount.",
    )
    amount: PositiveAmount | None = None
    amount_min: PositiveAmount | None = None
    amount_max: PositiveAmount | None = None
    average_of: Annotated[Whole, Field(ge=1, le=MAX_AVERAGED)] | None = None
    mode: Mode = Field(
        default="confirm",
        description="`post` books each occurrence by itself on its day, and takes a fixed amount: a guess is never "
        "booked. `confirm` puts it up and waits for you.",
    )
    lead_days: Days = Field(default=0, description="How many days before its date an occurrence is put up to confirm.")
    tolerance: Tolerance | None = None
    window_days: Days | None = Field(default=None, description="For bills: how many days around its date it may come.")
    remind_days: Days | None = Field(default=None, description="For bills: how many days before you are reminded.")
    active_from: CivilDate | None = Field(
        default=None,
        description="Occurrences due before it are passed over. Today when a schedule is made without it, so that a "
        "rule from the past posts nothing of the past.",
    )
    paused: Flag = Field(default=False, description="Nothing of it is posted, put up or planned. What was due meanwhile"
                                                    " is passed over when it goes on.")  # fmt: skip
    archived: Flag = False

    @model_validator(mode="after")
    def _amounts_of_kind(self) -> "ScheduleReplace":
        given = {
            name for name in ("amount", "amount_min", "amount_max", "average_of") if getattr(self, name) is not None
        }
        wanted = {
            "fixed": {"amount"},
            "range": {"amount_min", "amount_max"},
            "average": {"amount", "average_of"},
        }[self.amount_kind]
        if self.template.get("type") == "journal":
            if self.amount_kind != "fixed":
                raise ValueError("a journal's postings say its amounts: amount_kind is fixed")
            wanted = set()
        of = "the postings of a journal have their amounts: it" if not wanted else f"amount_kind {self.amount_kind}"
        if wanted - given:
            raise ValueError(f"{of} needs {' and '.join(sorted(wanted - given))}")
        if given - wanted:
            raise ValueError(f"{of} does not take {' or '.join(sorted(given - wanted))}")
        if self.amount_min is not None and self.amount_max is not None and self.amount_min > self.amount_max:
            raise ValueError("amount_min is not more than amount_max")
        if self.mode == "post" and self.amount_kind != "fixed":
            raise ValueError("mode post takes a fixed amount: what is not known is confirmed")
        if self.mode == "post" and self.lead_days:
            raise ValueError("lead_days is for mode confirm: nothing is posted before its date")
        return self


class ScheduleIn(ScheduleReplace):
    """A new schedule."""

    id: UUID | None = Field(default=None, description="Your own UUID for it; the server makes one when absent.")


class SchedulePatch(Body):
    """What to change; what is absent stays. The merged whole must be valid, as if it were sent with PUT."""

    model_config = ConfigDict(json_schema_extra={"example": {"amount": "880.00"}})

    name: LongName | None = None
    kind: Kind | None = None
    template: Template | None = Field(default=None, description="The whole of it.")
    rrule: Rrule | None = None
    starts_on: CivilDate | None = None
    month_end: MonthEndField | None = None
    weekend: WeekendField | None = None
    amount_kind: AmountKind | None = None
    amount: PositiveAmount | None = None
    amount_min: PositiveAmount | None = None
    amount_max: PositiveAmount | None = None
    average_of: Annotated[Whole, Field(ge=1, le=MAX_AVERAGED)] | None = None
    mode: Mode | None = None
    lead_days: Days | None = None
    tolerance: Tolerance | None = None
    window_days: Days | None = None
    remind_days: Days | None = None
    active_from: CivilDate | None = None
    paused: Flag | None = None
    archived: Flag | None = None

    @field_validator(
        "name", "kind", "template", "rrule", "starts_on", "month_end", "weekend", "amount_kind", "mode", "lead_days",
        "active_from", "paused", "archived",
    )  # fmt: skip
    @classmethod
    def _not_null(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("cannot be null")
        return value


class ChangeFollowing(Body):
    """From which occurrence on, and what to change: the schedule ends before it and another one follows."""

    model_config = ConfigDict(json_schema_extra={"example": {"from": "2026-09-01", "changes": {"amount": "880.00"}}})

    from_: CivilDate = Field(alias="from", description="The `due_on` of the first occurrence that is to be different.")
    changes: SchedulePatch


class Confirmation(Body):
    """How it came; what is absent is as it was planned."""

    model_config = ConfigDict(json_schema_extra={"example": {"amount": "63.20"}})

    amount: PositiveAmount | None = Field(
        default=None, description="What it was. Needed unless the amount is fixed or was set for this occurrence."
    )
    to_amount: PositiveAmount | None = Field(
        default=None, description="Of a transfer into another currency: what arrived. Needed with another `amount`."
    )
    date: CivilDate | None = Field(
        default=None, description="When; the occurrence's date without it, or today where that is still to come."
    )


class OccurrencePatch(Body):
    """A change of one occurrence; null takes it back."""

    model_config = ConfigDict(json_schema_extra={"example": {"date": "2026-03-05"}})

    amount: PositiveAmount | None = None
    date: CivilDate | None = None
