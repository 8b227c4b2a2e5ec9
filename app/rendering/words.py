"""A chart in words, for who does not see it."""

from collections.abc import Sequence
from decimal import Decimal

from app.core.money import plain
from app.rendering.folding import folded
from app.rendering.model import Chart

MOST = 24
"""Values of a series that are told one by one; of more, only the first, the last, the lowest and the highest."""
NO_DATA = "No data"


def in_words(chart: Chart) -> str:
    """Title, unit and values of what is drawn: the same parts are folded."""
    drawn = folded(chart)
    head = f"{drawn.title}, in {drawn.unit}." if drawn.unit else f"{drawn.title}."
    if drawn.kind == "flow":
        told = [f"{drawn.nodes[k.source]} to {drawn.nodes[k.target]} {plain(k.amount)}" for k in drawn.links]
        lines = ["; ".join(told)] if told else []
    else:
        lines = [line for each in drawn.series if (line := _series(each.title, drawn.labels, each.values))]
    return " ".join([head, *(f"{line}." for line in lines)]) if lines else f"{head} {NO_DATA}."


def _series(title: str, labels: Sequence[str], values: Sequence[Decimal | None]) -> str:
    known = [(" ".join(label.split()), value) for label, value in zip(labels, values, strict=True) if value is not None]
    if not known:
        return ""
    if len(known) <= MOST:
        told = ", ".join(f"{label} {plain(value)}" for label, value in known)
    else:
        ends = {
            "first": known[0],
            "last": known[-1],
            "lowest": min(known, key=lambda each: each[1]),
            "highest": max(known, key=lambda each: each[1]),
        }
        told = ", ".join(f"{word} {label} {plain(value)}" for word, (label, value) in ends.items())
    return f"{title}: {told}" if title else told
