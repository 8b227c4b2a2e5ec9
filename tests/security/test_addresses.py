"""Whose address counts: what stands in forwarding headers is believed from trusted proxies alone."""

from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import text

from app.core.addresses import NOWHERE, TrustedProxies, address_key
from app.core.config import Settings, load_settings
from app.core.database import Database
from app.core.failures import StartupError
from tests.conftest import fresh_email
from tests.people import API, PASSWORD, expect, register
from tests.servers import client_of, serving

PROXY = "10.0.0.2"
NETWORKS = [PROXY, "172.16.0.0/12", "2001:db8:ffff::/48"]


async def seen(peer: str | None, *headers: tuple[str, str], kind: str = "http") -> tuple[str | None, str]:
    """The client's address and the scheme that the application gets."""
    found: list[tuple[str | None, str]] = []

    async def app(scope: dict[str, object], _receive: object, _send: object) -> None:
        client = scope["client"]
        found.append((client[0] if isinstance(client, tuple) else None, str(scope["scheme"])))

    scope = {
        "type": kind,
        "scheme": "http",
        "client": (peer, 40_000) if peer else None,
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
    }
    await TrustedProxies(app, NETWORKS)(scope, None, None)  # type: ignore[arg-type]
    return found[0]


def chain(*values: str) -> list[tuple[str, str]]:
    return [("x-forwarded-for", value) for value in values]


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (["203.0.113.7"], "203.0.113.7"),
        (["1.1.1.1, 203.0.113.7"], "203.0.113.7"),
        (["1.1.1.1, 203.0.113.7, 172.16.3.4, 172.31.255.255"], "203.0.113.7"),
        (["1.1.1.1", "203.0.113.7", "172.16.3.4"], "203.0.113.7"),
        (["203.0.113.7:4711"], "203.0.113.7"),
        (["2001:db8::1"], "2001:db8::1"),
        (["[2001:db8::1]:4711"], "2001:db8::1"),
        (["[2001:db8::1]"], "2001:db8::1"),
        (["2001:db8::1, 2001:db8:ffff::9"], "2001:db8::1"),
        (["::ffff:203.0.113.7"], "203.0.113.7"),
        (["fe80::1%eth0"], "fe80::1"),
        (["172.16.0.9, 172.16.0.8"], "172.16.0.9"),
        (["203.0.113.7, unknown"], PROXY),
        (["203.0.113.7, _hidden, 172.16.0.8"], "172.16.0.8"),
        ([""], PROXY),
        ([","], PROXY),
        (["[2001:db8::1"], PROXY),
        (["[2001:db8::1]x"], PROXY),
        (["203.0.113.7:http"], PROXY),
        (["9" * 5_000], PROXY),
        (["203.0.113.7\x00"], PROXY),
        (["\xff"], PROXY),
        ([",".join(["6.6.6.6"] * 100 + ["203.0.113.7"] + ["172.16.0.1"] * 40)], "172.16.0.1"),
        ([], PROXY),
    ],
)
async def test_the_client_is_the_first_from_the_right_that_is_not_trusted(forwarded: list[str], client: str) -> None:
    assert await seen(PROXY, *chain(*forwarded)) == (client, "http")


@pytest.mark.parametrize("peer", ["203.0.113.66", "10.0.0.3", "2001:db8::66", "::1"])
async def test_what_others_forward_is_made_up(peer: str) -> None:
    made_up = [*chain("127.0.0.1"), ("x-forwarded-proto", "https"), ("forwarded", "for=127.0.0.1;proto=https")]
    assert await seen(peer, *made_up) == (peer, "http")


async def test_a_proxy_that_connects_to_a_socket_of_both_families_is_the_same_proxy() -> None:
    assert await seen(f"::ffff:{PROXY}", *chain("203.0.113.7")) == ("203.0.113.7", "http")
    assert await seen("::ffff:203.0.113.66", *chain("127.0.0.1")) == ("203.0.113.66", "http")


async def test_a_peer_without_an_address_is_never_trusted() -> None:
    assert await seen(None, *chain("203.0.113.7")) == (None, "http")
    assert await seen("unix", *chain("203.0.113.7")) == ("unix", "http")
    assert await seen(PROXY, *chain("203.0.113.7"), kind="lifespan") == (PROXY, "http")


@pytest.mark.parametrize(
    ("sent", "scheme"),
    [
        (["https"], "https"),
        (["HTTPS "], "https"),
        (["https", "http"], "http"),
        (["javascript"], "http"),
        ([""], "http"),
    ],
)
async def test_the_scheme_is_what_the_nearest_proxy_says(sent: list[str], scheme: str) -> None:
    assert (await seen(PROXY, *[("x-forwarded-proto", value) for value in sent]))[1] == scheme


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        ("unix", NOWHERE),
        (None, NOWHERE),
    ],
)
def test_an_ipv6_address_counts_as_its_64(host: str | None, key: str) -> None:
    assert address_key(host) == key


async def _address_of_session(owner: Database, user_id: str) -> str | None:
    async with owner.begin() as connection:
        statement = text("SELECT address FROM sessions WHERE user_id = :user ORDER BY id DESC LIMIT 1")
        address: str | None = await connection.scalar(statement, {"user": UUID(user_id)})
        return address


async def test_a_session_keeps_the_address_behind_the_proxy(settings: Settings, owner_database: Database) -> None:
    async with serving(settings, trusted_proxies=[PROXY]) as (app, _):
        kim = await register(app, fresh_email())
        await kim.http.aclose()
        for peer, address in ((PROXY, "203.0.113.7"), ("198.51.100.4", "198.51.100.4")):
            async with client_of(app, address=peer) as client:
                await log_in(client, kim.email)
            assert await _address_of_session(owner_database, kim.user["id"]) == address


async def log_in(client: AsyncClient, email: str) -> None:
    body = {"email": email, "password": PASSWORD}
    expect(await client.post(f"{API}/auth/login", json=body, headers={"X-Forwarded-For": "203.0.113.7"}), 200)


@pytest.mark.parametrize("entry", ["*", "proxy.example", "10.0.0.1/8", "10.0.0.2:80", "unix:", "300.0.0.1"])
def test_a_trusted_proxy_is_an_address_or_a_network(entry: str) -> None:
    with pytest.raises(StartupError, match="TRUSTED_PROXIES"):
        load_settings(_env_file=None, trusted_proxies=f"10.0.0.2,{entry}")


async def test_no_link_or_redirect_is_made_of_the_host_that_was_named(app: FastAPI) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    async with client_of(app, address=PROXY) as client:
        for method, path, body in (
            ("POST", f"{API}/auth/register", {"email": fresh_email(), "password": PASSWORD}),
            ("GET", f"{API}/auth/", None),
            ("GET", "/docs", None),
            ("GET", "/openapi.json", None),
            ("GET", "/nowhere/", None),
        ):
            answer = await client.request(method, path, json=body, headers=headers)
            assert "evil.example" not in answer.text + str(answer.headers), path
