"""Proving again who one is, before what cannot be taken back."""

import asyncio
from datetime import datetime, timedelta

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from app.access.context import Actor
from app.auth.confirmation import confirm as confirm_actor
from app.auth.confirmation import confirm_session
from app.auth.door import Device, Door
from app.core.clock import now
from app.core.database import Database
from app.core.errors import ForbiddenError
from tests.factors import add_passkey, code, confirm, forget_step, log_in, run, switch_on
from tests.people import API, PASSWORD, Person, expect, problem


async def test_the_password_confirms_this_session_for_five_minutes(
    kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    problem(await kim.http.post("/auth/passkeys/options"), 403, "confirmation_required")
    said = await confirm(kim)
    assert datetime.fromisoformat(said["expires_at"]) - datetime.fromisoformat(said["confirmed_at"]) == timedelta(
        minutes=5
    )
    expect(await kim.http.post("/auth/passkeys/options"), 200)
    other = expect(await log_in(anonymous, kim), 200)
    headers = {"Authorization": f"Bearer {other['access_token']}"}
    answer = await anonymous.post(f"{API}/auth/passkeys/options", headers=headers)
    problem(answer, 403, "confirmation_required")
    late = "UPDATE sessions SET confirmed_at = now() - interval '5 minutes' WHERE user_id = :user"
    await run(owner_database, late, kim)
    problem(await kim.http.post("/auth/passkeys/options"), 403, "confirmation_required")


async def test_a_wrong_password_confirms_nothing_and_is_bounded(kim: Person, owner_database: Database) -> None:
    bodies = [{"password": "wrong"}, {"password": "x\x00x"}, {"password": ""}]
    for body in bodies:
        problem(await kim.http.post("/auth/confirm", json=body), 403, "wrong_credentials")
    answers = await asyncio.gather(*(kim.http.post("/auth/confirm", json={"password": "wrong"}) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [403, 403, 429, 429]
    paused = await kim.http.post("/auth/confirm", json={"password": PASSWORD})
    problem(paused, 429, "too_many_tries")
    assert 1 <= int(paused.headers["retry-after"]) <= 30
    assert (await run(owner_database, "SELECT confirmed_at FROM sessions WHERE user_id = :user", kim))[0][0] is None
    await run(owner_database, "UPDATE wrong_guesses SET paused_until = now() WHERE user_id = :user", kim)
    await confirm(kim)
    problem(await kim.http.post("/auth/confirm", json={"password": "wrong"}), 403, "wrong_credentials")
    await confirm(kim)  # a right one began the count anew


@pytest.mark.parametrize("body", [{}, {"otp": "123456"}, {"password": None}, {"password": "p" * 257}, {"passkey": {}}])
async def test_what_proves_nothing_is_refused(kim: Person, body: dict[str, object]) -> None:
    problem(await kim.http.post("/auth/confirm", json=body), 422, "invalid_input")


async def test_with_the_app_on_both_are_needed(kim: Person, owner_database: Database) -> None:
    secret, codes = await switch_on(kim, owner_database)
    problem(await kim.http.post("/auth/confirm", json={"password": PASSWORD}), 403, "otp_required")
    wrong = {"password": "wrong", "otp": code(secret)}
    problem(await kim.http.post("/auth/confirm", json=wrong), 403, "wrong_credentials")
    problem(await kim.http.post("/auth/confirm", json={"password": PASSWORD, "otp": "wrong"}), 403, "wrong_otp")
    await confirm(kim, password=PASSWORD, otp=code(secret))
    problem(await kim.http.post("/auth/confirm", json={"password": PASSWORD, "otp": code(secret)}), 403, "wrong_otp")
    await confirm(kim, password=PASSWORD, otp=codes[0])


async def test_a_passkey_suffices(kim: Person, robin: Person, owner_database: Database) -> None:
    problem(await kim.http.post("/auth/confirm/options"), 409, "no_passkeys")
    laptop, _ = await add_passkey(kim)
    theirs, _ = await add_passkey(robin)
    await switch_on(kim, owner_database)
    await run(owner_database, "UPDATE sessions SET confirmed_at = NULL WHERE user_id = :user", kim)
    options = expect(await kim.http.post("/auth/confirm/options"), 200)
    assert [each["transports"] for each in options["allowCredentials"]] == [["internal"]]
    # Somebody else's passkey confirms nothing, and uses the challenge up.
    problem(await kim.http.post("/auth/confirm", json={"passkey": theirs.get(options)}), 403, "wrong_credentials")
    problem(await kim.http.post("/auth/confirm", json={"passkey": laptop.get(options)}), 403, "wrong_credentials")
    # Nor does one's own with a challenge that was made for somebody else, or to log in.
    for foreign in (
        expect(await robin.http.post("/auth/confirm/options"), 200),
        expect(await kim.http.post("/auth/passkeys/login/options"), 200),
    ):
        problem(await kim.http.post("/auth/confirm", json={"passkey": laptop.get(foreign)}), 403, "wrong_credentials")
    problem(await kim.http.post("/auth/passkeys/options"), 403, "confirmation_required")
    options = expect(await kim.http.post("/auth/confirm/options"), 200)
    await confirm(kim, passkey=laptop.get(options))
    expect(await kim.http.post("/auth/passkeys/options"), 200)


async def test_without_a_password_the_app_confirms_and_without_anything_nothing_does(
    kim: Person, robin: Person, owner_database: Database
) -> None:
    secret, _ = await switch_on(kim, owner_database)
    for person in (kim, robin):
        await run(owner_database, "DELETE FROM passwords WHERE user_id = :user", person)
    for body in ({}, {"password": PASSWORD}, {"otp": "123456"}):
        problem(await robin.http.post("/auth/confirm", json=body), 409, "nothing_to_confirm_with")
    problem(await kim.http.post("/auth/confirm", json={}), 403, "otp_required")
    await confirm(kim, otp=code(secret))
    await forget_step(kim, owner_database)
    await confirm(kim, otp=code(secret), password="whatever")


async def test_another_proof_may_confirm_a_session(kim: Person, owner_database: Database) -> None:
    """As a fresh log-in at a provider does."""
    session = (await run(owner_database, "SELECT id FROM sessions WHERE user_id = :user", kim))[0].id
    async with owner_database.begin() as connection:
        assert await confirm_session(connection, session) <= now()
    expect(await kim.http.post("/auth/passkeys/options"), 200)


async def test_only_a_session_can_be_confirmed(kim: Person, app_database: Database) -> None:
    """A personal access token lacks the permission; whoever else comes without a session is stopped here."""
    async with app_database.begin() as connection:
        actor = Actor(kim.user["id"], "user", "UTC", connection)
        door = Door(connection, None, None, None, None)  # type: ignore[arg-type]  # it is not opened
        with pytest.raises(ForbiddenError):
            await confirm_actor(actor, door, PASSWORD, None, None, Device(None, None))


async def test_requests_see_and_change_nobody_else_s_factors(
    kim: Person, robin: Person, owner_database: Database, app_database: Database
) -> None:
    for person in (kim, robin):
        await add_passkey(person)
        await switch_on(person, owner_database)
        problem(await person.http.post("/auth/confirm", json={"password": PASSWORD, "otp": "x"}), 403, "wrong_otp")
    for table in ("totp_secrets", "recovery_codes", "passkeys", "wrong_guesses"):
        for user in (robin.user["id"], ""):
            async with app_database.begin() as connection:
                await connection.execute(text("SELECT set_config('app.user_id', :user, true)"), {"user": user})
                seen = set((await connection.execute(text(f"SELECT user_id::text FROM {table}"))).scalars())
                assert seen == ({user} if user else set()), table
                if table != "wrong_guesses":
                    gone = await connection.execute(
                        text(f"DELETE FROM {table} WHERE user_id = CAST(:kim AS uuid)"), {"kim": kim.user["id"]}
                    )
                    assert gone.rowcount == 0, table
