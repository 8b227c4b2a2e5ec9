"""Every known way to make a server take a token that is not its own, under both kinds of keys."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import text

from app.core.config import Settings
from app.core.database import Database
from app.core.ids import new_id
from tests.conftest import SECRET, fresh_email
from tests.factors import confirm
from tests.people import API, Person, expect, problem, register
from tests.security.signing import (
    Key,
    claims_of,
    encoded,
    header_of,
    key_file,
    new_ec_key,
    part,
    pem_of,
    public_pem_of,
    signed,
)
from tests.servers import serving

RSA = rsa.generate_private_key(65537, 2048)


@dataclass(frozen=True)
class Target:
    """A server, the key it signs with, and somebody who is logged in there."""

    app: FastAPI
    client: AsyncClient
    key: Key
    person: Person

    @property
    def token(self) -> str:
        return str(self.person.tokens["access_token"])

    @property
    def header(self) -> dict[str, Any]:
        return header_of(self.token)

    @property
    def claims(self) -> dict[str, Any]:
        return claims_of(self.token)

    def with_header(self, **changes: Any) -> str:
        """The good claims under another header, signed with the right key."""
        return signed({**self.header, **changes}, self.claims, self.key, by=self.header["alg"])

    def with_claims(self, **changes: Any) -> str:
        """Other claims under the good header, signed with the right key."""
        return signed(self.header, {**self.claims, **changes}, self.key)

    def without(self, claim: str) -> str:
        return signed(self.header, {key: value for key, value in self.claims.items() if key != claim}, self.key)


@pytest.fixture(scope="module", params=["HS256", "ES256"])
async def target(request: pytest.FixtureRequest, settings: Settings, work_folder: Path) -> AsyncIterator[Target]:
    pair = new_ec_key()
    path = key_file(work_folder / "attacked", "key", pem_of(pair))
    key = pair if request.param == "ES256" else SECRET.encode()
    async with serving(settings, algorithm=request.param, jwt_key_file=path) as (app, client):
        person = await register(app, fresh_email())
        yield Target(app, client, key, person)
        await person.http.aclose()


async def opens(target: Target, token: str) -> bool:
    answer = await target.client.get(f"{API}/users/me", headers={b"Authorization": f"Bearer {token}".encode()})
    if answer.status_code == 200:
        return True
    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
    return False


async def test_a_token_made_by_hand_with_the_right_key_opens(target: Target) -> None:
    """So what the other tests make is refused for what they alter."""
    assert await opens(target, target.token)
    assert await opens(target, target.with_header())
    assert await opens(target, target.with_claims())
    soon = datetime.now(UTC) + timedelta(seconds=3)
    assert await opens(target, target.with_claims(nbf=soon.timestamp()))  # clocks differ a little


def unsigned(target: Target) -> dict[str, str]:
    _, body, signature = target.token.split(".")
    heads = {name: part({**target.header, "alg": name}) for name in ("none", "None", "NONE", "nOnE", "")}
    return {
        **{f"algorithm {name}": f"{head}.{body}." for name, head in heads.items()},
        **{f"algorithm {name}, old signature": f"{head}.{body}.{signature}" for name, head in heads.items()},
        "no signature": target.token.rsplit(".", 1)[0] + ".",
        "a signature of zeros": target.token.rsplit(".", 1)[0] + "." + encoded(bytes(64)),
        "altered claims": ".".join([part(target.header), part({**target.claims, "sub": str(new_id())}), signature]),
        "altered header": ".".join([part({**target.header, "typ": "x"}), body, signature]),
        "a bit of the signature": ".".join([part(target.header), body, encoded(b"\0" + signature.encode()[1:])]),
    }


def with_other_keys(target: Target) -> dict[str, str]:
    """Algorithms swapped, and what is public, known or empty taken for a secret."""
    pair = target.key if isinstance(target.key, ec.EllipticCurvePrivateKey) else new_ec_key()
    jwk = {"kty": "EC", "crv": "P-256", "x": encoded(bytes(32)), "y": encoded(bytes(32))}
    secrets = {
        "another secret": b"another-secret-of-enough-characters-to-be-one",
        "an empty secret": b"",
        "the public key": public_pem_of(pair),
        "the public key, stripped": public_pem_of(pair).strip(),
        "the private key's file": pem_of(pair),
        "the kid": target.header["kid"].encode(),
        "a JWK": json.dumps(jwk).encode(),
    }
    if target.header["alg"] == "ES256":
        secrets["the server's secret"] = SECRET.encode()
    found = {
        f"HS256 with {name}": signed({**target.header, "alg": "HS256"}, target.claims, key)
        for name, key in secrets.items()
    }
    for name in ("HS384", "HS512"):
        found[f"{name} with the server's secret"] = signed(
            {**target.header, "alg": name}, target.claims, SECRET.encode()
        )
    mine = new_ec_key()
    found["ES256 with another key"] = signed({**target.header, "alg": "ES256"}, target.claims, mine)
    found["RS256"] = signed({**target.header, "alg": "RS256"}, target.claims, RSA)
    for name in ("PS256", "ES384", "EdDSA", "dir", "A256GCM"):
        found[f"said to be {name}"] = target.with_header(alg=name)
    return found


def with_other_headers(target: Target) -> dict[str, str]:
    """Signed with the right key, but for those whose key the header brings along."""
    mine = new_ec_key()
    numbers = mine.public_key().public_numbers()
    brought = {
        "kty": "EC",
        "crv": "P-256",
        "x": encoded(numbers.x.to_bytes(32, "big")),
        "y": encoded(numbers.y.to_bytes(32, "big")),
    }
    kids = {
        "unknown": "0" * 24,
        "path": "../../../../dev/null",
        "file": "/proc/self/environ",
        "SQL": "x' UNION SELECT 'secret' --",
        "command": "| id",
        "URL": "https://evil.example/key",
        "null": None,
        "number": 7,
        "list": [target.header["kid"]],
        "object": {"kid": target.header["kid"]},
        "NUL": target.header["kid"] + "\0",
        "empty": "",
        "long": "k" * 2000,
    }
    others: dict[str, Any] = {
        "jku": "https://evil.example/jwks.json",
        "x5u": "https://evil.example/cert.pem",
        "x5c": [base64.b64encode(b"certificate").decode()],
        "jwk": brought,
        "crit": ["exp"],
        "zip": "DEF",
        "b64": False,
        "cty": "JWT",
    }
    header = {**target.header, "alg": "ES256", "jwk": brought}
    swapped = {**target.header, "alg": "HS256"}
    return {
        **{f"kid: {name}": target.with_header(kid=kid) for name, kid in kids.items()},
        **{f"kid: {name}, no key": signed({**swapped, "kid": kid}, target.claims, b"") for name, kid in kids.items()},
        **{f"with {name}": target.with_header(**{name: value}) for name, value in others.items()},
        "its own key in the header": signed(header, target.claims, mine),
        "no kid": signed({"alg": target.header["alg"], "typ": "JWT"}, target.claims, target.key),
        "no type": signed({"alg": target.header["alg"], "kid": target.header["kid"]}, target.claims, target.key),
        "algorithms in a list": target.with_header(alg=[target.header["alg"]]),
        "no header": signed({}, target.claims, target.key, by=target.header["alg"]),
        "a list for a header": signed([], target.claims, target.key, by=target.header["alg"]),
        "a word for a header": signed("alg", target.claims, target.key, by=target.header["alg"]),
    }


def with_other_claims(target: Target) -> dict[str, str]:
    """All signed with the right key: even what we sign by mistake opens no more than it should."""
    current = datetime.now(UTC).timestamp()
    return {
        "expired": target.with_claims(exp=current - 60),
        "expires never": target.without("exp"),
        "expires at infinity": target.with_claims(exp=float("inf")),
        "expires at a word": target.with_claims(exp="never"),
        "expires at null": target.with_claims(exp=None),
        "not valid yet": target.with_claims(nbf=current + 60),
        "another audience": target.with_claims(aud="another-service"),
        "no audience": target.without("aud"),
        "an empty audience": target.with_claims(aud=[]),
        "a refresh token": target.with_claims(typ="refresh"),
        "no type": target.without("typ"),
        "nobody": target.without("sub"),
        "no session": target.without("sid"),
        "a session that is no id": target.with_claims(sid=7),
        "a session of nobody's": target.with_claims(sid=str(new_id())),
        "another user's session": target.with_claims(sub=str(new_id())),
        "a user that is a list": target.with_claims(sub=[target.claims["sub"]]),
        "SQL for a user": target.with_claims(sub="' OR true --"),
        "a list of claims": signed(target.header, [target.claims], target.key),
        "no claims": signed(target.header, {}, target.key),
        "null for claims": signed(target.header, None, target.key),
        "longer than ours get": target.with_claims(padding="x" * 5000),
    }


def malformed(target: Target) -> dict[str, str]:
    head, body, signature = target.token.split(".")
    return {
        "the refresh token": target.person.tokens["refresh_token"],
        "a personal token of nobody's": "ft_pat_" + "x" * 43,
        "the prefix of personal tokens": "ft_pat_",
        "the prefix of personal tokens before a good one": "ft_pat_" + target.token,
        "a long personal token": "ft_pat_" + "x" * 100_000,
        "garbage": "garbage",
        "dots": "...",
        "two parts": f"{head}.{body}",
        "four parts": f"{target.token}.{signature}",
        "five parts, as if encrypted": f"{head}.{body}.{signature}.{body}.{signature}",
        "the parts in another order": f"{body}.{head}.{signature}",
        "not ASCII": "é.é.é",
        "a header that is not text": f"{encoded(b'%s' % bytes(range(128, 200)))}.{body}.{signature}",
        "a deep header": f"{encoded(b'[' * 2900)}.a.a",
        "too long": "a" * 100_000,
    }


@pytest.mark.parametrize("attack", [unsigned, with_other_keys, with_other_headers, with_other_claims, malformed])
async def test_no_forgery_opens_anything(target: Target, attack: Any) -> None:
    for name, token in attack(target).items():
        assert token != target.token, name
        assert not await opens(target, token), name
    assert await opens(target, target.token)


async def test_no_token_serves_for_another_kind(target: Target) -> None:
    await confirm(target.person)
    made = expect(await target.person.http.post("/auth/tokens", json={"name": "x", "scopes": ["profile:read"]}), 201)
    for token, status in ((made["token"], 401), (target.token, 422)):
        answer = await target.client.post(f"{API}/auth/refresh", json={"refresh_token": token})
        problem(answer, status, "unauthenticated" if status == 401 else "invalid_input")
        expect(await target.client.post(f"{API}/auth/logout", json={"refresh_token": token[:200]}), 204)
    assert await opens(target, target.token)
    assert await opens(target, made["token"])


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic a2ltOnNlY3JldA==", "Token x"])
async def test_another_scheme_or_none_is_refused(anonymous: AsyncClient, header: str) -> None:
    problem(await anonymous.get(f"{API}/users/me", headers={"Authorization": header}), 401, "unauthenticated")


async def test_the_scheme_may_be_written_in_any_case(kim: Person, anonymous: AsyncClient) -> None:
    headers = {"Authorization": f"bearer {kim.tokens['access_token']}"}
    assert (await anonymous.get(f"{API}/users/me", headers=headers)).status_code == 200


async def test_the_token_of_a_deleted_user_opens_nothing(app: FastAPI, owner_database: Database) -> None:
    person = await register(app, fresh_email())
    async with owner_database.begin() as connection:
        await connection.execute(text("SELECT set_config('app.user_id', :user, true)"), {"user": person.user["id"]})
        gone = text("SELECT outcome FROM delete_person(CAST(:user AS uuid))")
        assert await connection.scalar(gone, {"user": person.user["id"]}) == "deleted"
    problem(await person.get("/users/me"), 401, "unauthenticated")
    answer = await person.http.post("/auth/refresh", json={"refresh_token": person.tokens["refresh_token"]})
    problem(answer, 401, "unauthenticated")
    await person.http.aclose()


async def test_a_banned_user_is_out_with_every_token_until_the_ban_ends(
    app: FastAPI, kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    await confirm(kim)
    made = expect(await kim.http.post("/auth/tokens", json={"name": "x", "scopes": ["profile:read"]}), 201)
    headers = {"Authorization": f"Bearer {made['token']}"}
    ban = text("UPDATE users SET banned_at = now(), banned_until = now() + CAST(:by AS interval) WHERE id = :user")
    for by in (None, timedelta(hours=1)):
        async with owner_database.begin() as connection:
            await connection.execute(ban, {"user": kim.user["id"], "by": by})
        problem(await kim.get("/users/me"), 401, "unauthenticated")
        problem(await anonymous.get(f"{API}/users/me", headers=headers), 401, "unauthenticated")
        answer = await kim.http.post("/auth/refresh", json={"refresh_token": kim.tokens["refresh_token"]})
        problem(answer, 401, "unauthenticated")
    async with owner_database.begin() as connection:
        await connection.execute(ban, {"user": kim.user["id"], "by": timedelta(seconds=-1)})
    expect(await kim.get("/users/me"), 200)
    expect(await anonymous.get(f"{API}/users/me", headers=headers), 200)
