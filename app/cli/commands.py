"""What `finance` can do; each command reads the settings and says in one sentence why it cannot go on.

What only one command needs is imported in it: the whole application takes a second to import.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import make_url

from app.cli import admins, factors, verification
from app.cli.revision import write as write_revision
from app.core import logs
from app.core.config import Settings, load_settings
from app.core.failures import StartupError
from app.core.login_role import login_url
from app.core.migrations import DATABASE_ERRORS, migrate, unusable_database
from app.core.version import VERSION
from app.runtime.database import available_database, own_database
from app.runtime.interruption import interruptible
from app.runtime.loading import loading

FAILED = 1
COULD_NOT_RUN = 2

cli = typer.Typer(
    name="finance",
    help="Finance Tracker: a self-hosted personal-finance backend. Settings come from the environment and `.env`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

DataDir = Annotated[
    Path | None, typer.Option(help="The folder for the embedded database and other data, instead of DATA_DIR.")
]


def main() -> None:
    """Run the command line; the way out of every error that a person can do something about."""
    with interruptible():
        try:
            cli()
        except StartupError as error:
            _complain(error)
            sys.exit(FAILED)


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on, instead of HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="The port, instead of PORT; 0 takes a free one.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Start the server, with a database of its own unless DATABASE_URL names one; Ctrl-C stops it."""
    with loading():
        from app.main import create_app
        from app.runtime import serving

    settings = _settings(host=host, port=port, data_dir=data_dir)
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        listener = stack.enter_context(closing(serving.listen(settings.host, settings.port)))
        url = stack.enter_context(own_database(settings))
        asyncio.run(migrate(url))
        embedded = settings.database_url is None
        place = str(settings.data_dir.expanduser().resolve()) if embedded else make_url(url).render_as_string()
        address = serving.browser_url(listener)
        app_url = asyncio.run(login_url(url)) if embedded else settings.database_app_url or url
        app = create_app(settings.model_copy(update={"database_url": app_url}))
        ready = f"Finance Tracker {VERSION} is ready at {address}/docs; its data is in {place}; Ctrl-C stops it."
        serving.run(app, listener, lambda: _say(ready))


def _say(line: str) -> None:
    try:
        typer.echo(line)
    except BrokenPipeError:
        # Nobody reads it: no reason to stop, nor for Python to fail when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@cli.command(name="migrate")
def migrate_command(
    to: Annotated[str, typer.Option(help="A revision to go to, older ones too; `base` removes everything.")] = "head",
    data_dir: DataDir = None,
) -> None:
    """Bring the database to this version's schema; `serve` does so by itself."""
    with _told(), available_database(_settings(data_dir=data_dir)) as url:
        asyncio.run(migrate(url, to))
    typer.echo(f"The database is at schema {to}." if to != "head" else "The database has the newest schema.")


@cli.command()
def worker(data_dir: DataDir = None) -> None:
    """Run the jobs of a database that servers with JOBS_IN_SERVER=false share; Ctrl-C stops it. There may be many."""
    with loading():
        from app.jobs import TASKS
        from app.runtime import working

    settings = _settings(data_dir=data_dir)
    with _told():
        working.run(settings, TASKS, lambda: _say(f"A worker of Finance Tracker {VERSION} runs; Ctrl-C stops it."))


@cli.command()
def verify(data_dir: DataDir = None) -> None:
    """Compute every book again from its postings and compare: exit status 0 if all is right, 1 if not, 2 if unknown."""
    try:
        with _told(), available_database(_settings(data_dir=data_dir), create=False) as url:
            reports = asyncio.run(verification.every_report(url))
    except StartupError as error:
        _complain(error)
        raise typer.Exit(COULD_NOT_RUN) from None
    lines = list(verification.failures(reports))
    for line in lines:
        typer.echo(line)
    typer.echo(verification.summary(reports))
    if lines:
        raise typer.Exit(FAILED)


@cli.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; `-` writes to the standard output.")],
    data_dir: DataDir = None,
) -> None:
    """Write the database and every attachment to one file: exit status 1 if it could not or if something is missing."""
    from app.attachments.storage import make_store
    from app.backup import service as backups

    settings = _settings(data_dir=data_dir)
    with _told(), available_database(settings, create=False) as url:
        done = asyncio.run(backups.backup(url, make_store(settings), file))
    for key in done.missing:
        typer.echo(f"MISSING attachment {key}: lost or damaged, and not in the backup.", err=True)
    kept = "1 attachment" if done.attachments == 1 else f"{done.attachments} attachments"
    typer.echo(f"Wrote {file}: the database (schema {done.schema}) and {kept}.", err=file == backups.STDOUT)
    if done.missing:
        raise typer.Exit(FAILED)


@cli.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `finance backup` wrote.")],
    force: Annotated[bool, typer.Option("--force", help="Replace everything a database that is in use holds.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Bring a backup into an empty database and verify it; the server must not run. Nothing is changed if it fails."""
    from app.attachments.storage import make_store
    from app.backup import service as backups

    manifest = backups.checked(file)
    settings = _settings(data_dir=data_dir)
    with _told(), own_database(settings) as url:
        attachments = asyncio.run(backups.restore(url, make_store(settings), file, force=force))
        reports = asyncio.run(verification.every_report(url))
    lines = list(verification.failures(reports))
    for line in lines:
        typer.echo(line)
    kept = "1 attachment" if attachments == 1 else f"{attachments} attachments"
    typer.echo(f"Restored the backup of {manifest.created_at:%Y-%m-%d %H:%M} UTC with {kept}.")
    typer.echo(verification.summary(reports))
    if lines:
        raise typer.Exit(FAILED)


@cli.command()
def demo(data_dir: DataDir = None) -> None:
    """Fill a book of a new demo user with years of everyday money, to look around in."""
    from app.demo.service import run_demo

    settings = _settings(data_dir=data_dir)
    with _told(), available_database(settings) as url:
        asyncio.run(migrate(url))
        with Progress(console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task("Making up the past", total=None)
            summary = asyncio.run(
                run_demo(url, settings, lambda done, total: progress.update(bar, completed=done, total=total))
            )
    typer.echo(summary)


@cli.command(name="reset-factors")
def reset_factors(
    email: Annotated[str, typer.Argument(help="The address of the person who lost everything.")],
    data_dir: DataDir = None,
) -> None:
    """Take somebody's authenticator app, recovery codes and passkeys away: their password alone lets them in again."""
    settings = _settings(data_dir=data_dir)
    with _told(), available_database(settings, create=False) as url:
        asyncio.run(factors.reset(url, settings, email))
    typer.echo(f"{email} logs in with the password alone now, and was told by mail.")


@cli.command(name="create-admin")
def create_admin(
    email: Annotated[str, typer.Argument(help="Who: the address to log in with.")],
    full_name: Annotated[str | None, typer.Option(help="How a new person is called.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Make an admin, or an admin of somebody; a new one's password is asked for, or read as a line of the input."""
    settings = _settings(data_dir=data_dir)
    with _told(), available_database(settings) as url:
        asyncio.run(migrate(url))
        typer.echo(admins.create_admin(url, settings, email, full_name))


@cli.command(hidden=True)
def revision(message: str) -> None:
    """Write a migration for what changed in the models (`make migration`)."""
    with _told():
        write_revision(message, _settings())


@cli.command()
def openapi() -> None:
    """Write the API's OpenAPI document as JSON; needs no database."""
    from app.main import create_app

    # None of these values is used or shown; they let the application be put together.
    settings = _settings(app_env="testing", database_url="postgresql://unused/unused", secret_key="unused-" * 8)
    document = create_app(settings).openapi()
    typer.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


@cli.command()
def version() -> None:
    """Say which version this is."""
    typer.echo(VERSION)


def _settings(**given: object) -> Settings:
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    logs.configure(settings)
    return settings


@contextmanager
def _told() -> Iterator[None]:
    """Turn what a database's failure raises into a `StartupError`."""
    try:
        yield
    except DATABASE_ERRORS as error:
        raise unusable_database(error) from error


def _complain(error: StartupError) -> None:
    typer.echo(f"finance: {error}", err=True)
