"""Keys of each kind: taken over one from the other, published, and refused at the start when they are none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from httpx import AsyncClient
from jose import jwt

from app.core.config import Settings, load_settings
from app.core.failures import StartupError
from app.main import create_app
from tests.conftest import SECRET, fresh_email
from tests.people import API, PASSWORD, Person, expect, problem, register
from tests.security.signing import header_of, key_file, new_ec_key, pem_of, public_pem_of
from tests.servers import serving

NEWER = "another-secret-of-the-test-suite-and-of-nothing-else"
KEYS = "/.well-known/jwks.json"


async def opens(client: AsyncClient, token: str) -> bool:
    answer = await client.get(f"{API}/users/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in {200, 401}
    return answer.status_code == 200


async def log_in(client: AsyncClient, person: Person) -> str:
    body = {"email": person.email, "password": PASSWORD}
    return str(expect(await client.post(f"{API}/auth/login", json=body), 200)["access_token"])


@asynccontextmanager
async def somebody(settings: Settings, **changes: Any) -> AsyncIterator[tuple[Person, AsyncClient]]:
    async with serving(settings, **changes) as (app, client):
        person = await register(app, fresh_email())
        yield person, client
        await person.http.aclose()


@pytest.fixture
def pems(work_folder: Path) -> dict[str, Path]:
    folder = work_folder / "keys"
    return {name: key_file(folder, name, pem_of(new_ec_key())) for name in ("old", "new")}


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
async def test_tokens_are_signed_with_the_secret_and_no_key_is_published(settings: Settings, algorithm: str) -> None:
    async with somebody(settings, algorithm=algorithm) as (person, client):
        token = person.tokens["access_token"]
        assert header_of(token)["alg"] == algorithm
        assert jwt.decode(token, SECRET, algorithms=[algorithm], audience="finance-tracker")
        assert await opens(client, token)
        published = await client.get(KEYS)
        assert expect(published, 200) == {"keys": []}
        assert published.headers["cache-control"] == "public, max-age=300"


async def test_another_algorithm_ends_the_tokens_of_the_one_before(settings: Settings, pems: dict[str, Path]) -> None:
    async with somebody(settings) as (person, _):
        token = person.tokens["access_token"]
        for algorithm in ("HS512", "ES256"):
            async with serving(settings, algorithm=algorithm, jwt_key_file=pems["new"]) as (_, other):
                assert not await opens(other, token)
                refreshed = {"refresh_token": person.tokens["refresh_token"]}
                person.tokens = expect(await other.post(f"{API}/auth/refresh", json=refreshed), 200)
                assert await opens(other, person.tokens["access_token"])


async def test_a_secret_is_taken_over_by_the_next(settings: Settings) -> None:
    async with somebody(settings) as (person, _):
        old = person.tokens["access_token"]
        async with serving(settings, secret_key=NEWER, secret_key_previous=SECRET) as (_, client):
            assert await opens(client, old)
            new = await log_in(client, person)
            assert header_of(new)["kid"] != header_of(old)["kid"]
            assert await opens(client, new)
            assert jwt.decode(new, NEWER, algorithms=["HS256"], audience="finance-tracker")
        async with serving(settings, secret_key=NEWER) as (_, client):
            assert not await opens(client, old)
            assert await opens(client, new)


async def test_a_key_pair_is_taken_over_by_the_next(settings: Settings, pems: dict[str, Path]) -> None:
    async with somebody(settings, algorithm="ES256", jwt_key_file=pems["old"]) as (person, client):
        old = person.tokens["access_token"]
        (first,) = expect(await client.get(KEYS), 200)["keys"]
        both = {"jwt_key_file": pems["new"], "jwt_key_file_previous": pems["old"]}
        async with serving(settings, algorithm="ES256", **both) as (_, other):
            assert await opens(other, old)
            new = await log_in(other, person)
            assert await opens(other, new)
            second, former = expect(await other.get(KEYS), 200)["keys"]
            assert former == first
            assert [header_of(old)["kid"], header_of(new)["kid"]] == [first["kid"], second["kid"]]
        async with serving(settings, algorithm="ES256", jwt_key_file=pems["new"]) as (_, other):
            assert not await opens(other, old)
            assert await opens(other, new)


async def test_others_can_verify_with_what_is_published(settings: Settings, pems: dict[str, Path]) -> None:
    async with somebody(settings, algorithm="ES256", jwt_key_file=pems["new"]) as (person, client):
        (key,) = expect(await client.get(KEYS), 200)["keys"]
        assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"}  # no `d`: that would be the private key
        token = person.tokens["access_token"]
        claims = jwt.decode(token, key, algorithms=["ES256"], audience="finance-tracker")
        assert claims["sub"] == person.user["id"]


async def test_a_request_is_replayed_across_the_change_of_secrets(settings: Settings) -> None:
    body = {"name": "Cash", "type": "cash", "currency": "EUR"}
    headers = {"Idempotency-Key": "across"}
    async with somebody(settings) as (person, _):
        token = {"Authorization": f"Bearer {person.tokens['access_token']}"}
        made = expect(await person.http.post("/accounts", json=body, headers=headers), 201)
        async with serving(settings, secret_key=NEWER, secret_key_previous=SECRET) as (_, client):
            again = await client.post(f"{API}/accounts", json=body, headers={**headers, **token})
            assert expect(again, 201) == made
            assert again.headers["idempotency-replayed"] == "true"
            other = await client.post(f"{API}/accounts", json={**body, "name": "B"}, headers={**headers, **token})
            problem(other, 422, "idempotency_key_reused")
            new = {"Authorization": f"Bearer {await log_in(client, person)}", "Idempotency-Key": "later"}
            later = expect(await client.post(f"{API}/accounts", json={**body, "name": "C"}, headers=new), 201)
        async with serving(settings, secret_key=NEWER) as (_, client):
            again = await client.post(f"{API}/accounts", json={**body, "name": "C"}, headers=new)
            assert expect(again, 201) == later


def test_a_key_as_openssl_writes_it_with_its_parameters_is_taken(settings: Settings, work_folder: Path) -> None:
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    key = new_ec_key().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    path = key_file(work_folder / "keys", "openssl", parameters + key)
    changes = {"algorithm": "ES256", "jwt_key_file": path}
    app = create_app(settings.model_copy(update=changes))
    assert len(app.state.keyring.public_keys()) == 1


BAD_KEYS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "no private key in PEM"),
    "garbage": (b"\xff\xfe garbage", "no private key in PEM"),
    "torn": (pem_of(new_ec_key())[:100], "no private key in PEM"),
    "public": (public_pem_of(new_ec_key()), "no private key in PEM"),
    "locked": (pem_of(new_ec_key(), password=b"secret"), "no private key in PEM without a password"),
    "rsa": (pem_of(rsa.generate_private_key(65537, 2048)), "P-256 alone"),
    "p384": (pem_of(ec.generate_private_key(ec.SECP384R1())), "P-256 alone"),
    "secp256k1": (pem_of(ec.generate_private_key(ec.SECP256K1())), "P-256 alone"),
}


@pytest.mark.parametrize("name", BAD_KEYS)
@pytest.mark.parametrize("setting", ["jwt_key_file", "jwt_key_file_previous"])
def test_what_is_no_key_is_told_at_the_start(
    settings: Settings, work_folder: Path, pems: dict[str, Path], name: str, setting: str
) -> None:
    content, reason = BAD_KEYS[name]
    path = key_file(work_folder / "keys", name, content)
    changes = {"algorithm": "ES256", "jwt_key_file": pems["new"], setting: path}
    with pytest.raises(StartupError, match=reason) as told:
        create_app(settings.model_copy(update=changes))
    assert str(told.value).startswith(f"{setting.upper()} ")
    assert str(path) in str(told.value)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (None, "JWT_KEY_FILE is missing"),
        (Path("/nowhere/key.pem"), "JWT_KEY_FILE cannot be read: /nowhere/key.pem: No such file"),
        (Path("/"), "JWT_KEY_FILE cannot be read: /: Is a directory"),
    ],
)
def test_a_key_that_cannot_be_read_is_told_at_the_start(settings: Settings, path: Path | None, reason: str) -> None:
    with pytest.raises(StartupError, match=reason):
        create_app(settings.model_copy(update={"algorithm": "ES256", "jwt_key_file": path}))


def test_production_refuses_a_former_secret_that_anybody_could_guess() -> None:
    real = "5e1f0c9a7b3d2846af9c0d7e6b1a3f58"
    given = {"app_env": "production", "secret_key": real, "_env_file": None}
    with pytest.raises(StartupError, match="SECRET_KEY_PREVIOUS is a well-known"):
        load_settings(**given, secret_key_previous="change-me-change-me-change-me-change-me")
    assert load_settings(**given, secret_key_previous=real[::-1]).secret_key_previous == real[::-1]
