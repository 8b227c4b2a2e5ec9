"""Uploads by scripts: a personal token lets a large body in, garbage does not."""

from collections.abc import AsyncIterator

import pytest

from app.core.config import Settings
from app.core.database import Database
from tests.api.test_personal_tokens import create, owner_does, script
from tests.attachments.files import big_png
from tests.conftest import fresh_email
from tests.people import API, expect, problem, register
from tests.servers import serving


async def test_a_script_uploads_what_anybody_s_limit_would_refuse(settings: Settings, owner_database: Database) -> None:
    async with serving(settings, max_body_bytes=2_000, max_upload_bytes=20_000) as (app, _):
        person = await register(app, fresh_email())
        account = await person.account()
        bought = await person.add(account_id=account["id"])
        made = await create(person, "imports:write", "attachments:write")
        lines = "".join(f"2026-01-25,-10.00,Shop {number}\n" for number in range(200))
        csv = {"file": ("bank.csv", f"Date,Amount,Payee\n{lines}".encode(), "text/csv")}
        form = {"account_id": account["id"]}
        picture = {"file": ("receipt.png", big_png(5_000), "image/png")}
        async with script(app, made["token"]) as client:
            expect(await client.post("/imports", files=csv, data=form), 201)
            expect(await client.post(f"/transactions/{bought['id']}/attachments", files=picture), 201)
            huge = {"file": ("bank.csv", b"x" * 30_000, "text/csv")}
            problem(await client.post("/imports", files=huge, data=form), 413, "too_large")
            # A body of no announced length counts as it comes.
            pieces = client.post(
                "/imports",
                content=_pieces(3_000),
                headers={"Content-Type": "multipart/form-data; boundary=x"},
            )
            assert (await pieces).status_code in {400, 422}
            # Elsewhere a good token takes no more than anybody.
            problem(await client.post("/tags", json={"name": "n" * 3_000}), 413, "too_large")
            await owner_does(
                owner_database, "UPDATE personal_tokens SET expires_at = now() WHERE id = :id", id=made["id"]
            )
            problem(await client.post("/imports", files=csv, data=form), 413, "too_large")
        async with script(app, person.tokens["access_token"]) as client:
            expect(await client.post("/imports", files=csv, data=form), 201)
        await person.http.aclose()


async def _pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 100):
        yield b"x" * 100


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Basic a2lt", "Bearer x", "Bearer ft_pat_" + "x" * 43, "Bearer ft_pat_", "ft_pat_x"]
)
async def test_garbage_opens_no_larger_limit(settings: Settings, authorization: str) -> None:
    async with serving(settings, max_body_bytes=2_000, max_upload_bytes=20_000) as (app, client):
        seen: list[str] = []
        app.state.database.count_statements(seen.append)
        files = {"file": ("a.csv", b"x" * 3_000)}
        headers = {"Authorization": authorization}
        problem(await client.post(f"{API}/imports", files=files, headers=headers), 413, "too_large")
        looked_up = [statement for statement in seen if "personal_token_is_good" in statement]
        assert len(looked_up) == (1 if authorization.startswith("Bearer ft_pat_") else 0)


async def test_an_upload_finds_the_database_away(settings: Settings) -> None:
    away = "postgresql://nobody@127.0.0.1:1/nothing"
    async with serving(settings, database_url=away, max_body_bytes=2_000) as (_, client):
        headers = {"Authorization": "Bearer ft_pat_" + "x" * 43}
        answer = await client.post(f"{API}/imports", files={"file": ("a.csv", b"x" * 3_000)}, headers=headers)
        problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "5"
