"""What a rule asks of a transaction: `and`, `or` and `not` of simple questions about its fields."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from app.core.fields import Body, CivilDate, Whole
from app.core.money import PositiveAmount
from app.core.text import folded
from app.rules.patterns import check_pattern

MAX_DEPTH = 8
MAX_QUESTIONS = 50
MAX_CHOICES = 100
MAX_TEXT = 300

TextField = Literal["payee", "description", "notes", "tag", "external_id"]
TextOp = Literal["equals", "contains", "starts_with", "ends_with", "regex", "one_of"]
OrderOp = Literal["equals", "one_of", "less", "greater", "between"]
ChoiceOp = Literal["equals", "one_of"]

Written = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


class _Question(Body):
    op: Any
    value: Any

    @model_validator(mode="after")
    def _fits(self) -> Any:
        several = isinstance(self.value, list)
        if several != (self.op in {"one_of", "between"}):
            raise ValueError(f"{self.op} takes {'one value' if several else 'a list of values'}")
        if self.op == "between":
            if len(self.value) != 2:
                raise ValueError("between takes two values, the lowest and the highest")
            if self.value[0] > self.value[1]:
                raise ValueError("the first value of between is greater than the second")
        return self

    @property
    def values(self) -> list[Any]:
        return self.value if isinstance(self.value, list) else [self.value]


class TextQuestion(_Question):
    """About a text. Case, accents and the width of letters do not count, as in the search; punctuation does.

    `regex` is in the syntax of RE2, finds its pattern anywhere, and looks at the text as it stands but for case.
    `one_of` is equal to one of them; `tag` asks for any of the tags.
    """

    field: TextField
    op: TextOp
    value: Written | Annotated[list[Written], Field(min_length=1, max_length=MAX_CHOICES)]

    @model_validator(mode="after")
    def _readable(self) -> "TextQuestion":
        if any("\x00" in each for each in self.values):
            raise ValueError("a text has no NUL character")
        if self.op == "regex":
            check_pattern(str(self.value))
        elif not all(folded(each) for each in self.values):
            raise ValueError("nothing is left of the text without case and accents")
        return self


class AmountQuestion(_Question):
    """About the amount: what was moved, in the account's currency, without a sign; `type` says the direction.

    `less` and `greater` do not include the value, `between` includes both.
    """

    field: Literal["amount"]
    op: OrderOp
    value: PositiveAmount | Annotated[list[PositiveAmount], Field(min_length=1, max_length=MAX_CHOICES)]


class DateQuestion(_Question):
    """About the date."""

    field: Literal["date"]
    op: OrderOp
    value: CivilDate | Annotated[list[CivilDate], Field(min_length=1, max_length=MAX_CHOICES)]


class DayQuestion(_Question):
    """About the day of the month (1 to 31), or of the week (1 is Monday, 7 Sunday)."""

    field: Literal["day_of_month", "weekday"]
    op: OrderOp
    value: (
        Annotated[Whole, Field(ge=1, le=31)]
        | Annotated[list[Annotated[Whole, Field(ge=1, le=31)]], Field(min_length=1, max_length=31)]
    )

    @model_validator(mode="after")
    def _days_of_week(self) -> "DayQuestion":
        if self.field == "weekday" and max(self.values) > 7:
            raise ValueError("a week has the days 1 (Monday) to 7 (Sunday)")
        return self


class AccountQuestion(_Question):
    """About the account: that of an expense or income, or the source of a transfer."""

    field: Literal["account"]
    op: ChoiceOp
    value: UUID | Annotated[list[UUID], Field(min_length=1, max_length=MAX_CHOICES)]


TypeName = Literal["expense", "income", "transfer", "journal", "adjustment"]


class TypeQuestion(_Question):
    """About the type."""

    field: Literal["type"]
    op: ChoiceOp
    value: TypeName | Annotated[list[TypeName], Field(min_length=1, max_length=5)]


SourceName = Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[a-z0-9_]+$")]


class SourceQuestion(_Question):
    """About where it came from: the format of its import, such as `csv`, or `manual` for what came without one."""

    field: Literal["import_source"]
    op: ChoiceOp
    value: SourceName | Annotated[list[SourceName], Field(min_length=1, max_length=20)]


Question = TextQuestion | AmountQuestion | DateQuestion | DayQuestion | AccountQuestion | TypeQuestion | SourceQuestion


class All(Body):
    """All of these hold."""

    model_config = ConfigDict(populate_by_name=True)

    all_of: list["Condition"] = Field(alias="and", min_length=1, max_length=MAX_QUESTIONS)


class AnyOf(Body):
    """At least one of these holds."""

    model_config = ConfigDict(populate_by_name=True)

    any_of: list["Condition"] = Field(alias="or", min_length=1, max_length=MAX_QUESTIONS)


class Not(Body):
    """This does not hold."""

    model_config = ConfigDict(populate_by_name=True)

    none_of: "Condition" = Field(alias="not")


_KINDS = {
    "amount": "amount",
    "date": "date",
    "day_of_month": "day",
    "weekday": "day",
    "account": "account",
    "type": "type",
    "import_source": "source",
}
_FIELDS = (*get_args(TextField), *_KINDS)


def _kind(value: Any) -> str:
    """Which of the kinds below it is: a group by its one name, a question by its field."""
    if isinstance(value, dict):
        for name in ("and", "or", "not"):
            if name in value:
                return name
        return _KINDS.get(str(value.get("field")), "text")
    if isinstance(value, All):
        return "and"
    if isinstance(value, AnyOf):
        return "or"
    if isinstance(value, Not):
        return "not"
    return _KINDS.get(getattr(value, "field", ""), "text")


Condition = Annotated[
    Annotated[All, Tag("and")]
    | Annotated[AnyOf, Tag("or")]
    | Annotated[Not, Tag("not")]
    | Annotated[TextQuestion, Tag("text")]
    | Annotated[AmountQuestion, Tag("amount")]
    | Annotated[DateQuestion, Tag("date")]
    | Annotated[DayQuestion, Tag("day")]
    | Annotated[AccountQuestion, Tag("account")]
    | Annotated[TypeQuestion, Tag("type")]
    | Annotated[SourceQuestion, Tag("source")],
    Discriminator(_kind),
]
All.model_rebuild()
AnyOf.model_rebuild()
Not.model_rebuild()


def _bounded(value: Any) -> Any:
    """Refuse what is too deep or too much before anything walks through it, and what asks of nothing there is."""
    waiting, questions = [(value, 1)], 0
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise ValueError(f"conditions are nested at most {MAX_DEPTH} deep")
        if not isinstance(node, dict):
            continue
        parts = [part for name in ("and", "or") if isinstance(node.get(name), list) for part in node[name]]
        if "not" in node:
            parts.append(node["not"])
        if not {"and", "or", "not"} & node.keys() and node.get("field") not in _FIELDS:
            raise ValueError(f"it has and, or, not, or a field: one of {', '.join(_FIELDS)}")
        questions += not parts
        if questions > MAX_QUESTIONS:
            raise ValueError(f"a rule asks at most {MAX_QUESTIONS} questions")
        waiting += [(part, depth + 1) for part in parts]
    return value


RuleCondition = Annotated[Condition, BeforeValidator(_bounded)]
"""The condition of a rule, of at most `MAX_QUESTIONS` questions and `MAX_DEPTH` levels."""


def questions_of(condition: Any) -> Iterator[Question]:
    """Every question that a condition asks."""
    if isinstance(condition, All | AnyOf):
        for part in condition.all_of if isinstance(condition, All) else condition.any_of:
            yield from questions_of(part)
    elif isinstance(condition, Not):
        yield from questions_of(condition.none_of)
    else:
        yield condition
