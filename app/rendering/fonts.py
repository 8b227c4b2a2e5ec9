"""The fonts of charts and papers: DejaVu, which comes with the library that draws charts."""

from functools import cache
from pathlib import Path

MISSING = "\ufffd"


def path_of(*, bold: bool = False) -> Path:
    """Where the font's file is."""
    from matplotlib import get_data_path  # noqa: PLC0415  # a fifth of a second, for who draws

    return Path(get_data_path()) / "fonts" / "ttf" / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")


@cache
def _known() -> frozenset[str]:
    from matplotlib.ft2font import FT2Font  # noqa: PLC0415

    regular, bold = (FT2Font(str(path_of(bold=bold))).get_charmap().keys() for bold in (False, True))
    return frozenset(map(chr, regular & bold))


def printable(text: str) -> str:
    """The text in characters that the fonts have, on one line; a replacement character for each other."""
    known = _known()
    return "".join(c if c in known else " " if c.isspace() else MISSING for c in text if c.isprintable() or c.isspace())
