"""Bars, lines, areas and donuts. What is a float here is a place on paper and no amount."""

from decimal import Decimal
from typing import Any

from app.rendering.folding import OTHER, is_time, shortened
from app.rendering.fonts import printable
from app.rendering.model import Chart, Series
from app.rendering.palette import DASHES, HATCHES, MARKS, Theme, colour_of

MOST_TICKS = 16
SHORT = 11
"""Labels up to so long stand below upright bars; longer ones beside lying bars."""
BAR_WIDTH = 0.8
FEW_POINTS = 36
"""Up to so many have a mark each."""
NAN = float("nan")


def number(value: float, _place: object = None) -> str:
    """At an axis: thousands with commas, and no more decimals than there are."""
    text = f"{value:,.6f}".rstrip("0").rstrip(".") if abs(value) < 1e6 else f"{value:,.0f}"
    return text.replace("-", "\u2212") if text != "-0" else "0"


def draw(chart: Chart, figure: Any, theme: Theme) -> None:
    """Everything but flows, on a figure of the library."""
    axes = figure.add_subplot(facecolor=theme.ground)
    if chart.kind == "donut":
        _donut(chart, figure, axes, theme)
        return
    lying = is_lying(chart)
    {"bars": _bars, "stacked": _stacked, "lines": _lines, "area": _area}[chart.kind](chart, axes, theme, lying=lying)
    _label(chart, axes, theme, lying=lying)
    if len(chart.series) > 1:
        figure.legend(loc="outside lower center", ncols=min(4, len(chart.series)), frameon=False, labelcolor=theme.ink)


def is_lying(chart: Chart) -> bool:
    """Whether bars lie, so that there is room for all of their names."""
    if chart.kind not in {"bars", "stacked"} or is_time(chart.labels):
        return False
    longest = max(len(line) for label in chart.labels for line in label.split("\n"))
    return longest > SHORT or len(chart.labels) > MOST_TICKS


def _floats(series: Series) -> list[float]:
    return [NAN if value is None else float(value) for value in series.values]


def _colours(chart: Chart) -> list[str]:
    return [colour_of(place, each.title, OTHER) for place, each in enumerate(chart.series)]


def _title(series: Series) -> str:
    return shortened(printable(series.title))


def _bars(chart: Chart, axes: Any, theme: Theme, *, lying: bool) -> None:
    width = BAR_WIDTH / len(chart.series)
    for place, (each, colour) in enumerate(zip(chart.series, _colours(chart), strict=True)):
        offset = (place - (len(chart.series) - 1) / 2) * width
        at = [spot + offset for spot in range(len(chart.labels))]
        (axes.barh if lying else axes.bar)(
            at, _floats(each), width, color=colour, label=_title(each), hatch=HATCHES[place % len(HATCHES)],
            edgecolor=theme.ground, linewidth=0.6,
        )  # fmt: skip


def _stacked(chart: Chart, axes: Any, theme: Theme, *, lying: bool) -> None:
    """What is negative is stacked downwards from 0."""
    up, down = [0.0] * len(chart.labels), [0.0] * len(chart.labels)
    for place, (each, colour) in enumerate(zip(chart.series, _colours(chart), strict=True)):
        heights = [0.0 if value is None else float(value) for value in each.values]
        starts = [up[spot] if height >= 0 else down[spot] for spot, height in enumerate(heights)]
        style: dict[str, Any] = {"color": colour, "label": _title(each), "hatch": HATCHES[place % len(HATCHES)]}
        style |= {"edgecolor": theme.ground, "linewidth": 0.6}
        spots = range(len(chart.labels))
        if lying:
            axes.barh(spots, heights, BAR_WIDTH, left=starts, **style)
        else:
            axes.bar(spots, heights, BAR_WIDTH, bottom=starts, **style)
        for spot, height in enumerate(heights):
            up[spot] += max(height, 0.0)
            down[spot] += min(height, 0.0)


def _lines(chart: Chart, axes: Any, _theme: Theme, *, lying: bool) -> None:  # noqa: ARG001  # lines never lie
    for place, (each, colour) in enumerate(zip(chart.series, _colours(chart), strict=True)):
        known = [value is not None for value in each.values]
        # A point between two gaps is on no line: only its mark shows it.
        alone = any(
            here and not any(known[max(spot - 1, 0) : spot] + known[spot + 1 : spot + 2])
            for spot, here in enumerate(known)
        )
        marked = alone or len(chart.labels) <= FEW_POINTS
        axes.plot(
            range(len(chart.labels)), _floats(each), color=colour, label=_title(each), linewidth=2,
            linestyle=DASHES[place % len(DASHES)], marker=MARKS[place % len(MARKS)] if marked else None, markersize=4,
        )  # fmt: skip


def _area(chart: Chart, axes: Any, theme: Theme, *, lying: bool) -> None:
    _lines(chart, axes, theme, lying=lying)
    for each, colour in zip(chart.series, _colours(chart), strict=True):
        axes.fill_between(range(len(chart.labels)), _floats(each), 0, color=colour, alpha=0.15, linewidth=0)


def _label(chart: Chart, axes: Any, theme: Theme, *, lying: bool) -> None:
    """Title, unit, ticks and the line at 0."""
    axes.set_title(shortened(printable(chart.title), 70), color=theme.ink)
    step = 1 if lying else max(1, -(-len(chart.labels) // MOST_TICKS))
    spots = list(range(0, len(chart.labels), step))
    texts = ["\n".join(shortened(printable(line)) for line in chart.labels[spot].split("\n")) for spot in spots]
    values, names = (axes.xaxis, axes.yaxis) if lying else (axes.yaxis, axes.xaxis)
    names.set_ticks(spots, texts)
    if lying:
        axes.invert_yaxis()
        axes.axvline(0, color=theme.ink, linewidth=0.8)
    else:
        axes.axhline(0, color=theme.ink, linewidth=0.8)
        if sum(map(len, texts)) > 80:
            axes.tick_params(axis="x", labelrotation=40)
    values.set_major_formatter(number)
    unit = printable(
        " ".join(part for part in (chart.axis_title, f"({chart.unit})" if chart.axis_title else chart.unit))
    )
    values.set_label_text(unit.strip(), color=theme.ink)
    values.grid(visible=True, color=theme.faint, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=theme.ink)
    for side in axes.spines.values():
        side.set_visible(False)


def _donut(chart: Chart, figure: Any, axes: Any, theme: Theme) -> None:
    """Slices with their share and their amount in the legend, which says what colours alone do not."""
    values = [value or Decimal(0) for value in chart.series[0].values]
    whole = sum(values, Decimal(0))
    colours = [colour_of(place, label, OTHER) for place, label in enumerate(chart.labels)]
    slices, _ = axes.pie(
        [float(value) for value in values], colors=colours, startangle=90, counterclock=False,
        wedgeprops={"width": 0.42, "edgecolor": theme.ground, "linewidth": 1.5},
    )  # fmt: skip
    for place, each in enumerate(slices):
        each.set_hatch(HATCHES[place % len(HATCHES)])
    names = [
        f"{shortened(printable(label))}  {value:,f} ({100 * value / whole:.1f}%)"
        for label, value in zip(chart.labels, values, strict=True)
    ]
    figure.legend(slices, names, loc="outside right center", frameon=False, labelcolor=theme.ink)
    axes.set_title(shortened(printable(chart.title), 70), color=theme.ink)
    axes.text(0, 0, printable(chart.unit), ha="center", va="center", color=theme.ink)
