"""Charts: legible on either ground, told apart without colours, honest about what is folded or missing."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib.image import imread

from app.rendering import charts, flow
from app.rendering.axes import number
from app.rendering.folding import MOST_NODES, columns_of, folded, is_time, shortened
from app.rendering.fonts import printable
from app.rendering.model import Chart, Link, Series
from app.rendering.palette import DARK, LIGHT, NODES, OTHER, SERIES, contrast
from app.rendering.words import in_words
from tests.rendering.samples import AREA, BARS, DONUT, EVERY, FLOW, GAPS, LINES, MONTHS, STACKED, categories

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '</title><script>alert(1)</script> $x_{$ & "q" \x07\ud83d\ude00 東京 --> ]]>'.encode(
    "utf-16", "surrogatepass"
).decode("utf-16")


def picture(content: bytes) -> Any:
    from io import BytesIO

    return imread(BytesIO(content), format="png")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", EVERY)
def test_every_kind_is_drawn_the_same_each_time(name: str, theme: charts.ThemeName) -> None:
    svg = charts.drawn(EVERY[name], "svg", theme)
    assert charts.drawn(EVERY[name], "svg", theme) == svg
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert root.attrib["role"] == "img"
    assert root.find(f"{SVG}title").text == EVERY[name].title  # type: ignore[union-attr]
    assert root.find(f"{SVG}desc").text == in_words(EVERY[name])  # type: ignore[union-attr]
    assert not [node for node in root.iter() if node.tag.endswith("script") or "onload" in node.attrib]
    assert b"<!--" not in svg
    assert len(svg) < 200_000


@pytest.mark.parametrize("name", EVERY)
def test_a_png_has_its_size_and_is_not_blank(name: str) -> None:
    content = charts.drawn(EVERY[name], "png")
    pixels = picture(content)
    assert pixels.shape[1] == 1200
    assert pixels.shape[0] >= 675
    bytes_of = (pixels[::4, ::4, :3] * 255).astype(np.uint32)
    assert len(np.unique(bytes_of @ np.array([65536, 256, 1], np.uint32))) > 20
    assert charts.drawn(EVERY[name], "png") == content


@pytest.mark.parametrize(
    "chart",
    [
        Chart("bars", "Nothing", "EUR"),
        Chart("lines", "Gaps", "EUR", MONTHS, [Series("None", [None] * 12)]),
        Chart("donut", "Negative", "EUR", ["a", "b"], [Series("x", [Decimal(-1), None])]),
        Chart("donut", "No series", "EUR", ["a"], []),
        Chart("flow", "No links", "EUR", nodes=["a", "b"]),
        Chart("flow", "Nothing flows", "EUR", nodes=["a", "b"], links=[Link(0, 1, Decimal(0))]),
    ],
)
def test_no_data_is_said(chart: Chart) -> None:
    assert in_words(chart).endswith("No data.")
    assert "No data" in charts.drawn(chart, "svg").decode()


@pytest.mark.parametrize("kind", ["bars", "stacked", "lines", "area", "donut", "flow"])
def test_texts_of_people_are_only_texts(kind: Any) -> None:
    values = [Series(HOSTILE, [Decimal(1), Decimal(2)])]
    chart = Chart(
        kind, HOSTILE, "EUR", [HOSTILE, "$a$ 2"], values, HOSTILE,
        nodes=[HOSTILE, "$b$"], links=[Link(0, 1, Decimal(1))],
    )  # fmt: skip
    root = ET.fromstring(charts.drawn(chart, "svg"))
    assert not [node for node in root.iter() if node.tag.endswith("script")]
    assert charts.drawn(chart, "png")


@pytest.mark.parametrize(
    "values",
    [
        [Decimal(0)] * 3,
        [Decimal(-5), Decimal(-1), Decimal(-3)],
        [Decimal("999999999999999.99"), Decimal("-999999999999999.99"), None],
        [Decimal("0.00000001"), Decimal(0), Decimal("-0.00000001")],
        [None, Decimal(1), None],
    ],
)
@pytest.mark.parametrize("kind", ["bars", "stacked", "lines", "area"])
def test_any_values_are_drawn(kind: Any, values: list[Decimal | None]) -> None:
    assert charts.drawn(Chart(kind, "T", "EUR", ["a", "b", "c"], [Series("s", values)]), "svg")


def test_sixty_categories_are_some_and_other() -> None:
    chart = categories(60)
    small = folded(chart)
    assert len(small.labels) == 24
    assert small.labels[-1] == "Other"
    (before,), (after,) = chart.series, small.series
    assert sum(filter(None, after.values)) == sum(filter(None, before.values))
    assert "Category 59" in small.labels
    assert "Category 0" not in small.labels
    slices = folded(replace(chart, kind="donut"))
    assert (len(slices.labels), slices.labels[0], slices.labels[-1]) == (10, "Category 59", "Other")
    assert sum(filter(None, slices.series[0].values)) == sum(filter(None, before.values))
    assert charts.drawn(chart, "svg")


def test_months_are_never_folded() -> None:
    labels = [f"{2000 + n // 12}-{n % 12 + 1:02}" for n in range(120)]
    chart = Chart("bars", "Ten years", "EUR", labels, [Series("s", [Decimal(n) for n in range(120)])])
    assert folded(chart) == chart
    assert charts.drawn(chart, "svg")
    for text in ("2026", "2026-Q1", "2026-W07", "2026-01-31", "Q1 2026", "Jan 2026", "Sept. 2026"):
        assert is_time([text]), text
    assert not is_time(["2026", "Rent"])


def test_many_series_are_some_and_other_and_gaps_stay_gaps() -> None:
    series = [Series(f"s{n}", [Decimal(n), None if n < 6 else Decimal(1)]) for n in range(12)]
    small = folded(Chart("lines", "T", "EUR", ["a", "b"], series))
    assert [each.title for each in small.series] == ["s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "Other"]
    assert small.series[-1].values == [Decimal(6), None]


def test_a_flow_balances_and_its_columns_are_folded() -> None:
    many = 30
    links = [Link(0, n, Decimal(n)) for n in range(1, many + 1)]
    small = folded(Chart("flow", "T", "EUR", nodes=["Income", *(f"c{n}" for n in range(1, many + 1))], links=links))
    assert len(small.nodes) == 13
    assert small.nodes[-1] == "Other"
    assert sum(link.amount for link in small.links) == sum(range(many + 1))
    boxes, bands = flow.layout(small)
    assert boxes[0].height == pytest.approx(sum(band.width for band in bands))
    assert all(box.y >= -1e-9 and box.y + box.height <= 1 + 1e-9 for box in boxes)
    for one, other in itertools.pairwise(box for box in boxes if box.column == 1):
        assert other.y + other.height < one.y


def test_names_of_small_nodes_do_not_touch() -> None:
    links = [Link(0, 1, Decimal(1000)), *(Link(0, n, Decimal(1)) for n in range(2, 12))]
    boxes, _ = flow.layout(Chart("flow", "T", "EUR", nodes=[str(n) for n in range(12)], links=links))
    places = flow.name_places(boxes, 0.04)
    assert all(upper - lower >= 0.04 - 1e-9 for upper, lower in itertools.pairwise(places[1:]))
    assert min(places) >= 0
    assert places[0] == boxes[0].y + boxes[0].height / 2


def test_a_circle_of_links_is_drawn_all_the_same() -> None:
    links = [Link(0, 1, Decimal(5)), Link(1, 2, Decimal(5)), Link(2, 0, Decimal(5)), Link(1, 1, Decimal(1))]
    assert columns_of(3, links) == [0, 1, 2]
    assert charts.drawn(Chart("flow", "T", "EUR", nodes=["a", "b", "c"], links=links), "svg")
    alone = Chart("flow", "T", "EUR", nodes=["a"], links=[Link(0, 0, Decimal(1))])
    assert charts.drawn(alone, "svg")


def test_words_tell_what_is_drawn() -> None:
    assert in_words(FLOW).startswith("Where it went, in EUR. Salary to Income 3200; Interest to Income 12.50; ")
    assert in_words(replace(BARS, labels=MONTHS[:1], series=[Series("Income", [Decimal("3.20")])])) == (
        "Income and expenses, in EUR. Income: 2026-01 3.20."
    )
    long = Chart("lines", "T", "%", [str(n) for n in range(30)], [Series("s", [Decimal(n % 7) for n in range(30)])])
    assert in_words(long) == "T, in %. s: first 0 0, last 29 1, lowest 0 0, highest 6 6."
    assert "2026-04" not in in_words(replace(LINES, series=[GAPS]))
    assert in_words(Chart("bars", "T", "", ["a"], [Series("", [Decimal(1)])])) == "T. a 1."


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (-0.0, "0"), (1234567, "1,234,567"), (-2500, "\u22122,500"), (0.5, "0.5"), (12.5, "12.5"), (-1e-9, "0")],
)
def test_numbers_at_axes(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize("sources", [1, 3, MOST_NODES])
def test_no_two_nodes_of_a_column_look_alike(sources: int) -> None:
    """Of many expenses the last ones had the colours of the first; the whole in the middle is grey."""
    hub = sources
    nodes = [*(f"in {n}" for n in range(sources)), "Income", *(f"out {n}" for n in range(40))]
    links = [Link(n, hub, Decimal(400)) for n in range(sources)]
    links += [Link(hub, hub + 1 + n, Decimal(10 * sources)) for n in range(40)]
    small = folded(Chart("flow", "T", "EUR", nodes=nodes, links=links))
    boxes, _ = flow.layout(small)
    colours = flow.node_colours(small, boxes)
    columns = [[colours[n] for n, box in enumerate(boxes) if box.column == column] for column in range(3)]
    assert columns[1] == [OTHER]
    assert columns[2][-1] == OTHER
    assert all(len(set(column)) == len(column) for column in columns)
    assert not set(columns[0][:2]) & set(columns[2][:6])


def test_long_names_are_cut_and_unknown_characters_shown() -> None:
    assert shortened("x" * 40) == "x" * 27 + "…"
    assert printable("a\x00b\tc\u6771") == "ab c\ufffd"


@pytest.mark.parametrize("ground", [LIGHT, DARK])
def test_colours_stand_out(ground: Any) -> None:
    for colour in (*NODES, OTHER):
        assert contrast(colour, ground.ground) >= 3, colour
    assert contrast(ground.ink, ground.ground) >= 7
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
BLINDNESS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def lab(colour: str, matrix: Sequence[Sequence[float]]) -> Any:
    """CIE L*a*b* of a colour as somebody sees it."""
    channels = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(matrix) @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = (to_xyz @ seen) / np.array([0.9505, 1.0, 1.089])
    f = [value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", BLINDNESS)
def test_neighbours_differ_for_people_who_see_fewer_colours(kind: str) -> None:
    seen = [lab(colour, BLINDNESS[kind]) for colour in SERIES]
    for place, (one, other) in enumerate(itertools.pairwise(seen)):
        assert np.linalg.norm(one - other) > 20, (kind, SERIES[place], SERIES[place + 1])
    for one, other in itertools.combinations(seen[:4], 2):
        assert np.linalg.norm(one - other) > 12, kind


async def test_many_at_once_are_drawn_one_after_another() -> None:
    made = await asyncio.gather(*(charts.draw(chart, "svg") for chart in (BARS, DONUT, AREA, STACKED, BARS)))
    assert made[0] == made[4] == charts.drawn(BARS, "svg")
