"""File names: what is kept of a given one, and how it travels in a header."""

from urllib.parse import quote

from app.attachments.media import EXTENSIONS

LONGEST = 200
UNNAMED = "receipt"
# What cannot stand in the header of a form's part (WHATWG, multipart/form-data).
_AS_BROWSERS_WRITE_IT = (("%22", '"'), ("%0D", " "), ("%0A", " "))


def kept_name(given: str | None, media_type: str) -> str:
    """The last part of the given path, readable and short, with an ending that fits the content.

    A file that calls itself something else, such as a page of HTML, would be opened as that from a download folder.
    """
    last = (given or "").replace("\\", "/").rsplit("/", 1)[-1]
    for written, meant in _AS_BROWSERS_WRITE_IT:
        last = last.replace(written, meant)
    readable = " ".join("".join(c if c.isprintable() else " " for c in last).split()).rstrip(". ")
    endings = EXTENSIONS[media_type]
    known = next((ending for ending in endings if readable.lower().endswith(ending)), "")
    stem, ending = readable[: len(readable) - len(known)], readable[len(readable) - len(known) :] or endings[0]
    return (stem.strip(". ")[: LONGEST - len(ending)].rstrip(". ") or UNNAMED) + ending


def content_disposition(name: str) -> str:
    """As a download under this name (RFC 6266): in full for whoever reads RFC 8187, else without its accents."""
    plain = "".join(c if c.isascii() and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
