"""Mail leaves the outbox once it is committed, and is in it until somebody has taken it over."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from app.core.clock import now
from app.core.config import Settings, load_settings
from app.core.database import Database
from app.core.embedded import EmbeddedPostgres
from app.core.failures import StartupError
from app.core.security import new_opaque_token
from app.mail import delivery
from app.mail.backends import Backend, FolderBackend, LogBackend, Send, make_backend
from app.mail.delivery import MAX_ATTEMPTS, deliver_due, forget_failed, pause_after
from app.mail.messages import compose, sender_of
from app.mail.outbox import post
from app.system.mailroom import Mailroom
from tests.databases import migrated_database
from tests.mailing.smtp_peer import SmtpPeer, smtp_peer

SENDER = sender_of("Finance Tracker <finance@example.com>")


@pytest.fixture(scope="module")
async def owner(postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    """A database of this module's own: another server would take the mails."""
    await migrated_database(postgres, "mails")
    database = Database(postgres.url("mails"), pool_size=2, role=None)
    yield database
    await database.dispose()


@pytest.fixture(scope="module")
async def database(owner: Database, app_database: Database) -> AsyncIterator[Database]:
    """As a server opens it. The login of the suite's own server serves, for its password is new at each start."""
    url = app_database.engine.url.set(database="mails").render_as_string(hide_password=False)
    database = Database(url, pool_size=8)
    yield database
    await database.dispose()


@pytest.fixture(autouse=True)
async def empty(owner: Database) -> None:
    await run(owner, "DELETE FROM mails")


async def run(owner: Database, statement: str, **values: Any) -> Any:
    async with owner.begin() as connection:
        result = await connection.execute(text(statement), values)
        return [tuple(row) for row in result] if result.returns_rows else []


async def put(database: Database, *recipients: str, subject: str = "Hello", body: str = "A token\n") -> None:
    async with database.begin() as connection:
        for recipient in recipients:
            await post(connection, recipient, subject, body)


async def due_again(owner: Database) -> None:
    await run(owner, "UPDATE mails SET not_before = now()")


def backend_of(settings: Settings, peer: SmtpPeer, **changes: Any) -> Backend:
    given = {"smtp_host": "127.0.0.1", "smtp_port": peer.port, "smtp_security": "none", **changes}
    return make_backend(load_settings(_env_file=None, **{**settings.model_dump(), **given}))


async def test_a_mail_reaches_the_server_and_leaves_the_outbox(
    settings: Settings, owner: Database, database: Database
) -> None:
    await put(database, "kim@example.com", subject="Grüße", body="Schöne Grüße\n.\n..\nfrom Kim\n")
    ((mail_id,),) = await run(owner, "SELECT id FROM mails")
    async with smtp_peer() as peer:
        assert await deliver_due(database, backend_of(settings, peer), SENDER) == 1
        assert await deliver_due(database, backend_of(settings, peer), SENDER) == 0
    (message,) = peer.messages
    assert message.get_content() == "Schöne Grüße\n.\n..\nfrom Kim\n"
    assert (message["From"], message["To"]) == ("Finance Tracker <finance@example.com>", "kim@example.com")
    assert (message["Subject"], message["Auto-Submitted"]) == ("Grüße", "auto-generated")
    assert message["Message-ID"] == f"<{mail_id}@example.com>"
    assert abs(message["Date"].datetime - now()) < timedelta(minutes=1)
    ((sender, recipient),) = peer.envelopes
    assert ("<finance@example.com>" in sender, "<kim@example.com>" in recipient) == (True, True)
    assert await run(owner, "SELECT * FROM mails") == []


async def test_mail_of_a_transaction_that_fails_never_leaves(
    settings: Settings, owner: Database, database: Database
) -> None:
    with suppress(RuntimeError):
        async with database.begin() as connection:
            await post(connection, "kim@example.com", "Hello", "x")
            raise RuntimeError
    assert await run(owner, "SELECT 1 FROM mails") == []
    async with smtp_peer() as peer:
        assert await deliver_due(database, backend_of(settings, peer), SENDER) == 0
    assert peer.sessions == 0


async def test_a_batch_shares_a_connection_and_another_follows(
    settings: Settings, owner: Database, database: Database
) -> None:
    recipients = [f"kim{number}@example.com" for number in range(delivery.BATCH + 5)]
    await put(database, *recipients)
    async with smtp_peer() as peer:
        assert await deliver_due(database, backend_of(settings, peer), SENDER) == len(recipients)
    assert sorted(message["To"] for message in peer.messages) == sorted(recipients)
    assert peer.sessions == 2


async def test_several_processes_hand_each_mail_over_once(
    settings: Settings, owner: Database, database: Database
) -> None:
    await put(database, *(f"kim{number}@example.com" for number in range(60)))
    async with smtp_peer() as peer:
        backends = [backend_of(settings, peer) for _ in range(4)]
        taken = await asyncio.gather(*(deliver_due(database, backend, SENDER) for backend in backends))
    assert sum(taken) == len(peer.messages) == 60
    assert len({message["Message-ID"] for message in peer.messages}) == 60


async def test_the_server_may_hang_up_between_two_mails(
    settings: Settings, owner: Database, database: Database
) -> None:
    await put(database, *(f"kim{number}@example.com" for number in range(3)))
    async with smtp_peer(hang_up_after=1) as peer:
        handed_over = await deliver_due(database, backend_of(settings, peer), SENDER)
        await due_again(owner)
        handed_over += await deliver_due(database, backend_of(settings, peer), SENDER)
        await due_again(owner)
        handed_over += await deliver_due(database, backend_of(settings, peer), SENDER)
    assert handed_over == len({message["Message-ID"] for message in peer.messages}) == 3


async def test_a_server_that_wants_a_password_gets_it(settings: Settings, owner: Database, database: Database) -> None:
    await put(database, "kim@example.com")
    async with smtp_peer(user="finance", password="right") as peer:
        wrong = backend_of(settings, peer, smtp_user="finance", smtp_password="wrong")
        assert await deliver_due(database, wrong, SENDER) == 0
        # That is for the operator to put right: the mail waits.
        ((error, failed),) = await run(owner, "SELECT last_error, failed_at FROM mails")
        assert ("535" in error, failed) == (True, None)
        await due_again(owner)
        right = backend_of(settings, peer, smtp_user="finance", smtp_password="right")
        assert await deliver_due(database, right, SENDER) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_nothing_is_sent_in_the_clear_where_encryption_is_wanted(
    settings: Settings, owner: Database, database: Database, security: str
) -> None:
    await put(database, "kim@example.com")
    async with smtp_peer() as peer:
        assert await deliver_due(database, backend_of(settings, peer, smtp_security=security), SENDER) == 0
    assert peer.messages == []
    ((attempts, failed),) = await run(owner, "SELECT attempts, failed_at FROM mails")
    assert (attempts, failed) == (1, None)


@pytest.mark.parametrize(
    "refusal",
    [{"MAIL": "550 not from you"}, {"DATA": "554 no"}, {"RCPT": "451 later"}, {"EHLO": "421 busy", "HELO": "421 busy"}],
)
async def test_a_failure_is_tried_again_later_with_the_same_id(
    settings: Settings, owner: Database, database: Database, refusal: dict[str, str]
) -> None:
    await put(database, "kim@example.com")
    before = REGISTRY.get_sample_value("finance_mail_failures_total") or 0
    async with smtp_peer(refusals=refusal) as peer:
        with capture_logs() as logs:
            assert await deliver_due(database, backend_of(settings, peer), SENDER) == 0
        ((mail_id, attempts, pause),) = await run(owner, "SELECT id, attempts, not_before - now() FROM mails")
        assert attempts == 1
        assert timedelta(seconds=25) < pause <= timedelta(seconds=30)
        assert [entry["event"] for entry in logs] == ["mail_failed"]
        assert "A token" not in str(logs)
        assert await deliver_due(database, backend_of(settings, peer), SENDER) == 0  # not due
        await due_again(owner)
        peer.refusals.clear()
        assert await deliver_due(database, backend_of(settings, peer), SENDER) == 1
    assert peer.messages[0]["Message-ID"] == f"<{mail_id}@example.com>"
    assert REGISTRY.get_sample_value("finance_mail_failures_total") == before + 1


async def test_a_server_that_is_not_there_costs_an_attempt(
    settings: Settings, owner: Database, database: Database
) -> None:
    await put(database, "kim@example.com")
    async with smtp_peer() as peer:
        gone = backend_of(settings, peer)
    assert await deliver_due(database, gone, SENDER) == 0
    assert await run(owner, "SELECT attempts FROM mails") == [(1,)]


def test_pauses_grow_and_end() -> None:
    pauses = [pause_after(attempts) for attempts in range(1, MAX_ATTEMPTS + 1)]
    assert pauses[:3] == [timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=8)]
    assert pauses[-2:] == [timedelta(hours=6), None]


async def test_a_mail_is_given_up_after_its_last_attempt_and_says_so(
    settings: Settings, owner: Database, database: Database
) -> None:
    await put(database, "kim@example.com")
    await run(owner, "UPDATE mails SET attempts = :attempts", attempts=MAX_ATTEMPTS - 1)
    before = REGISTRY.get_sample_value("finance_mails_given_up_total") or 0
    async with smtp_peer(refusals={"DATA": "451 later"}) as peer:
        with capture_logs() as logs:
            await deliver_due(database, backend_of(settings, peer), SENDER)
        await due_again(owner)
        assert await deliver_due(database, backend_of(settings, peer), SENDER) == 0
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("mail_given_up", "error")]
    assert REGISTRY.get_sample_value("finance_mails_given_up_total") == before + 1
    # What it said may open a door, and is gone.
    ((failed, body, error),) = await run(owner, "SELECT failed_at IS NOT NULL, body, last_error FROM mails")
    assert (failed, body, "451" in error) == (True, "", True)
    for age, left in ((29, 1), (31, 0)):
        await run(owner, "UPDATE mails SET failed_at = now() - CAST(:age AS interval)", age=timedelta(days=age))
        async with database.begin() as connection:
            assert await forget_failed(connection, now()) == 1 - left
        assert len(await run(owner, "SELECT 1 FROM mails")) == left


async def test_a_recipient_whom_the_server_does_not_know_is_not_tried_again(
    settings: Settings, owner: Database, database: Database
) -> None:
    await put(database, "nobody@example.com")
    async with smtp_peer(refusals={"RCPT": "550 no such mailbox"}) as peer:
        assert await deliver_due(database, backend_of(settings, peer), SENDER) == 0
    ((attempts, failed),) = await run(owner, "SELECT attempts, failed_at IS NOT NULL FROM mails")
    assert (attempts, failed) == (1, True)


class _Dying:
    """A backend of a process that dies right after the mail server has taken a mail."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Send]:
        yield self._send

    async def _send(self, message: EmailMessage) -> None:
        self.taken.append(message)
        raise asyncio.CancelledError


async def test_what_a_dead_process_had_taken_is_sent_by_another_with_the_same_id(
    settings: Settings, owner: Database, database: Database
) -> None:
    await put(database, "kim@example.com")
    dying = _Dying()
    with pytest.raises(asyncio.CancelledError):
        await deliver_due(database, dying, SENDER)
    async with smtp_peer() as peer:
        # Not while the lease runs: the other could still be at it.
        assert await deliver_due(database, backend_of(settings, peer), SENDER) == 0
        ((lease,),) = await run(owner, "SELECT not_before - now() FROM mails")
        assert timedelta(minutes=1) < lease <= delivery.LEASE
        await due_again(owner)
        assert await deliver_due(database, backend_of(settings, peer), SENDER) == 1
    assert [message["Message-ID"] for message in peer.messages] == [dying.taken[0]["Message-ID"]]


async def test_no_header_can_be_smuggled_in(settings: Settings, owner: Database, database: Database) -> None:
    evil = "Hi\r\nBcc: everybody@example.com\r\n\r\nBuy \x00this\u2028now"
    async with database.begin() as connection:
        await post(connection, "kim@example.com", evil, "x")
    for recipient in ("kim@example.com\r\nBcc: x@example.com", "kim@example.com, x@example.com", "<x@example.com>", ""):
        with pytest.raises(ValueError, match="no address"):
            async with database.begin() as connection:
                await post(connection, recipient, "Hi", "x")
    # Whatever else may have written the row.
    raw = "INSERT INTO mails (recipient, subject, body, attempts) VALUES (:to, :subject, 'x', 0)"
    await run(owner, raw, to="robin@example.com", subject="Hi\nBcc: x@example.com")
    await run(owner, raw, to="robin@example.com\nRCPT TO:<x@example.com>", subject="Hi")
    async with smtp_peer() as peer:
        assert await deliver_due(database, backend_of(settings, peer), SENDER) == 2
    assert {message["Bcc"] for message in peer.messages} == {None}
    assert peer.messages[0]["Subject"] == "Hi Bcc: everybody@example.com Buy this now"
    assert await run(owner, "SELECT recipient FROM mails WHERE failed_at IS NOT NULL") == [
        ("robin@example.com\nRCPT TO:<x@example.com>",)
    ]


@pytest.mark.parametrize("utf8", [True, False])
async def test_an_address_in_another_script(
    settings: Settings, owner: Database, database: Database, utf8: bool
) -> None:
    await put(database, "kim@bücher.example.com", "jürgen@example.com")
    async with smtp_peer(utf8=utf8) as peer:
        await deliver_due(database, backend_of(settings, peer), SENDER)
    reached = [str(message["To"]) for message in peer.messages]
    assert "kim@xn--bcher-kva.example.com" in reached
    # A name in another script needs a server that takes it; until then it waits.
    assert len(reached) == (2 if utf8 else 1)
    assert len(await run(owner, "SELECT 1 FROM mails WHERE failed_at IS NULL")) == (0 if utf8 else 1)


async def test_the_folder_has_a_file_for_each_mail(
    settings: Settings, owner: Database, database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "mail"
    backend = make_backend(settings.model_copy(update={"mail_folder": folder}))
    assert isinstance(backend, FolderBackend)
    await put(database, "kim@example.com", "robin@example.com")
    ids = {str(mail_id) for ((mail_id),) in await run(owner, "SELECT id FROM mails")}
    assert await deliver_due(database, backend, SENDER) == 2
    assert {file.name for file in folder.iterdir()} == {f"{mail_id}.eml" for mail_id in ids}
    assert b"To: kim@example.com\r\n" in b"".join(file.read_bytes() for file in folder.iterdir())


async def test_a_folder_that_cannot_be_written_costs_an_attempt(
    settings: Settings, owner: Database, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    await put(database, "kim@example.com")
    assert await deliver_due(database, FolderBackend(tmp_path / "file"), SENDER) == 0
    ((attempts, error),) = await run(owner, "SELECT attempts, last_error FROM mails")
    assert (attempts, "MAIL_FOLDER" in error) == (1, True)


async def test_without_any_setting_the_log_has_the_mail(
    settings: Settings, owner: Database, database: Database
) -> None:
    backend = make_backend(settings.model_copy(update={"mail_folder": None}))
    assert isinstance(backend, LogBackend)
    await put(database, "kim@example.com")
    with capture_logs() as logs:
        assert await deliver_due(database, backend, SENDER) == 1
    (entry,) = [entry for entry in logs if entry["event"] == "mail"]
    assert (entry["to"], entry["subject"], entry["body"]) == ("kim@example.com", "Hello", "A token\n")


async def test_the_mailroom_sends_by_itself_and_outlives_a_failure(
    settings: Settings, owner: Database, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.system.mailroom.PAUSE_SECONDS", 0.02)
    before = REGISTRY.get_sample_value("finance_mails_sent_total") or 0
    async with smtp_peer() as peer:
        changes = {"smtp_host": "127.0.0.1", "smtp_port": peer.port, "smtp_security": "none"}
        mailroom = Mailroom(database, settings.model_copy(update=changes))
        await run(owner, "ALTER FUNCTION take_mails(integer, interval) RENAME TO taken_away")
        with capture_logs() as logs:
            async with mailroom.open():
                await _until(lambda: any(entry["event"] == "mailroom_failed" for entry in logs))
                await run(owner, "ALTER FUNCTION taken_away(integer, interval) RENAME TO take_mails")
                await put(database, "kim@example.com")
                await _until(lambda: (REGISTRY.get_sample_value("finance_mails_sent_total") or 0) > before)
    assert await run(owner, "SELECT * FROM mails") == []


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110  # what it waits for tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("sender", ["", "nobody", "A <a@b@c>", "A <@example.com>", "ü@example.com"])
def test_a_sender_that_no_mail_could_have_is_told_at_the_start(settings: Settings, sender: str) -> None:
    database = Database("postgresql+asyncpg://nobody@localhost/nothing")
    with pytest.raises(StartupError, match="SMTP_FROM"):
        Mailroom(database, settings.model_copy(update={"smtp_from": sender}))


def test_the_name_of_a_sender_cannot_break_its_line() -> None:
    sender = sender_of("Evil\r\nBcc: x@example.com <finance@localhost>")
    message = compose(
        mail_id=UUID(int=1), sender=sender, recipient="kim@example.com", subject="x", body="x", created_at=now()
    )
    assert (message["Bcc"], b"\r\nBcc" in message.as_bytes()) == (None, False)


async def test_the_role_of_requests_cannot_read_the_outbox(database: Database) -> None:
    await put(database, "kim@example.com", body=new_opaque_token())
    for statement in ("SELECT * FROM mails", "UPDATE mails SET recipient = 'x'", "DELETE FROM address_requests"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with database.begin() as connection:
                await connection.execute(text(statement))
