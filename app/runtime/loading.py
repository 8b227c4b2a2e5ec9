"""Loading the program."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """For what stays to the process's end: the garbage collector looks through it neither while it grows nor later.

    A fifth of what importing the application takes goes there else.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
