"""The commands in this process, over the suite's own server; `test_serve` runs them as a person does."""

import errno
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import make_url
from typer.testing import CliRunner, Result

from app.cli import main
from app.cli.commands import cli
from app.core.config import Settings, load_settings
from app.core.embedded import EmbeddedPostgres
from app.core.failures import StartupError
from app.core.migrations import newest_revision
from app.core.version import VERSION
from app.runtime import serving
from app.runtime.interruption import interruptible, interruption_held
from tests.system.programs import execute

BOOK = "00000000-0000-7000-8000-000000000001"
ENV_EXAMPLE = Path(__file__).parents[2] / ".env.example"


@pytest.fixture(scope="module")
def own_url(postgres: EmbeddedPostgres) -> str:
    """A database of this module's own: it is downgraded and tampered with."""
    postgres.create_database("commands")
    return postgres.url("commands")


@pytest.fixture
def run(own_url: str, monkeypatch: pytest.MonkeyPatch, work_folder: Path) -> Iterator[Callable[..., Result]]:
    """Runs a command in its own environment; logging is put back as it was."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    monkeypatch.setenv("DATABASE_URL", own_url)
    monkeypatch.setenv("DATA_DIR", str(work_folder / "commands"))
    monkeypatch.chdir(work_folder)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments)

    yield invoke
    root.handlers, root.level = before


def test_migrate_goes_both_ways(run: Callable[..., Result]) -> None:
    assert run("migrate", "--to", "0002").stdout == "The database is at schema 0002.\n"
    assert run("migrate", "--to", "0003").exit_code == 0
    assert run("migrate", "--to", "0003").exit_code == 0
    assert run("migrate", "--to", "0002").exit_code == 0
    assert run("migrate").stdout == "The database has the newest schema.\n"
    unknown = run("migrate", "--to", "nowhere")
    assert isinstance(unknown.exception, StartupError)
    assert "nowhere" in str(unknown.exception)


def test_migrate_goes_back_to_nothing(
    run: Callable[..., Result], postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.create_database("commands_base")
    monkeypatch.setenv("DATABASE_URL", postgres.url("commands_base"))
    assert run("migrate", "--to", "0001").exit_code == 0
    assert run("migrate", "--to", "base").exit_code == 0
    assert run("migrate", "--to", "0001").exit_code == 0


def test_verify_tells_what_is_wrong(run: Callable[..., Result], own_url: str) -> None:
    assert run("migrate", "--to", "0002").exit_code == 0
    unready = run("verify")
    assert unready.exit_code == 2
    assert unready.stderr == (
        f"finance: The database has schema 0002 and this program needs {newest_revision()}: run `finance migrate`.\n"
    )
    assert run("migrate").exit_code == 0
    assert run("verify").stdout == "0 books checked: all is right.\n"
    execute(own_url, f"INSERT INTO books (id, name, base_currency) VALUES ('{BOOK}', 'Home', 'EUR')")
    execute(
        own_url,
        "INSERT INTO accounts (book_id, name, type, currency, balance, revision) "
        f"VALUES ('{BOOK}', 'Cash', 'cash', 'EUR', 1.25, 0)",
    )
    wrong = run("verify")
    execute(own_url, f"DELETE FROM books WHERE id = '{BOOK}'")
    assert wrong.exit_code == 1
    first, second, last = wrong.stdout.splitlines()
    assert first == f"FAILED balances_equal_postings in book {BOOK}, for example:"
    assert second.endswith("stored 1.25, computed 0")
    assert last == "1 book checked: 1 with errors."


def test_verify_says_when_it_could_not_run(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/x")
    result = run("verify")
    assert result.exit_code == 2
    assert "Connect call failed" in result.stderr
    monkeypatch.delenv("DATABASE_URL")
    result = run("verify")
    assert result.exit_code == 2
    assert "There is no database in" in result.stderr


def test_openapi_needs_no_database(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL")
    document = json.loads(run("openapi").stdout)
    assert "/api/v1/transactions" in document["paths"]


def test_version(run: Callable[..., Result]) -> None:
    assert run("version").stdout == f"{VERSION}\n"


def test_demo_shows_its_progress_and_its_summary(
    run: Callable[..., Result], own_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run_demo(url: str, settings: Settings, report: Callable[[int, int], None]) -> str:
        assert url == own_url
        report(1, 2)
        return f"as {settings.app_env}"

    monkeypatch.setitem(sys.modules, "app.demo.service", SimpleNamespace(run_demo=run_demo))
    assert run("demo").stdout == "as development\n"


@pytest.fixture
def refusal(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Starts a server that must not start, and returns the one sentence it says why."""

    def start(*arguments: str, **settings: str) -> str:
        monkeypatch.setattr(sys, "argv", ["finance", "serve", "--port", "0", *arguments])
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 1
        said = capsys.readouterr().err
        assert said.startswith("finance: ")
        assert said.endswith(".\n")
        assert said.count("\n") == 1
        return said

    return start


def test_wrong_settings_are_told(refusal: Callable[..., str]) -> None:
    assert "PORT" in refusal("--port", "70000")
    assert "is missing" in refusal(APP_ENV="production")
    assert "guessable" in refusal(APP_ENV="production", SECRET_KEY="change-me" * 5)
    assert "guessable" in refusal(APP_ENV="production", SECRET_KEY="ab" * 20)


def test_a_broken_env_file_is_told(refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.chdir(folder)
        file = Path(folder) / ".env"
        file.write_text("ALGORITHM=none\nLOG_FORMAT=xml\n")
        sentence = refusal()
        assert "ALGORITHM" in sentence
        assert "LOG_FORMAT" in sentence
        file.write_bytes(b"SECRET_KEY=\xff\n")
        assert "UTF-8" in refusal()
        monkeypatch.setattr(Path, "open", _refuse(errno.EACCES))
        monkeypatch.setattr("builtins.open", _refuse(errno.EACCES))
        sentence = refusal()
        monkeypatch.undo()
    assert "The file .env cannot be read: Permission denied" in sentence


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://localhost/x", "must start with postgresql://"),
        ("postgresql://u:hush@host:port/x", "is no URL"),
        ("postgresql://u:hush@localhost/x?colour=red", "'colour'"),
        ("postgresql://u:hush@nowhere.invalid/x", "check DATABASE_URL"),
        ("postgresql://u:hush@127.0.0.1:1/x", "Connect call failed"),
        ("postgresql:///x?host=/nowhere", "No such file or directory"),
    ],
)
def test_wrong_database_urls_are_told(refusal: Callable[..., str], url: str, reason: str) -> None:
    sentence = refusal(DATABASE_URL=url)
    assert reason in sentence
    assert "hush" not in sentence


def test_what_the_database_refuses_is_told(refusal: Callable[..., str], own_url: str) -> None:
    url = make_url(own_url)
    wrong_password = url.set(password="wrong").render_as_string(hide_password=False)
    wrong_name = url.set(database="other").render_as_string(hide_password=False)
    assert "password authentication failed" in refusal(DATABASE_URL=wrong_password)
    assert 'database "other" does not exist' in refusal(DATABASE_URL=wrong_name)


def test_a_newer_schema_is_refused(run: Callable[..., Result], refusal: Callable[..., str], own_url: str) -> None:
    assert run("migrate").exit_code == 0
    execute(own_url, "UPDATE alembic_version SET version_num = '9999'")
    sentence = refusal()
    execute(own_url, f"UPDATE alembic_version SET version_num = '{newest_revision()}'")
    assert "newer version" in sentence
    assert "9999" in sentence


@pytest.mark.parametrize(
    ("host", "reason"), [("nowhere.invalid", "is not known here"), ("192.0.2.1", "is not one of this machine")]
)
def test_an_address_of_elsewhere_is_refused(refusal: Callable[..., str], host: str, reason: str) -> None:
    assert reason in refusal("--host", host)


def test_an_unusable_data_folder_is_told(
    refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch, work_folder: Path
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    file = work_folder / "a-file"
    file.write_text("")
    assert "is a file" in refusal("--data-dir", str(file))
    assert "/proc/finance cannot be used" in refusal(DATA_DIR="/proc/finance")


def test_the_example_env_file_names_every_setting() -> None:
    lines = ENV_EXAMPLE.read_text("utf-8").splitlines()
    shown = dict(line.removeprefix("#").split("=", 1) for line in lines if line[1:2].isupper() and "=" in line)
    assert shown.keys() == {name.upper() for name in Settings.model_fields}


def test_the_example_env_file_shows_the_defaults(monkeypatch: pytest.MonkeyPatch, work_folder: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    uncommented = [line.removeprefix("#") for line in ENV_EXAMPLE.read_text("utf-8").splitlines()]
    copy = work_folder / "example.env"
    copy.write_text("\n".join(line for line in uncommented if line.split("=")[0].isupper()))
    assert load_settings(_env_file=copy) == load_settings(_env_file=None)


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgres://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        (
            "postgresql://u:p%40@h/d?sslmode=require&channel_binding=require",
            "postgresql+asyncpg://u:p%40@h/d?ssl=require",
        ),
    ],
)
def test_the_urls_that_hosts_hand_out_are_understood(given: str, driver: str) -> None:
    assert load_settings(_env_file=None, database_url=given).database_url == driver


def test_a_held_signal_arrives_when_the_block_is_left() -> None:
    reached = []

    def hold() -> None:
        with interruptible(), interruption_held():
            signal.raise_signal(signal.SIGTERM)
            reached.append("the end")

    with pytest.raises(KeyboardInterrupt):
        hold()
    assert reached == ["the end"]


def test_a_second_held_signal_ends_the_process_at_once() -> None:
    program = (
        "import signal, app.runtime.interruption as i\n"
        "with i.interruptible(), i.interruption_held():\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "    print('held', flush=True)\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "    print('not reached', flush=True)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, timeout=60)
    assert (result.returncode, result.stdout) == (-signal.SIGINT, b"held\n")


def test_sighup_stays_ignored_under_nohup() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.EACCES, "system administrator"), (errno.ENOMEM, "cannot be used: Cannot allocate memory")],
)
def test_other_refusals_of_a_port_are_told(number: int, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.create_server", _refuse(number))
    with pytest.raises(StartupError, match=reason):
        serving.listen("127.0.0.1", 80)


def test_an_address_of_ipv6_is_written_in_brackets() -> None:
    listener = SimpleNamespace(getsockname=lambda: ("::1", 8000, 0, 0))
    assert serving.browser_url(listener) == "http://[::1]:8000"  # type: ignore[arg-type]  # all that is asked of it


def test_a_revision_is_written_beside_the_others(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, postgres: EmbeddedPostgres
) -> None:
    """Only where alembic would put it is changed: the difference is found on a real database."""
    monkeypatch.setattr("app.cli.revision.own_database", lambda _: nullcontext(postgres.url("commands")))
    seen = []
    monkeypatch.setattr("app.cli.revision.command.revision", lambda *_, **given: seen.append(given["rev_id"]))
    assert run("revision", "Add nothing").exit_code == 0
    assert seen == [f"{int(newest_revision()) + 1:04d}"]


def _refuse(number: int) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


def test_links_lead_to_the_port_unless_told_otherwise() -> None:
    assert load_settings(_env_file=None, port=8123).public_url == "http://localhost:8123"
    given = load_settings(_env_file=None, port=8123, public_url="https://finance.example.com")
    assert given.public_url == "https://finance.example.com"
