"""Charts as SVG and PNG, the same bytes for the same chart."""

import asyncio
import re
from html import escape
from io import BytesIO
from threading import Lock
from typing import Any, Literal

from app.rendering import axes, flow
from app.rendering.folding import folded, shortened
from app.rendering.fonts import printable
from app.rendering.model import Chart
from app.rendering.palette import THEMES, Theme
from app.rendering.words import NO_DATA, in_words

PictureFormat = Literal["svg", "png"]
ThemeName = Literal["light", "dark"]

INCHES, DOTS = (8.0, 4.5), 150
TALLEST = 9.0

_SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "hatch.linewidth": 0.5,
    "svg.fonttype": "path",  # drawn, so that it reads the same where the font is not installed
    "svg.hashsalt": "finance-tracker",
    "text.parse_math": False,  # a name with two dollar signs is no formula
}
_NO_NOTES = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None, "Format": None, "Type": None}}
_COMMENT = re.compile("<!--.*?-->", re.DOTALL)

_one_at_a_time = Lock()
"""The library keeps fonts and settings in places of its own that two threads must not touch at once."""


async def draw(chart: Chart, picture: PictureFormat, theme: ThemeName = "light") -> bytes:
    """Drawn in a thread, for it takes a tenth of a second and requests go on meanwhile."""
    return await asyncio.to_thread(drawn, chart, picture, theme)


def drawn(chart: Chart, picture: PictureFormat, theme: ThemeName = "light") -> bytes:
    """The picture, on a ground of its own; too many parts are folded, and no data is said to be none."""
    from matplotlib import rc_context  # noqa: PLC0415  # half a second, for this alone
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    small = folded(chart)
    with _one_at_a_time, rc_context(_SETTINGS):
        figure = Figure(figsize=_size_of(small), dpi=DOTS, facecolor=THEMES[theme].ground, layout="constrained")
        FigureCanvasAgg(figure)
        _fill(figure, small, THEMES[theme])
        out = BytesIO()
        figure.savefig(out, format=picture, metadata=_NO_NOTES[picture])
    return out.getvalue() if picture == "png" else _told(out.getvalue().decode(), chart).encode()


def _size_of(chart: Chart) -> tuple[float, float]:
    """Lying bars and full columns of a flow need more room below one another."""
    rows = len(chart.nodes) / 2 if chart.kind == "flow" else len(chart.labels) if axes.is_lying(chart) else 0
    return INCHES[0], min(max(INCHES[1], 1.5 + 0.28 * rows), TALLEST)


def _fill(figure: Any, chart: Chart, theme: Theme) -> None:
    if not _has_data(chart):
        place = figure.add_subplot(facecolor=theme.ground)
        place.set_axis_off()
        place.set_title(shortened(printable(chart.title), 70), color=theme.ink)
        place.text(0.5, 0.5, NO_DATA, ha="center", va="center", color=theme.ink, transform=place.transAxes)
    elif chart.kind == "flow":
        flow.draw(chart, figure, theme)
    else:
        axes.draw(chart, figure, theme)


def _has_data(chart: Chart) -> bool:
    if chart.kind == "flow":
        return bool(chart.links)
    return any(value is not None for each in chart.series for value in each.values)


def _told(svg: str, chart: Chart) -> str:
    """The drawing with its title and its values as texts, and without what only its maker needs."""
    _, _, body = svg.partition("<svg ")
    attributes, _, rest = _COMMENT.sub("", body).partition(">")
    words = f"<title>{escape(_legal(chart.title))}</title>\n <desc>{escape(_legal(in_words(chart)))}</desc>"
    return f'<?xml version="1.0" encoding="utf-8"?>\n<svg role="img" {attributes}>\n {words}{rest}'


def _legal(text: str) -> str:
    """XML has no control characters, escaped or not."""
    return "".join(c for c in text if c.isprintable() or c == " ")
