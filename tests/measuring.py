"""Measuring coverage beside SQLAlchemy's greenlets, at a bearable price.

A plugin of coverage.py: it is loaded wherever coverage is measured, in the processes that tests start, too.

SQLAlchemy runs its synchronous half in a greenlet of its own for each statement. A tracer that knows nothing of that
mixes up whose lines it sees; one that does (`concurrency = greenlet`) asks with every call and every return of the
whole process which greenlet it is in, which costs more than all else that is measured. So tracing pauses in those
greenlets: what is in them is SQLAlchemy's, but for what is given to `run_sync` and to its events, which is not counted.
"""

import sys
from typing import Any

import greenlet  # type: ignore[import-untyped]  # it has no type hints
from coverage.plugin_support import Plugins


def coverage_init(_plugins: Plugins, _options: dict[str, Any]) -> None:
    pause_in_greenlets()


def pause_in_greenlets() -> None:
    """Pause what traces this thread while it is in another greenlet than its first; each thread is told for itself."""
    paused: Any = None

    def switched(_event: str, greenlets: tuple[greenlet.greenlet, greenlet.greenlet]) -> None:
        nonlocal paused
        if greenlets[1].parent is not None:
            if (tracer := sys.gettrace()) is not None:
                paused = tracer
                sys.settrace(None)
        elif paused is not None:
            sys.settrace(paused)
            paused = None

    greenlet.settrace(switched)
