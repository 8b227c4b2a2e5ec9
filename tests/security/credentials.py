"""What the routes of identity need to succeed: authenticators, mailed tokens, invitations, a provider's answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from httpx import AsyncClient

from app.auth.oidc.browser import cookie_name
from app.core.config import Settings, load_settings
from app.core.database import Database
from app.main import create_app
from tests.authenticator import Authenticator
from tests.conftest import fresh_email
from tests.factors import add_passkey
from tests.mail import mails_to, token_to
from tests.people import API, Person, expect
from tests.single_sign_on.browsers import Browser, query_of
from tests.single_sign_on.conftest import known_to
from tests.single_sign_on.evil_provider import EvilProvider, serve
from tests.staff import run

Ids = dict[str, Any]


class _Lasting(dict[str, dict[str, str]]):
    """A provider's codes, which stay good: what was done with one is rolled back, and done again by the next caller."""

    def pop(self, code: str, default: Any = None) -> Any:
        return self.get(code, default)


@asynccontextmanager
async def app_with_provider(settings: Settings) -> AsyncIterator[tuple[FastAPI, Ids]]:
    """A server that knows a provider, and what a browser brings back from there; nothing of it is used up yet."""
    provider = EvilProvider()
    provider.codes = _Lasting()
    provider.claims |= {"email": fresh_email()}
    provider.claims["sub"] = provider.claims["email"]
    with serve(provider):
        known = {**known_to(provider.url), "public_url": settings.public_url}
        app = create_app(load_settings(_env_file=None, **{**settings.model_dump(), **known}))
        async with Browser(app) as browser:
            arrived = expect(await browser.walk(), 200)
            back = query_of(await browser.ask(await browser.start()))
            name = cookie_name(app.state.settings)
            brought = {"back": back, "code": arrived["code"], "cookie": f"{name}={browser.http.cookies[name]}"}
        yield app, brought


async def of_person(person: Person) -> Ids:
    """For each caller their own: a passkey, another one that is not added yet, and the secret of an app not active."""
    await add_passkey(person, "Phone")
    options = expect(await person.http.post("/auth/passkeys/options"), 200)
    secret = expect(await person.http.post("/auth/2fa/totp"), 200)["secret"]
    return {"new_credential": Authenticator().create(options), "totp_secret": secret}


async def mailed(app: FastAPI, client: AsyncClient, person: Person) -> Ids:
    """The tokens that prove that mail arrives."""
    verification = await token_to(app, person.email)
    before = len(await mails_to(app, person.email))
    expect(await client.post(f"{API}/auth/password/forgot", json={"email": person.email}), 202)
    return {"verify_token": verification, "reset_token": await token_to(app, person.email, at_least=before + 1)}


async def passkey_log_in(client: AsyncClient, person: Person) -> Ids:
    """What a passkey of theirs has signed to log them in."""
    authenticator, _ = await add_passkey(person, "To log in")
    options = expect(await client.post(f"{API}/auth/passkeys/login/options"), 200)
    return {"assertion": authenticator.get(options)}


async def invitations(owner: Database, host: Person, guest: Person, staff: Person) -> Ids:
    """To the host's book: one to the guest's address, one for whoever has the token; and one to register."""
    await run(owner, "UPDATE users SET email_verified_at = now() WHERE id = :id", id=guest.user["id"])
    path = f"/books/{host.book_id}/invitations"
    to_guest = expect(await host.http.post(path, json={"role": "editor", "email": guest.email}), 201)
    to_anybody = expect(await host.http.post(path, json={"role": "viewer"}), 201)
    to_register = expect(await staff.http.post("/users/invitations", json={}), 201)
    return {
        "invitation_to_owner_id": to_guest["id"],
        "invitation_token": to_anybody["token"],
        "registration_invitation_id": to_register["id"],
    }


_ACTIVE = (
    "UPDATE totp_secrets SET active_since = now() WHERE user_id = ANY(:ids)",
    "UPDATE totp_secrets SET active_since = NULL WHERE user_id = ANY(:ids)",
)
_CONFIRMED = (
    "UPDATE users SET email_verified_at = coalesce(email_verified_at, created_at) WHERE id = ANY(:ids)",
    "UPDATE users SET email_verified_at = NULL WHERE email_verified_at = created_at AND id = ANY(:ids)",
)
PREPARED = {
    "remove_totp": _ACTIVE,
    "replace_recovery_codes": _ACTIVE,
    "send_weekly_report": _CONFIRMED,
}
"""What is to be so for everybody while an operation is tried, and not for others: before and after."""
