"""An alert reaches a real mail server as a valid message that one click ends; a server that is down loses nothing."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from httpx import AsyncClient

from app.core.clock import now
from app.core.ids import new_id
from app.notifications.notices import Kind
from app.notifications.unsubscribing import token_for
from tests.conftest import fresh_email
from tests.notifications.conftest import PostOffice
from tests.notifications.smtp import Letterbox, letterbox
from tests.notifications.telling import reachable, tell, tick
from tests.people import Person, problem, register
from tests.servers import client_of
from tests.staff import run

SETTINGS = "/users/me/notification-settings"
PATH = "/api/v1/notifications/unsubscribe"


async def test_an_alert_reaches_a_mail_server_and_one_click_ends_it(post_office: PostOffice) -> None:
    async with letterbox() as box, post_office.serving(box) as (app, anonymous):
        kim = await register(app, fresh_email())
        await reachable(post_office.owner, kim)
        await tell(
            app, kim, Kind.BUDGET_THRESHOLD, title="Lebensmittel für Ömer sind bei 80 %", body="400.00 of 500.00"
        )
        await tick(app, now() + timedelta(minutes=1))
        await app.state.mailroom.round()
        (message,) = box.to(kim.email)
        assert message["Subject"] == "Lebensmittel für Ömer sind bei 80 %"
        assert message.get_content_type() == "multipart/alternative"
        assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
        assert message["MIME-Version"] == "1.0"
        assert message["Auto-Submitted"] == "auto-generated"
        assert re.fullmatch(r"<[0-9a-f-]{36}@localhost>", str(message["Message-ID"]))
        assert [part.defects for part in message.walk()] == [[], [], []]
        raw = box.raw[-1]
        assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
        # The URL is in one piece, as programs look for it, however long it is.
        link = re.search(rb"^List-Unsubscribe: <(\S+)>\r$", raw, re.MULTILINE)
        assert link is not None
        assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
        url = link.group(1).decode()
        assert url.startswith(f"{app.state.settings.public_url}{PATH}?token=")
        assert all(url in part.get_content().replace("&amp;", "&") for part in message.iter_parts())

        # Programs that look at links do not unsubscribe anybody.
        target = url.removeprefix(app.state.settings.public_url)
        page = await anonymous.get(target)
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "budget alerts" in page.text
        assert "form-action 'self'" in page.headers["content-security-policy"]
        assert (await kim.read(SETTINGS))["channels"]["budget_threshold"] == "immediately"
        for _ in range(2):  # as RFC 8058 has it; twice is as good as once
            done = await anonymous.post(target, data={"List-Unsubscribe": "One-Click"})
            assert (done.status_code, "Done" in done.text) == (200, True)
        channels = (await kim.read(SETTINGS))["channels"]
        assert (channels["budget_threshold"], channels["bill_overdue"]) == ("off", "immediately")
        await tell(app, kim, Kind.BUDGET_THRESHOLD)
        await tick(app, now() + timedelta(minutes=1))
        await app.state.mailroom.round()
        assert len(box.to(kim.email)) == 1
        assert len((await kim.read("/notifications"))["items"]) == 2
        await kim.http.aclose()


@asynccontextmanager
async def silence() -> AsyncIterator[Letterbox]:
    """A mail server that takes connections and never says a word."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    try:
        yield Letterbox(server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def test_a_mail_server_that_is_down_loses_nothing_and_slows_nobody(post_office: PostOffice) -> None:
    attempts = "SELECT attempts FROM mails WHERE recipient = :address AND subject = 'Rent is overdue'"
    async with silence() as box, post_office.serving(box) as (app, _):
        kim = await register(app, fresh_email())
        await reachable(post_office.owner, kim)
        await tell(app, kim)
        await tick(app, now() + timedelta(minutes=1))
        sending = asyncio.create_task(app.state.mailroom.round())
        while await run(post_office.owner, attempts, address=kim.email) == 0:  # noqa: ASYNC110  # it is in the database
            await asyncio.sleep(0.02)
        await kim.account()
        assert not sending.done()  # who waited for the mail server would have waited for all of it
        await tick(app, now() + timedelta(minutes=2))  # it is posted, and not posted again
        await kim.http.aclose()
        sending.cancel()
    async with letterbox() as box:
        pass
    async with post_office.serving(box) as (app, _):  # nobody is there any more
        await run(post_office.owner, "UPDATE mails SET not_before = now()")
        await app.state.mailroom.round()
        assert await run(post_office.owner, attempts, address=kim.email) == 2
    async with letterbox() as box, post_office.serving(box) as (app, _):
        await run(post_office.owner, "UPDATE mails SET not_before = now()")
        await app.state.mailroom.round()
        assert [message["Subject"] for message in box.to(kim.email)] == ["Rent is overdue"]


def _id(person: Person) -> UUID:
    return UUID(person.user["id"])


async def _done(anonymous: AsyncClient, **sent: Any) -> None:
    answer = await anonymous.post(PATH, **sent)
    assert (answer.status_code, "Done" in answer.text) == (200, True), answer.text


async def test_tokens_of_links(app: FastAPI, kim: Person) -> None:
    secret = app.state.secret
    good = token_for(secret, _id(kim), "daily")
    async with client_of(app) as anonymous:
        for token in ("", "x", "é", good[:-4], good[:8] + ("A" if good[8] != "A" else "B") + good[9:], "A" * 200):
            problem(await anonymous.post(PATH, json={"token": token}), 422, "token_not_valid")
            problem(await anonymous.get(PATH, params={"token": token}), 422, "token_not_valid")
        problem(await anonymous.post(PATH, content=b"\x00{"), 422, "token_not_valid")
        problem(await anonymous.post(PATH), 422, "token_not_valid")
        problem(await anonymous.post(PATH, params={"token": "x" * 201}), 422, "invalid_input")
        strange = token_for(secret, _id(kim), "everything")
        problem(await anonymous.post(PATH, json={"token": strange}), 422, "token_not_valid")
        other = token_for("another secret", _id(kim), "daily")
        problem(await anonymous.post(PATH, json={"token": other}), 422, "token_not_valid")
        assert (await anonymous.delete(PATH)).headers["allow"] == "GET, POST"
        assert (await kim.read(SETTINGS))["revision"] == 0

        # As JSON, for a digest: all that comes in it.
        await _done(anonymous, json={"token": good})
        channels = (await kim.read(SETTINGS))["channels"]
        assert {kind for kind, channel in channels.items() if channel != "off"} == {
            "budget_threshold",
            "bill_overdue",
            "schedule_failed",
        }
        report = token_for(secret, _id(kim), "weekly_report")
        await _done(anonymous, params={"token": report})
        assert (await kim.read(SETTINGS))["weekly_report"]["enabled"] is False
        # Of somebody who is gone it does nothing, and says nothing of it.
        gone = token_for(secret, new_id(), "daily")
        await _done(anonymous, json={"token": gone})
