"""Where money goes: nodes in columns, links between them as bands whose width is the amount (a Sankey diagram)."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from app.rendering.folding import OTHER, columns_of, shortened, throughput
from app.rendering.fonts import printable
from app.rendering.model import Chart
from app.rendering.palette import NODES, Theme
from app.rendering.palette import OTHER as GREY

GAP = 0.025
"""Between two nodes of a column, of the height of the whole."""
MOST_GAPS = 0.35
NODE = 0.022
NAME_INCHES = 0.18
MARGIN = 0.30
"""Left and right, for the names of the outer columns."""
SOURCES = (*NODES[7::-1], *NODES[:7:-1])
"""From the middle backwards: what money comes from has not the colour of what most of it goes to."""


@dataclass(frozen=True)
class Box:
    """A node on the paper: its left edge, its lower edge and its height; x and y go from 0 to 1."""

    column: int
    x: float
    y: float
    height: float


@dataclass(frozen=True)
class Band:
    """A link: the lower edges where it leaves and arrives, and how wide it is."""

    source: int
    target: int
    leaves: float
    arrives: float
    width: float


def layout(chart: Chart) -> tuple[list[Box], list[Band]]:
    """Boxes from the top of each column down in the order of the nodes, one scale for all; bands in the same order."""
    columns = columns_of(len(chart.nodes), chart.links)
    sizes = [float(size) for size in throughput(len(chart.nodes), chart.links)]
    last = max(columns)
    members = [[n for n in range(len(chart.nodes)) if columns[n] == column] for column in range(last + 1)]
    gaps = [min(GAP * (len(nodes) - 1), MOST_GAPS) for nodes in members]
    scale = min((1 - gap) / sum(sizes[n] for n in nodes) for nodes, gap in zip(members, gaps, strict=True))
    boxes: dict[int, Box] = {}
    for column, nodes in enumerate(members):
        gap = gaps[column] / (len(nodes) - 1) if len(nodes) > 1 else 0.0
        height = sum(sizes[n] for n in nodes) * scale + gaps[column]
        top = 0.5 + height / 2
        for node in nodes:
            tall = sizes[node] * scale
            boxes[node] = Box(column, column * (1 - NODE) / last if last else 0.5, top - tall, tall)
            top -= tall + gap
    placed = [boxes[node] for node in range(len(chart.nodes))]
    return placed, _bands(chart, placed, scale)


def _bands(chart: Chart, boxes: list[Box], scale: float) -> list[Band]:
    """At each node those that go to or come from what is higher are higher."""
    width = [float(link.amount) * scale for link in chart.links]
    leaves, arrives = [0.0] * len(width), [0.0] * len(width)
    for node, box in enumerate(boxes):
        out = [place for place, link in enumerate(chart.links) if link.source == node]
        into = [place for place, link in enumerate(chart.links) if link.target == node]
        top = box.y + box.height
        for place in sorted(out, key=lambda place: -boxes[chart.links[place].target].y):
            top -= width[place]
            leaves[place] = top
        top = box.y + box.height
        for place in sorted(into, key=lambda place: -boxes[chart.links[place].source].y):
            top -= width[place]
            arrives[place] = top
    return [
        Band(link.source, link.target, leaves[place], arrives[place], width[place])
        for place, link in enumerate(chart.links)
    ]


def draw(chart: Chart, figure: Any, theme: Theme) -> None:
    """On a figure of the library."""
    from matplotlib.patches import PathPatch, Rectangle  # noqa: PLC0415  # half a second, for this alone

    axes = figure.add_subplot(facecolor=theme.ground)
    axes.set_axis_off()
    axes.set_xlim(-MARGIN, 1 + MARGIN)
    axes.set_ylim(-0.02, 1.02)
    title = f"{shortened(printable(chart.title), 70)} ({printable(chart.unit)})"
    axes.set_title(title, color=theme.ink)
    boxes, bands = layout(chart)
    colours = node_colours(chart, boxes)
    for band in bands:
        source, target = boxes[band.source], boxes[band.target]
        # A band has the colour of the end that is not shared: of where it comes from, or else of where it goes.
        colour = colours[band.source if target.column == 1 and source.column == 0 else band.target]
        axes.add_patch(PathPatch(_curve(band, source.x + NODE, target.x), facecolor=colour, alpha=0.4, linewidth=0))
    sizes = throughput(len(chart.nodes), chart.links)
    last = max(box.column for box in boxes)
    middles = name_places(boxes, NAME_INCHES / float(figure.get_figheight()))
    for node, box in enumerate(boxes):
        axes.add_patch(Rectangle((box.x, box.y), NODE, box.height, facecolor=colours[node], linewidth=0))
        name = f"{shortened(printable(chart.nodes[node]), 24)}  {sizes[node]:,f}"
        _name(axes, box, middles[node], name, last, theme)


def node_colours(chart: Chart, boxes: list[Box]) -> list[str]:
    """No two alike in a column, and the first ones not as the first ones of the last column.

    What stands alone between others, and what is folded together, is grey.
    """
    found = [GREY] * len(boxes)
    last = max(box.column for box in boxes)
    for column in range(last + 1):
        nodes = [node for node, box in enumerate(boxes) if box.column == column]
        if len(nodes) == 1 and 0 < column < last:
            continue
        palette = NODES if column == last else SOURCES
        for place, node in enumerate(nodes):
            if chart.nodes[node] != OTHER:
                found[node] = palette[place % len(palette)]
    return found


def name_places(boxes: list[Box], apart: float) -> list[float]:
    """How high each name stands: at the middle of its box, or lower where the one above leaves no room.

    Where that goes below the paper, those at the bottom are moved up again.
    """
    found = [box.y + box.height / 2 for box in boxes]
    for column in {box.column for box in boxes}:
        nodes = [node for node, box in enumerate(boxes) if box.column == column]
        for upper, lower in pairwise(nodes):
            found[lower] = min(found[lower], found[upper] - apart)
        floor = 0.0
        for node in reversed(nodes):
            found[node] = max(found[node], floor)
            floor = found[node] + apart
    return found


def _name(axes: Any, box: Box, middle: float, name: str, last: int, theme: Theme) -> None:
    """Outside of the outer columns; above the boxes of the others, on the ground's own colour."""
    style = {"color": theme.ink, "fontsize": 8}
    if box.column == 0 and last:
        axes.text(box.x - 0.012, middle, name, ha="right", va="center", **style)
    elif box.column == last:
        axes.text(box.x + NODE + 0.012, middle, name, ha="left", va="center", **style)
    else:
        ground = {"facecolor": theme.ground, "alpha": 0.8, "linewidth": 0, "pad": 1.5}
        axes.text(box.x + NODE / 2, middle, name, ha="center", va="center", bbox=ground, **style)


def _curve(band: Band, start: float, end: float) -> Any:
    """Two cubic curves, out along the top and back along the bottom."""
    from matplotlib.path import Path  # noqa: PLC0415

    bend = (start + end) / 2
    lower, upper = band.leaves, band.leaves + band.width
    low, high = band.arrives, band.arrives + band.width
    points = [(start, upper), (bend, upper), (bend, high), (end, high), (end, low), (bend, low), (bend, lower)]
    codes = [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4, Path.LINETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
    return Path([*points, (start, lower)], codes)
