"""Charts made small enough to be read: what is too much is one part named "Other", and its sum is exact."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from app.rendering.model import Chart, Link, Series

OTHER = "Other"
MOST_SERIES = 9
MOST_SLICES = 10
MOST_BARS = 24
MOST_NODES = 12
"""Of one column of a flow."""
LONGEST = 28

ZERO = Decimal(0)
_TIME = re.compile(r"\d{4}([-/ ](\d{1,2}|[QWHS]\d{1,2})([-/]\d{1,2})?)?|[^\W\d]{3,9}\.? \d{4}|Q\d \d{4}")


def shortened(text: str, most: int = LONGEST) -> str:
    """The text on one line, with an ellipsis where it is cut."""
    line = " ".join(text.split(" "))
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def is_time(labels: Sequence[str]) -> bool:
    """Whether the labels are days, weeks, months, quarters or years: they have an order and are never folded."""
    return all(_TIME.fullmatch(label) for label in labels)


def folded(chart: Chart) -> Chart:
    """The same chart with no more parts than can be told apart."""
    if chart.kind == "flow":
        return _folded_flow(chart)
    if chart.kind == "donut":
        return _folded_slices(chart)
    series = _folded_series(chart.series)
    if chart.kind in {"bars", "stacked"} and len(chart.labels) > MOST_BARS and not is_time(chart.labels):
        return _folded_labels(replace(chart, series=series))
    return replace(chart, series=series)


def summed(values: Sequence[Decimal | None]) -> Decimal | None:
    """Their sum; a gap where there is nothing but gaps."""
    known = [value for value in values if value is not None]
    return sum(known, ZERO) if known else None


def _size(values: Sequence[Decimal | None]) -> Decimal:
    return sum((abs(value) for value in values if value is not None), ZERO)


def _largest(sizes: Sequence[Decimal], most: int) -> tuple[list[int], list[int]]:
    """Which places stay and which are folded, both in their order; none is folded if all have room."""
    if len(sizes) <= most:
        return list(range(len(sizes))), []
    by_size = sorted(range(len(sizes)), key=lambda place: (-sizes[place], place))
    return sorted(by_size[: most - 1]), sorted(by_size[most - 1 :])


def _folded_series(series: Sequence[Series]) -> Sequence[Series]:
    kept, rest = _largest([_size(each.values) for each in series], MOST_SERIES)
    if not rest:
        return series
    columns = zip(*(series[place].values for place in rest), strict=True)
    return [*(series[place] for place in kept), Series(OTHER, [summed(column) for column in columns])]


def _folded_labels(chart: Chart) -> Chart:
    sizes = [_size([each.values[place] for each in chart.series]) for place in range(len(chart.labels))]
    kept, rest = _largest(sizes, MOST_BARS)
    return replace(
        chart,
        labels=[*(chart.labels[place] for place in kept), OTHER],
        series=[
            Series(
                each.title, [*(each.values[place] for place in kept), summed([each.values[place] for place in rest])]
            )
            for each in chart.series
        ],
    )


def _folded_slices(chart: Chart) -> Chart:
    """Largest first; what is not above 0 is no slice of a whole and is left out."""
    pairs = zip(chart.labels, chart.series[0].values, strict=True) if chart.series else ()
    parts = [(value, label) for label, value in pairs if value and value > 0]
    parts.sort(key=lambda part: (-part[0], part[1]))
    if len(parts) > MOST_SLICES:
        rest = sum((value for value, _ in parts[MOST_SLICES - 1 :]), ZERO)
        parts = [*parts[: MOST_SLICES - 1], (rest, OTHER)]
    title = chart.series[0].title if chart.series else ""
    return replace(chart, labels=[label for _, label in parts], series=[Series(title, [value for value, _ in parts])])


def columns_of(count: int, links: Sequence[Link]) -> list[int]:
    """In which column each node stands: behind all that flows into it; in a circle, behind what is known so far."""
    into: dict[int, set[int]] = defaultdict(set)
    for link in links:
        if link.source != link.target:
            into[link.target].add(link.source)
    found: dict[int, int] = {}
    while len(found) < count:
        ready = [node for node in range(count) if node not in found and into[node] <= found.keys()]
        for node in ready or [min(set(range(count)) - found.keys())]:
            found[node] = max((found[source] + 1 for source in into[node] & found.keys()), default=0)
    return [found[node] for node in range(count)]


def throughput(count: int, links: Sequence[Link]) -> list[Decimal]:
    """Of each node the larger of what comes in and what goes out."""
    into, out = [ZERO] * count, [ZERO] * count
    for link in links:
        out[link.source] += link.amount
        into[link.target] += link.amount
    return [max(pair) for pair in zip(into, out, strict=True)]


def _folded_flow(chart: Chart) -> Chart:
    """Small nodes of a full column become one; links that then are between the same two are one."""
    links = [link for link in chart.links if link.amount > 0]
    columns = columns_of(len(chart.nodes), links)
    sizes = throughput(len(chart.nodes), links)
    names: list[str] = []
    place_of: dict[int, int] = {}
    for column in range(max(columns, default=-1) + 1):
        nodes = [node for node in range(len(chart.nodes)) if columns[node] == column and sizes[node] > 0]
        kept, rest = _largest([sizes[node] for node in nodes], MOST_NODES)
        for place in kept:
            place_of[nodes[place]] = len(names)
            names.append(chart.nodes[nodes[place]])
        if rest:
            place_of |= dict.fromkeys((nodes[place] for place in rest), len(names))
            names.append(OTHER)
    amounts: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for link in links:
        amounts[place_of[link.source], place_of[link.target]] += link.amount
    return replace(chart, nodes=names, links=[Link(*ends, amount) for ends, amount in amounts.items()])
