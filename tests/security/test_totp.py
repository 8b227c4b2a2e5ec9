"""The authenticator app and its recovery codes: switching on and off, logging in, guessing."""

import asyncio
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.core.clock import now
from app.core.config import Settings
from app.core.database import Database
from tests.conftest import SECRET, fresh_email
from tests.factors import audited, code, confirm, forget_step, log_in, mails, run, start, switch_on
from tests.mail import token_to
from tests.people import API, PASSWORD, Person, expect, problem, register
from tests.servers import serving

ANOTHER_SECRET = "another-secret-of-the-test-suite-after-a-rotation"


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes and the server stay at the end of the present step, however long a test takes."""
    present = now()
    end = present.replace(second=present.second // 30 * 30 + 29, microsecond=999_999)
    for name in ("app.auth.totp.now", "tests.factors.now", f"{__name__}.now"):
        monkeypatch.setattr(name, lambda: end)


async def test_the_way_on_and_off(kim: Person, anonymous: AsyncClient, owner_database: Database) -> None:
    off = {"totp_active_since": None, "recovery_codes_left": 0, "passkeys": 0}
    assert await kim.read("/auth/2fa") == off
    problem(await kim.http.post("/auth/2fa/totp"), 403, "confirmation_required")
    await confirm(kim)
    started = expect(await kim.http.post("/auth/2fa/totp"), 200)
    await run(owner_database, "UPDATE sessions SET confirmed_at = NULL WHERE user_id = :user", kim)
    uri = urlsplit(started["uri"])
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert parse_qs(uri.query) == {"secret": [started["secret"]], "issuer": ["Finance Tracker"]}
    # Started is not on: the password alone still lets in.
    expect(await log_in(anonymous, kim), 200)
    assert await kim.read("/auth/2fa") == off

    wrong = await kim.http.post("/auth/2fa/totp/verify", json={"otp": "12345x"})
    problem(wrong, 422, "wrong_otp")
    codes = expect(await kim.http.post("/auth/2fa/totp/verify", json={"otp": f" {code(started['secret'])} "}), 200)[
        "recovery_codes"
    ]
    assert len(set(codes)) == 10
    assert all(len(each.replace("-", "")) == 25 for each in codes)
    status = await kim.read("/auth/2fa")
    assert (status["recovery_codes_left"], status["totp_active_since"] is not None) == (10, True)
    problem(await kim.http.post("/auth/2fa/totp/verify", json={"otp": code(started["secret"])}), 409, "totp_active")

    problem(await kim.http.delete("/auth/2fa/totp"), 403, "confirmation_required")
    await forget_step(kim, owner_database)
    await confirm(kim, password=PASSWORD, otp=code(started["secret"]))
    problem(await kim.http.post("/auth/2fa/totp"), 409, "totp_active")
    expect(await kim.http.delete("/auth/2fa/totp"), 204)
    problem(await kim.http.delete("/auth/2fa/totp"), 409, "totp_not_active")
    assert await kim.read("/auth/2fa") == off
    expect(await log_in(anonymous, kim), 200)
    assert await audited(owner_database, kim) == ["totp_activated", "totp_removed"]
    assert ["switched on" in body or "switched off" in body for body in await mails(owner_database, kim)] == [True] * 2


async def test_logging_in_needs_the_code_after_the_right_password_alone(
    kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    secret, _ = await switch_on(kim, owner_database)
    problem(await log_in(anonymous, kim, code(secret), "a wrong password"), 401, "wrong_credentials")
    for absent in (None, ""):
        answer = await log_in(anonymous, kim, absent)
        problem(answer, 401, "otp_required")
        assert answer.headers["www-authenticate"] == "Bearer"
    answers = [await log_in(anonymous, kim, guess) for guess in ("000000x", "x\x00", "ßßßßßß", "a" * 64)]
    bodies = [{**problem(each, 401, "wrong_otp"), "request_id": ""} for each in answers]
    assert all(body == bodies[0] for body in bodies)
    expect(await log_in(anonymous, kim, code(secret)), 200)
    problem(await log_in(anonymous, kim, code(secret)), 401, "wrong_otp")  # each step opens once


async def test_the_form_takes_the_code_too(kim: Person, anonymous: AsyncClient, owner_database: Database) -> None:
    secret, _ = await switch_on(kim, owner_database)
    form = {"username": kim.email, "password": PASSWORD}
    problem(await anonymous.post(f"{API}/auth/token", data=form), 401, "otp_required")
    problem(await anonymous.post(f"{API}/auth/token", data={**form, "otp": "1"}), 401, "wrong_otp")
    problem(await anonymous.post(f"{API}/auth/token", data={**form, "otp": "1" * 65}), 422, "invalid_input")
    expect(await anonymous.post(f"{API}/auth/token", data={**form, "otp": code(secret)}), 200)


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 200), (1, 200), (2, 401)])
async def test_a_clock_may_be_one_step_off(
    kim: Person, anonymous: AsyncClient, owner_database: Database, steps: int, status: int
) -> None:
    secret, _ = await switch_on(kim, owner_database)
    answer = await log_in(anonymous, kim, code(secret, now() + timedelta(seconds=30 * steps)))
    assert answer.status_code == status, answer.text


async def test_an_older_code_is_worthless_after_a_newer_one(
    kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    secret, _ = await switch_on(kim, owner_database)
    at = now()
    expect(await log_in(anonymous, kim, code(secret, at)), 200)
    problem(await log_in(anonymous, kim, code(secret, at - timedelta(seconds=30))), 401, "wrong_otp")


async def test_one_code_used_many_times_at_once_opens_once(
    kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    secret, codes = await switch_on(kim, owner_database)
    for otp in (code(secret), codes[0]):
        answers = await asyncio.gather(*(log_in(anonymous, kim, otp) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
        await run(owner_database, "DELETE FROM wrong_guesses WHERE user_id = :user", kim)


async def test_recovery_codes_open_once_each(kim: Person, anonymous: AsyncClient, owner_database: Database) -> None:
    _, codes = await switch_on(kim, owner_database)
    expect(await log_in(anonymous, kim, codes[0]), 200)
    problem(await log_in(anonymous, kim, codes[0]), 401, "wrong_otp")
    expect(await log_in(anonymous, kim, codes[1].upper().replace("-", " ")), 200)
    assert (await kim.read("/auth/2fa"))["recovery_codes_left"] == 8
    assert "8 are left" in (await mails(owner_database, kim))[-1]
    assert (await audited(owner_database, kim)).count("recovery_code_used") == 2

    problem(await kim.http.post("/auth/2fa/recovery-codes"), 403, "confirmation_required")
    await confirm(kim, password=PASSWORD, otp=codes[2])
    fresh = expect(await kim.http.post("/auth/2fa/recovery-codes"), 200)["recovery_codes"]
    problem(await log_in(anonymous, kim, codes[3]), 401, "wrong_otp")
    expect(await log_in(anonymous, kim, fresh[3]), 200)
    assert (await audited(owner_database, kim))[-2:] == ["recovery_codes_replaced", "recovery_code_used"]


async def test_recovery_codes_need_the_app(kim: Person) -> None:
    await confirm(kim)
    problem(await kim.http.post("/auth/2fa/recovery-codes"), 409, "totp_not_active")


async def test_the_code_of_somebody_else_is_wrong(
    kim: Person, robin: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    secret, codes = await switch_on(kim, owner_database)
    await switch_on(robin, owner_database)
    for otp in (code(secret), codes[0]):
        problem(await log_in(anonymous, robin, otp), 401, "wrong_otp")
    expect(await log_in(anonymous, kim, codes[0]), 200)


async def test_guesses_made_at_once_count_one_by_one(
    kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    secret, codes = await switch_on(kim, owner_database)
    guesses = await asyncio.gather(*(log_in(anonymous, kim, f"{n:06}x") for n in range(9)))
    assert sorted(answer.status_code for answer in guesses) == [401] * 5 + [429] * 4
    # Not even the right one is tried in the pause; a recovery code, which nobody can guess, is.
    paused = await log_in(anonymous, kim, code(secret))
    body = problem(paused, 429, "too_many_tries")
    assert 1 <= int(paused.headers["retry-after"]) == body["retry_after"] <= 30
    problem(await log_in(anonymous, kim, "wrong"), 429, "too_many_tries")
    problem(await kim.http.post("/auth/confirm", json={"password": PASSWORD, "otp": "1"}), 429, "too_many_tries")
    # Who does not know the password learns nothing of it.
    problem(await log_in(anonymous, kim, "1", "a wrong password"), 401, "wrong_credentials")
    expect(await log_in(anonymous, kim, codes[0]), 200)
    expect(await log_in(anonymous, kim, code(secret)), 200)  # which ended the pause


async def test_the_pause_doubles_and_is_forgotten(
    kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    secret, _ = await switch_on(kim, owner_database)
    for _ in range(4):
        problem(await log_in(anonymous, kim, "wrong"), 401, "wrong_otp")
    waits = []
    for _ in range(9):
        problem(await log_in(anonymous, kim, "wrong"), 401, "wrong_otp")
        waits.append(int((await log_in(anonymous, kim, "wrong")).headers["retry-after"]))
        await run(owner_database, "UPDATE wrong_guesses SET paused_until = now() WHERE user_id = :user", kim)
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    day = "UPDATE wrong_guesses SET last_at = now() - interval '1 day' WHERE user_id = :user"
    await run(owner_database, day, kim)
    for _ in range(4):
        problem(await log_in(anonymous, kim, "wrong"), 401, "wrong_otp")
    expect(await log_in(anonymous, kim, code(secret)), 200)
    assert (await run(owner_database, "SELECT wrong FROM wrong_guesses WHERE user_id = :user", kim))[0].wrong == 0


async def test_what_was_not_started_cannot_be_verified(kim: Person, owner_database: Database) -> None:
    problem(await kim.http.post("/auth/2fa/totp/verify", json={"otp": "123456"}), 409, "totp_not_started")
    first, second = await start(kim), await start(kim)
    assert first != second
    problem(await kim.http.post("/auth/2fa/totp/verify", json={"otp": code(first)}), 422, "wrong_otp")
    late = "UPDATE totp_secrets SET started_at = now() - interval '15 minutes' WHERE user_id = :user"
    await run(owner_database, late, kim)
    problem(await kim.http.post("/auth/2fa/totp/verify", json={"otp": code(second)}), 409, "totp_not_started")
    assert await audited(owner_database, kim) == []


async def test_switching_on_twice_at_once_gives_codes_once(kim: Person) -> None:
    secret = await start(kim)
    body = {"otp": code(secret)}
    answers = await asyncio.gather(*(kim.http.post("/auth/2fa/totp/verify", json=body) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert (await kim.read("/auth/2fa"))["recovery_codes_left"] == 10


async def test_the_secret_is_sealed_and_follows_the_server_s_secret(
    kim: Person, anonymous: AsyncClient, settings: Settings, owner_database: Database
) -> None:
    async def sealed() -> bytes:
        rows = await run(owner_database, "SELECT sealed FROM totp_secrets WHERE user_id = :user", kim)
        return bytes(rows[0].sealed)

    secret, codes = await switch_on(kim, owner_database)
    before = await sealed()
    assert secret.encode() not in before
    async with serving(settings, secret_key=ANOTHER_SECRET) as (_, client):
        problem(await log_in(client, kim, code(secret)), 401, "wrong_otp")  # unreadable, which the log says
        expect(await log_in(client, kim, codes[0]), 200)
    assert await sealed() == before
    async with serving(settings, secret_key=ANOTHER_SECRET, secret_key_previous=SECRET) as (_, client):
        expect(await log_in(client, kim, code(secret)), 200)
    assert await sealed() != before
    # It is under the new secret now, and needs the old one no more.
    await forget_step(kim, owner_database)
    async with serving(settings, secret_key=ANOTHER_SECRET) as (_, client):
        expect(await log_in(client, kim, code(secret)), 200)
    await forget_step(kim, owner_database)
    problem(await log_in(anonymous, kim, code(secret)), 401, "wrong_otp")


async def test_a_secret_moved_to_somebody_else_opens_nothing(
    kim: Person, robin: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    secret, _ = await switch_on(kim, owner_database)
    await switch_on(robin, owner_database)
    theirs = await run(
        owner_database, "SELECT encode(sealed, 'hex') AS sealed FROM totp_secrets WHERE user_id = :user", kim
    )
    moved = f"UPDATE totp_secrets SET sealed = decode('{theirs[0].sealed}', 'hex') WHERE user_id = :user"
    await run(owner_database, moved, robin)
    problem(await log_in(anonymous, robin, code(secret)), 401, "wrong_otp")


@pytest.mark.parametrize("body", [{}, {"otp": None}, {"otp": 123456}, {"otp": "1" * 65}, {"otp": "1", "more": 1}])
async def test_bad_bodies_are_refused(kim: Person, app: FastAPI, body: dict[str, object]) -> None:
    problem(await kim.http.post("/auth/2fa/totp/verify", json=body), 422, "invalid_input")


async def test_a_reset_by_mail_takes_away_what_a_stranger_left_behind(
    app: FastAPI, anonymous: AsyncClient, owner_database: Database
) -> None:
    """Somebody registers another one's address, fits it with ways in of their own, and waits."""
    stranger = await register(app, fresh_email())
    secret, _ = await switch_on(stranger, owner_database)
    body = {"name": "backdoor", "scopes": ["accounts:read"]}
    await confirm(stranger, password=PASSWORD, otp=code(secret))
    token = expect(await stranger.http.post("/auth/tokens", json=body), 201)["token"]
    expect(await anonymous.post(f"{API}/auth/password/forgot", json={"email": stranger.email}), 202)
    mailed = await token_to(app, stranger.email, at_least=2)
    words = {"token": mailed, "new_password": f"{PASSWORD} of its owner"}
    expect(await anonymous.post(f"{API}/auth/password/reset", json=words), 204)
    expect(await log_in(anonymous, stranger, password=words["new_password"]), 200)
    headers = {"Authorization": f"Bearer {token}"}
    problem(await anonymous.get(f"{API}/accounts", headers=headers), 401, "unauthenticated")
    await stranger.http.aclose()
