"""What the twin is told to send; nothing here needs the application, so the twin stays bare."""

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Recorded:
    """A request's statements with their arguments between BEGIN and COMMIT, and the size of its answer.

    `created` holds the id and the revision of what the request made: another request has to make another.
    """

    path: str
    statements: tuple[tuple[str, tuple[Any, ...]], ...]
    size: int
    created: tuple[str, int] | None = None


@dataclass(frozen=True)
class Recording:
    """All that the twin needs: how to connect as the application does, and what to send on which path."""

    connection: dict[str, Any]
    requests: tuple[Recorded, ...]

    def save(self, file: Path) -> None:
        file.write_bytes(pickle.dumps(self))

    @staticmethod
    def load(file: Path) -> "Recording":
        found = pickle.loads(file.read_bytes())
        assert isinstance(found, Recording)
        return found
