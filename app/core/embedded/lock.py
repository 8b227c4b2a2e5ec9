"""One Finance Tracker a data folder."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from app.core.failures import StartupError


class DataDirLock:
    """An exclusive lock on a data folder, gone with the process however that ends.

    The kernel drops it with the last copy of the open file. Python opens files close-on-exec, so the server does not
    keep a copy, and a crashed app does not leave the folder locked.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._descriptor, 20, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise StartupError(
                f"The data folder {path.parent} is in use by another Finance Tracker (process {holder or 'unknown'}); "
                "stop it, or set DATA_DIR to another folder."
            ) from error
        except OSError:
            os.close(self._descriptor)
            raise
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        # Unlocked by name: closing would not do while a forked child still has the file open.
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)
