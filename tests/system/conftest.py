"""Data folders for servers that run as processes of their own."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.system import programs
from tests.system.programs import Running


class Start(Protocol):
    def __call__(self, data_dir: Path, *arguments: str, **settings: str) -> Running: ...


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that the database's own account may pass even when the suite runs as root."""
    folder = Path(tempfile.mkdtemp(prefix="finance-system-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """Starts servers; what still runs at the end is ended."""
    started: list[Running] = []

    def run(data_dir: Path, *arguments: str, **settings: str) -> Running:
        started.append(programs.start(data_dir, *arguments, **settings))
        return started[-1]

    yield run
    for running in started:
        programs.end(running)


@pytest.fixture(scope="module")
def server(place: Path, start: Callable[..., Running]) -> Running:
    """One server for the tests that need one beside them and leave it running."""
    return start(place / "data")
