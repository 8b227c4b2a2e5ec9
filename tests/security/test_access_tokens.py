import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from jose import jwt
from sqlalchemy import text

from app.core.database import Database
from tests.conftest import SECRET, fresh_email
from tests.people import API, Person, problem, register


def unsigned(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.get_unverified_claims(token))


def signed(claims: dict[str, Any], secret: str = SECRET, algorithm: str = "HS256") -> str:
    return str(jwt.encode(claims, secret, algorithm=algorithm))


def forgeries(kim: Person) -> dict[str, str]:
    good = kim.tokens["access_token"]
    claims = claims_of(good)
    head, body, signature = good.split(".")
    past = datetime.now(UTC) - timedelta(hours=1)
    return {
        "no algorithm": f"{unsigned({'alg': 'none', 'typ': 'JWT'})}.{body}.",
        "no algorithm, old signature": f"{unsigned({'alg': 'none'})}.{body}.{signature}",
        "another key": signed(claims, "another-secret-of-enough-characters-to-be-one"),
        "an empty key": signed(claims, ""),
        "another algorithm": signed(claims, algorithm="HS512"),
        "altered claims": f"{head}.{unsigned({**claims, 'sub': '01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6'})}.{signature}",
        "no signature": f"{head}.{body}.",
        "expired": signed({**claims, "exp": past}),
        "never expires": signed({key: value for key, value in claims.items() if key != "exp"}),
        "not valid yet": signed({**claims, "nbf": datetime.now(UTC) + timedelta(hours=1)}),
        "another audience": signed({**claims, "aud": "another-service"}),
        "no audience": signed({key: value for key, value in claims.items() if key != "aud"}),
        "another type": signed({**claims, "typ": "refresh"}),
        "no session": signed({key: value for key, value in claims.items() if key != "sid"}),
        "a session that is no id": signed({**claims, "sid": 7}),
        "another user's session": signed({**claims, "sub": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"}),
        "the refresh token": kim.tokens["refresh_token"],
        "garbage": "garbage",
        "dots": "...",
        "not ASCII": "é.é.é",
        "a deep header": base64.urlsafe_b64encode(b"[" * 3000).decode() + ".a.a",
        "too long": "a" * 100_000,
    }


async def test_no_forgery_opens_anything(kim: Person, anonymous: AsyncClient) -> None:
    assert (await kim.get("/users/me")).status_code == 200
    for name, token in forgeries(kim).items():
        answer = await anonymous.get(f"{API}/users/me", headers={b"Authorization": f"Bearer {token}".encode()})
        assert answer.status_code == 401, name
        problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


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
