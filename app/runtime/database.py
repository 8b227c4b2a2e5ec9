"""The database a command works on: the one of DATABASE_URL, or the embedded one, started where it does not run yet."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from app.core.config import Settings
from app.core.embedded import EmbeddedPostgres, holds_database
from app.core.failures import StartupError
from app.runtime.interruption import interruption_held

DATABASE = "finance"


@contextmanager
def own_database(settings: Settings) -> Iterator[str]:
    """The URL of the database for a server: an embedded one is started here, and stopped with the block.

    Raises `StartupError`; also where another Finance Tracker already works in the data folder.
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    with ExitStack() as stack:
        with interruption_held():
            server = EmbeddedPostgres.start(settings.data_dir)
            stack.callback(_stop, server)
        server.create_database(DATABASE)
        yield server.url(DATABASE)


@contextmanager
def available_database(settings: Settings, *, create: bool = True) -> Iterator[str]:
    """The URL of the database for a command: that of a running `finance serve` where there is one, else as for it.

    With `create=False` a data folder without a database is a `StartupError`, and is not touched.
    """
    if settings.database_url is None:
        if url := EmbeddedPostgres.running_url(settings.data_dir, DATABASE):
            yield url
            return
        if not create and not holds_database(settings.data_dir):
            raise StartupError(f"There is no database in {settings.data_dir} yet; `finance serve` makes one.")
    with own_database(settings) as url:
        yield url


def _stop(server: EmbeddedPostgres) -> None:
    with interruption_held():
        server.stop()
