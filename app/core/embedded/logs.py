"""Reading the server's own words when it does not start."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from app.core.embedded.paths import Layout

# The last such word of a line: psql passes the server's FATAL on behind an error: of its own.
_FAILURE = re.compile(r".*(?:FATAL|PANIC|ERROR|error):\s+(.*)")
_PREFIX = re.compile(r"^[-0-9]+ [0-9:.]+ UTC \[\d+\] ")
_LARGE = 50 * 1024 * 1024
_WEEKDAY_FILE_LIFE = 6 * 24 * 3600


class Complaint(NamedTuple):
    text: str
    file: Path


def explain(output: str) -> str:
    """The line of `output` that says best what went wrong: its last error, else its last line.

    Of several errors, what the system refused ("could not write ...") is the cause and the others follow from it.
    """
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    failures = [match[1] for line in lines if (match := _FAILURE.search(line))]
    failures = [failure for failure in failures if failure.startswith("could not")] or failures
    text = failures[-1] if failures else _PREFIX.sub("", lines[-1]) if lines else "it said nothing"
    return text.rstrip(".")


class LogWatch:
    """Reads what the server writes after this object was made."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        _prune(layout.log)
        self._seen = {file: file.stat().st_size for file in layout.log.glob("*.log")}

    def complaint(self) -> Complaint:
        """The server's latest error with the file it is in.

        Errors from before the server opened its log are in the start log, and they end the start: so the log of the
        day has the later word.
        """
        start_log = self._layout.start_log
        complaint = Complaint(explain(start_log.read_text("utf-8", "replace")), start_log)
        for file, text in self._news():
            if _FAILURE.search(text):
                complaint = Complaint(explain(text), file)
        return complaint

    def latest_line(self) -> str:
        """What the server is doing, in its own words; empty if it has not said anything yet."""
        lines = [line for _, text in self._news() for line in text.splitlines()]
        return _PREFIX.sub("", lines[-1]) if lines else ""

    def _news(self) -> Iterator[tuple[Path, str]]:
        for file in sorted(self._layout.log.glob("*.log"), key=lambda file: file.stat().st_mtime):
            with file.open("rb") as stream:
                stream.seek(self._seen.get(file, 0))
                yield file, stream.read().decode("utf-8", "replace")


def _prune(folder: Path) -> None:
    """Remove what the server would append to otherwise: it empties a weekday's file only when it runs past midnight."""
    for file in folder.glob("*.log"):
        info = file.stat()
        if info.st_size > _LARGE or info.st_mtime < time.time() - _WEEKDAY_FILE_LIFE:
            file.unlink()
