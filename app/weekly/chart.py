"""The picture of a week: spending by day beside the week before it."""

import asyncio
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO
from threading import Lock
from typing import Any

from app.core.money import plain
from app.mail.messages import Picture

NAME = "spending"
INCHES, DOTS = (6.4, 3.2), 150
# On a ground of its own it reads the same in a light and in a dark mail program; the two blues differ in lightness, so
# the bars are told apart without colours, too.
GROUND, INK, THIS_WEEK, BEFORE = "#ffffff", "#1f2937", "#1d4ed8", "#a5b4cf"

_one_at_a_time = Lock()
"""The library keeps fonts in a place of its own that two threads must not fill at once."""


async def spending(days: Sequence[dict[str, Any]], currency: str) -> Picture:
    """Bars of seven days, as PNG; drawn in a thread, for it takes a tenth of a second and requests go on meanwhile."""
    return Picture(NAME, "image/png", await asyncio.to_thread(_draw, days, currency))


def title_of(first: date, last: date) -> str:
    begins = f"{first.day} {first:%b}" if first.month != last.month else str(first.day)
    return f"Spending, {begins} to {last.day} {last:%b %Y}"


def in_words(days: Sequence[dict[str, Any]], currency: str) -> str:
    """The same for who does not see it."""
    told = ", ".join(f"{day['date']:%a} {plain(day['expenses'])}" for day in days)
    return f"Spending by day in {currency}: {told}"


def _draw(days: Sequence[dict[str, Any]], currency: str) -> bytes:
    """Nothing that people wrote is in it; where a bar ends is a float, which is a place on paper and no amount."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # half a second, for this alone
    from matplotlib.figure import Figure  # noqa: PLC0415

    with _one_at_a_time:
        figure = Figure(figsize=INCHES, dpi=DOTS, facecolor=GROUND, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot(facecolor=GROUND)
        places = range(len(days))
        for name, offset, colour, label in (
            ("previous", -0.2, BEFORE, "Week before"),
            ("expenses", 0.2, THIS_WEEK, "This week"),
        ):
            heights = [float(Decimal(day[name])) for day in days]
            axes.bar([place + offset for place in places], heights, 0.4, color=colour, label=label)
        axes.set_xticks(list(places), [f"{day['date']:%a}\n{day['date'].day}" for day in days])
        axes.set_title(title_of(days[0]["date"], days[-1]["date"]), color=INK)
        axes.set_ylabel(currency, color=INK)
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.tick_params(colors=INK)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, labelcolor=INK)
        out = BytesIO()
        figure.savefig(out, format="png", metadata={"Software": None})
        return out.getvalue()
