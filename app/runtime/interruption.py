"""How a person (Ctrl-C) or a supervisor (SIGTERM) ends a command without leaving anything behind."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stop_signals(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Send every signal that means "stop" to `handler` while the block runs.

    A shell starts background jobs deaf to SIGINT; a server still has to hear it. SIGHUP stays ignored under nohup.
    """
    previous = {
        number: signal.signal(number, handler)
        for number in STOPPING
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, before)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let every signal that means "stop" raise KeyboardInterrupt, so that `with` blocks unwind."""
    with stop_signals(signal.default_int_handler):
        yield


@contextmanager
def interruption_held() -> Iterator[None]:
    """Put off a signal to stop until the block is left, where half of it done would leave something running.

    A second one does not wait: it ends the process at once, and the database's guard sees to the rest.
    """
    held: list[int] = []

    def hold(number: int, _frame: FrameType | None) -> None:
        if held:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        held.append(number)

    with stop_signals(hold):
        yield
    for number in held:
        signal.raise_signal(number)
