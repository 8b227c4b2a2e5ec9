"""A book's invitation lets somebody in who is not known yet, once, and makes them a member."""

from uuid import uuid4

from app.core.config import Settings
from app.core.identity_settings import Registration
from tests.households.sharing import invite, roles
from tests.people import API, PASSWORD, Person, expect, problem
from tests.servers import serving


async def test_the_holder_registers_and_is_a_member(settings: Settings, kim: Person) -> None:
    token = (await invite(kim, "viewer"))["token"]
    address = f"{uuid4().hex}@example.com"
    async with serving(settings, registration=Registration.INVITE) as (_, client):
        register = f"{API}/auth/register"
        body = {"email": address, "password": PASSWORD}
        problem(await client.post(register, json={**body, "invitation": "unknown"}), 403, "invitation_required")
        made = expect(await client.post(register, json={**body, "invitation": token}), 201)
        assert made["email_verified_at"] is None
        other = {**body, "email": f"{uuid4().hex}@example.com", "invitation": token}
        problem(await client.post(register, json=other), 403, "invitation_required")
    assert (await roles(kim, kim.book_id))[address] == "viewer"


async def test_a_known_address_spends_the_invitation_too(settings: Settings, kim: Person, robin: Person) -> None:
    """Who invites could tell by it who is known here."""
    token = (await invite(kim, "editor"))["token"]
    async with serving(settings, registration=Registration.INVITE) as (_, client):
        body = {"email": robin.email, "password": PASSWORD, "invitation": token}
        expect(await client.post(f"{API}/auth/register", json=body), 201)
    assert len(await roles(kim, kim.book_id)) == 1
    problem(await robin.http.post("/invitations/accept", json={"token": token}), 404, "invitation_over")
