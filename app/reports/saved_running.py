"""What a saved report says: its definition as one question, over totals wherever they know it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.access.context import BookReader
from app.core.money import quantum
from app.rendering.model import Cell, Chart, Column, Series, Table
from app.reports.asked import currency_of
from app.reports.flows import UNCATEGORISED, Answer, Filters, Group, Question, ask
from app.reports.periods import Bucket, By, buckets, check_bounded, resolve, whole
from app.reports.presenting import MOST_SERIES, money, unconverted
from app.reports.weekdays import DAYS

PERIOD_FIELD = "filters.period"
OF_TIME: dict[str, By] = {"month": "month", "quarter": "quarter", "year": "year"}
WITHOUT = {"payee": "Without a payee", "tag": "Without a tag"}
TITLES = {"top_category": "Top-level category", "count": "Postings", "average": "Average of a posting"}

Document = Mapping[str, Any]


def check(book: BookReader, definition: Document) -> None:
    """Raise `InvalidError` for a period that is none, or too long for what the report reads."""
    _question(book, definition, definition["currency"] or book.base_currency, book.base_exponent)


def _question(book: BookReader, definition: Document, currency: str, exponent: int) -> Question:
    period = resolve(definition["period"], book.actor.today(), field=PERIOD_FIELD)
    time = next((each for each in definition["dimensions"] if each in OF_TIME), None)
    wanted = whole(period) if time is None else buckets(period, OF_TIME[time], field=PERIOD_FIELD)
    question = Question(
        wanted,
        currency,
        exponent,
        tuple(_group_of(dimension) for dimension in definition["dimensions"]),
        Filters(
            accounts=tuple(definition["account_ids"]),
            categories=tuple(definition["category_ids"]),
            tags=tuple(definition["tag_ids"]),
            payees=tuple(definition["payee_ids"]),
            min_amount=definition["min_amount"],
            max_amount=definition["max_amount"],
        ),
        _sort(definition),
        _side(definition["measures"]),
        definition["most"],
    )
    if question.source(book) == "postings":
        check_bounded(period, PERIOD_FIELD)
    return question


def _group_of(dimension: str) -> str:
    return "bucket" if dimension in OF_TIME else dimension


def _sort(definition: Document) -> str | None:
    """As it says; else by time where a row begins with that, and else the largest first."""
    sort: str | None = definition["sort"]
    if sort is not None:
        name = sort.removeprefix("-")
        return sort.replace(name, _group_of(name))
    first = next(iter(definition["dimensions"]), None)
    return None if first in OF_TIME or first == "weekday" else f"-{definition['measures'][0]}"


def _side(measures: Sequence[str]) -> str | None:
    """Rows with none of what alone is shown are left out."""
    return measures[0] if list(measures) in (["income"], ["expenses"]) else None


async def run(book: BookReader, definition: Document) -> dict[str, Any]:
    """Raises `InvalidError`, and errors of their own where what it names is not there any more."""
    currency, exponent = await currency_of(book, definition["currency"], "currency")
    question = _question(book, definition, currency, exponent)
    answer = await ask(book, question)
    names = _names(answer)
    rows = [
        {
            "labels": [_label(dimension, group, names, question.buckets) for dimension in definition["dimensions"]],
            "values": _values(definition["measures"], group, exponent),
        }
        for group in answer.groups
    ]
    whole_period = Group({}, answer.income, answer.expenses, answer.count, moved=True, incomplete=bool(answer.missing))
    return {
        "id": definition["id"],
        "name": definition["name"],
        "from": question.buckets[0].first,
        "to": question.buckets[-1].last,
        "currency": currency,
        "measures": definition["measures"],
        "dimensions": definition["dimensions"],
        "rows": rows,
        "more": answer.group_count - len(rows),
        "totals": _values(definition["measures"], whole_period, exponent),
        "unconverted": answer.unconverted,
    }


def _names(answer: Answer) -> dict[str, str]:
    return {each["id"]: each["name"] for each in (*answer.categories, *answer.accounts)}


def _label(dimension: str, group: Group, names: Mapping[str, str], wanted: Sequence[Bucket]) -> dict[str, Any]:
    key = group.key[_group_of(dimension)]
    if dimension in OF_TIME:
        return {"dimension": dimension, "id": None, "name": wanted[key].name}
    if dimension == "weekday":
        return {"dimension": dimension, "id": None, "name": DAYS[key - 1]}
    if dimension in WITHOUT:
        name = group.key[f"{dimension}_name"] or WITHOUT[dimension]
    else:
        name = UNCATEGORISED if key is None else names[key]
    return {"dimension": dimension, "id": key, "name": name}


def _values(measures: Sequence[str], group: Group, exponent: int) -> dict[str, Decimal | int | None]:
    average = group.average
    values: dict[str, Decimal | int | None] = {
        "income": group.income,
        "expenses": group.expenses,
        "net": group.net,
        "count": group.count,
        "average": None if average is None else average.quantize(quantum(exponent)),
    }
    return {measure: values[measure] for measure in measures}


def tables(document: Document) -> list[Table]:
    columns = [Column(name, _title(name)) for name in document["dimensions"]]
    columns += [
        Column(name, _title(name), "number") if name == "count" else money(name, _title(name), document["currency"])
        for name in document["measures"]
    ]
    rows: list[Sequence[Cell]] = [
        (*(label["name"] for label in row["labels"]), *row["values"].values()) for row in document["rows"]
    ]
    return [Table("report", document["name"], columns, rows), *unconverted(dict(document))]


def _title(name: str) -> str:
    return TITLES.get(name, name.capitalize())


def chart(document: Document) -> Chart:
    """Bars of the rows; of two dimensions of which the first is of time, stacks of the first measure."""
    shown = [name for name in document["measures"] if name != "count"] or ["count"]
    unit = "" if shown == ["count"] else document["currency"]
    dimensions = document["dimensions"]
    if len(dimensions) == 2 and dimensions[0] in OF_TIME:
        return _stacked(document, shown[0], unit)
    labels = [", ".join(label["name"] for label in row["labels"]) or document["name"] for row in document["rows"]]
    series = [Series(_title(name), [_number(row["values"][name]) for row in document["rows"]]) for name in shown]
    return Chart("bars", document["name"], unit, labels, series)


def _stacked(document: Document, measure: str, unit: str) -> Chart:
    times = list(dict.fromkeys(row["labels"][0]["name"] for row in document["rows"]))
    sums: dict[str, dict[str, Decimal]] = {}
    for row in document["rows"]:
        time, name = (label["name"] for label in row["labels"])
        value = _number(row["values"][measure])
        if value is not None:
            of_name = sums.setdefault(name, {})
            of_name[time] = of_name.get(time, Decimal(0)) + value
    largest = sorted(sums, key=lambda name: -sum(sums[name].values(), Decimal(0)))
    series = [Series(name, [sums[name].get(time, Decimal(0)) for time in times]) for name in largest[:MOST_SERIES]]
    others = largest[MOST_SERIES:]
    if others:
        rest = [sum((sums[name].get(time, Decimal(0)) for name in others), Decimal(0)) for time in times]
        series.append(Series("Other", rest))
    return Chart("stacked", document["name"], unit, times, series)


def _number(value: Decimal | int | None) -> Decimal | None:
    return None if value is None else Decimal(value)
