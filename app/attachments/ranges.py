"""`Range` of RFC 9110, as far as one range goes."""

import re

_ONE = re.compile(r"bytes=\s*(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))\s*", re.ASCII | re.IGNORECASE)


class UnsatisfiableRangeError(Exception):
    """The range begins behind the end."""


def wanted_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The first byte and the one after the last; None for the whole, also for several ranges or what is none."""
    found = _ONE.fullmatch(header or "")
    if found is None:
        return None
    first, last, suffix = found.groups()
    if suffix is not None:
        if int(suffix) == 0:
            raise UnsatisfiableRangeError
        return max(0, size - int(suffix)), size
    start, stop = int(first), int(last) + 1 if last else size
    if stop <= start and last:
        return None  # the wrong way round: no range at all
    if start >= size:
        raise UnsatisfiableRangeError
    return start, min(stop, size)
