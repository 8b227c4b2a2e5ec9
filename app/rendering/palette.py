"""Colours of charts. They stand on a ground of their own, so that a chart reads the same wherever it is put.

Each of `SERIES` has 3:1 against either ground (WCAG 2.2, 1.4.11), and each two that follow one another differ for
people who see no red, no green or no blue, too. Shape says the same as colour does: dashes and marks on lines, hatches
on bars.
"""

from dataclasses import dataclass

SERIES = ("#2f6fde", "#d9660b", "#0b8a6f", "#b8449b", "#7a7f1f", "#7d5bd6", "#c0392b", "#5d7f99", "#9a6b3f")
NODES = (*SERIES, "#4c9a2a", "#d0567a", "#ad7a00")
"""For the nodes of one column of a flow: as many as a column has."""
OTHER = "#7b8089"
DASHES = ("-", "--", "-.", ":")
MARKS = ("o", "s", "^", "D", "v", "P", "X", "*", "h")
HATCHES = ("", "//", "\\\\", "--", "xx", "||", "++", "/", "\\")


@dataclass(frozen=True)
class Theme:
    """The ground, what is written on it, and thin lines that are no data."""

    ground: str
    ink: str
    faint: str


LIGHT = Theme("#ffffff", "#1f2937", "#d1d5db")
DARK = Theme("#111827", "#e5e7eb", "#374151")
THEMES = {"light": LIGHT, "dark": DARK}


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, as WCAG 2.2 defines it."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def colour_of(place: int, title: str, folded: str) -> str:
    """Of a series by its place; what is folded together has a grey of its own."""
    return OTHER if title == folded else SERIES[place % len(SERIES)]
