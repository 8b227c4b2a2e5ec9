"""The words of a line of Beancount: strings and what is in them, tags, links, comments."""

import re
from collections.abc import Iterator

_STRING = r'"(?:[^"\\]|\\.)*"'
_INSIDE = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
_OUTSIDE = re.compile(r'"|(?<!\S);')
_TOKENS = re.compile(
    rf"""\s*(?:(?P<comment>;.*)|(?P<string>{_STRING})|(?P<tag>\#[A-Za-z0-9\-_/.]+)|(?P<link>\^[A-Za-z0-9\-_/.]+)
    |(?P<word>[^\s"]+))""",
    re.VERBOSE | re.DOTALL,
)
_UNESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def value_of(text: str) -> str:
    """A metadata value as text: a string's content, anything else as it is written."""
    for kind, value in tokens_of(text):
        if kind != "comment":
            return value if kind == "string" else text.split(" ;", maxsplit=1)[0].strip()
    return ""


def tokens_of(text: str) -> Iterator[tuple[str, str]]:
    """Each token's kind and content: a string without quotes and escapes, a tag without its sign."""
    at = 0
    while found := _TOKENS.match(text, at):
        at = found.end()
        kind = found.lastgroup or ""
        value = found[kind]
        if kind == "string":
            value = re.sub(r"\\(.)", lambda c: _UNESCAPED.get(c[1], c[1]), value[1:-1], flags=re.DOTALL)
        elif kind in {"tag", "link"}:
            value = value[1:]
        if kind == "comment":
            return
        yield kind, value


def open_behind(line: str, *, inside: bool) -> bool:
    """Whether a string is open at the end of a line, which looks at each character once."""
    at = 0
    while True:
        if inside:
            at = _INSIDE.match(line, at).end()  # type: ignore[union-attr]  # it matches nothing, too
            if at >= len(line) or line[at] != '"':
                return True
            at, inside = at + 1, False
        found = _OUTSIDE.search(line, at)
        if found is None or found[0] == ";":
            return False
        at, inside = found.end(), True
