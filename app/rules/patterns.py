"""Regular expressions that cannot be slow: RE2, in which the time grows with the text alone."""

import re2

MEMORY = 128 * 1024
"""Bytes that one compiled pattern may take; what needs more is refused when it is saved."""
SMALL = 120
"""Instructions up to which a pattern is looked for together with the others; a larger one stands, and is timed, alone.
"""


def options(memory: int = MEMORY) -> "re2.Options":
    found = re2.Options()
    found.case_sensitive = False
    found.dot_nl = True
    found.log_errors = False
    found.never_capture = True
    found.max_mem = memory
    return found


def check_pattern(pattern: str) -> None:
    """Raise ValueError, with RE2's reason, for a pattern that it cannot read or that is too large."""
    try:
        re2.compile(pattern, options())
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        raise ValueError(f"the pattern is not one that RE2 takes: {reason}") from None
