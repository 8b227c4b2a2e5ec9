"""`finance backup` and `finance restore`, run as a person runs them."""

import asyncio
import io
import json
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import make_url, text

from app.core.database import Database
from app.core.embedded import EmbeddedPostgres
from app.core.migrations import newest_revision
from tests.attachments.files import pdf, png, sha
from tests.attachments.s3 import s3_server, s3_settings
from tests.people import API, PASSWORD
from tests.system.programs import FINANCE, Running, environment, execute, finance, only_sentence

Start = Callable[..., Running]
PERSON = {"email": "kim@example.com", "password": PASSWORD}
FILES = {"receipt.png": png("backup"), "invoice.pdf": pdf("backup")}


def log_in(http: httpx.Client) -> None:
    token = http.post(f"{API}/auth/login", json=PERSON).raise_for_status().json()["access_token"]
    http.headers["Authorization"] = f"Bearer {token}"


def fill(http: httpx.Client) -> str:
    """A person with an account, a transaction and its receipts; returns the transaction's id."""
    http.post(f"{API}/auth/register", json=PERSON).raise_for_status()
    log_in(http)
    account = {"name": "Checking", "type": "checking", "currency": "EUR"}
    account_id = http.post(f"{API}/accounts", json=account).raise_for_status().json()["id"]
    body = {"type": "expense", "date": "2026-01-15", "amount": "12.34", "account_id": account_id, "payee": "Shop"}
    spent: str = http.post(f"{API}/transactions", json=body).raise_for_status().json()["id"]
    for name, data in FILES.items():
        http.post(f"{API}/transactions/{spent}/attachments", files={"file": (name, data)}).raise_for_status()
    return spent


def state(http: httpx.Client, spent: str) -> dict[str, Any]:
    """What a person sees of it all."""
    paths = ("/accounts", f"/transactions/{spent}", f"/transactions/{spent}/attachments", "/categories", "/users/me")
    seen = {path: http.get(f"{API}{path}").raise_for_status().json() for path in paths}
    listed = seen[f"/transactions/{spent}/attachments"]["items"]
    contents = {
        item["file_name"]: http.get(f"{API}/attachments/{item['id']}/content").raise_for_status().content
        for item in listed
    }
    assert contents == FILES
    return seen


def members(archive: Path) -> list[str]:
    with tarfile.open(archive) as tar:
        return tar.getnames()


def manifest_of(archive: Path) -> dict[str, Any]:
    with tarfile.open(archive) as tar:
        content = tar.extractfile("manifest.json")
        assert content is not None
        found: dict[str, Any] = json.loads(content.read())
        return found


def rewritten(archive: Path, change: Callable[[str, bytes], tuple[str, bytes] | None]) -> Path:
    """A copy whose members went through `change`; None leaves one out."""
    copy = archive.with_name("changed.tar")
    with tarfile.open(archive) as tar, tarfile.open(copy, "w") as other:
        for entry in tar:
            content = tar.extractfile(entry)
            assert content is not None
            if (made := change(entry.name, content.read())) is not None:
                info = tarfile.TarInfo(made[0])
                info.size = len(made[1])
                other.addfile(info, io.BytesIO(made[1]))
    return copy


@pytest.fixture(scope="module")
def filled(place: Path, start: Start) -> tuple[Running, str, dict[str, Any]]:
    running = start(place / "original")
    with running.client() as http:
        spent = fill(http)
        return running, spent, state(http, spent)


@pytest.fixture(scope="module")
def archive(place: Path, filled: tuple[Running, str, dict[str, Any]]) -> Path:
    """A backup made beside the running server."""
    target = place / "finance.backup"
    result = finance("backup", str(target), data_dir=filled[0].data_dir)
    assert result.returncode == 0, result.stderr
    newest = newest_revision()
    assert result.stdout == f"Wrote {target}: the database (schema {newest}) and 2 attachments.\n"
    return target


def test_the_archive_says_what_it_holds_and_is_private(archive: Path) -> None:
    assert archive.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in archive.parent.glob("*.part")] == []
    names = members(archive)
    assert (names[0], names[-1]) == ("database.dump", "manifest.json")
    assert {name.rsplit("/", 1)[-1] for name in names[1:-1]} == {sha(data) for data in FILES.values()}
    manifest = manifest_of(archive)
    assert (manifest["format"], manifest["version"]) == ("finance-tracker-backup", 1)
    assert manifest["schema_revision"] == newest_revision()
    assert [item["name"] for item in manifest["members"]] == names[:-1]


def test_a_backup_comes_back_whole_in_another_place(
    place: Path, start: Start, filled: tuple[Running, str, dict[str, Any]], archive: Path
) -> None:
    _, spent, before = filled
    data = place / "elsewhere"
    result = finance("restore", str(archive), data_dir=data)
    assert result.returncode == 0, result.stderr
    first, second = result.stdout.splitlines()
    assert first.startswith("Restored the backup of ")
    assert first.endswith(" UTC with 2 attachments.")
    assert second == "1 book checked: all is right."
    assert "all is right" in finance("verify", data_dir=data).stdout
    running = start(data)
    with running.client() as http:
        log_in(http)
        assert state(http, spent) == before
        # It is a working database and not a picture of one: new rows meet the old ones.
        items = before[f"/transactions/{spent}/attachments"]["items"]
        assert http.delete(f"{API}/attachments/{items[0]['id']}").status_code == 204
    assert "is in use by another Finance Tracker" in only_sentence(
        finance("restore", str(archive), "--force", data_dir=data)
    )
    assert running.stop() == 0

    assert "is not empty" in only_sentence(finance("restore", str(archive), data_dir=data))
    again = finance("restore", str(archive), "--force", data_dir=data)
    assert again.returncode == 0, again.stderr
    after = start(data)
    with after.client() as http:
        log_in(http)
        assert state(http, spent) == before
    assert after.stop() == 0

    stopped = place / "stopped.backup"
    assert finance("backup", str(stopped), data_dir=data).returncode == 0
    assert members(stopped) == members(archive)


def test_the_standard_output_takes_a_backup_too(
    place: Path, filled: tuple[Running, str, dict[str, Any]], archive: Path
) -> None:
    data = filled[0].data_dir
    result = subprocess.run(
        [FINANCE, "backup", "-"], env=environment(data), cwd=place, capture_output=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr.startswith(b"Wrote -: ")
    piped = place / "piped.tar"
    piped.write_bytes(result.stdout)
    assert members(piped) == members(archive)


def test_a_lost_attachment_is_told_and_the_rest_is_kept(
    place: Path, start: Start, filled: tuple[Running, str, dict[str, Any]], archive: Path
) -> None:
    data = place / "lossy"
    assert finance("restore", str(archive), data_dir=data).returncode == 0
    lost, damaged = sorted((data / "attachments").glob("*-*/*"))
    lost.unlink()
    damaged.write_bytes(b"x")
    target = place / "lossy.backup"
    result = finance("backup", str(target), data_dir=data)
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        f"MISSING attachment {path.parent.name}/{path.name}: lost or damaged, and not in the backup."
        for path in (lost, damaged)
    ]
    assert manifest_of(target)["missing"] == [f"{path.parent.name}/{path.name}" for path in (lost, damaged)]
    assert finance("restore", str(target), data_dir=place / "lossy-2").returncode == 0


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: b"", "not a whole backup"),
        (lambda data: b"no archive at all" * 100, "not a whole backup"),
        (lambda data: data[: len(data) // 2], "not a whole backup"),
        (lambda data: data.replace(FILES["receipt.png"], FILES["receipt.png"][:-1] + b"x"), "is not what it was"),
        (lambda data: data[:5000] + bytes([data[5000] ^ 1]) + data[5001:], "is not what it was"),
    ],
    ids=["empty", "nonsense", "cut off", "another receipt", "a bit of the dump"],
)
def test_a_damaged_archive_touches_nothing(
    place: Path, archive: Path, damage: Callable[[bytes], bytes], reason: str
) -> None:
    copy = place / "damaged.tar"
    copy.write_bytes(damage(archive.read_bytes()))
    assert reason in only_sentence(finance("restore", str(copy), data_dir=place / "untouched"))
    assert not (place / "untouched").exists()


def test_an_archive_of_other_members_is_refused(place: Path, archive: Path) -> None:
    def without_dump(name: str, data: bytes) -> tuple[str, bytes] | None:
        return None if name == "database.dump" else (name, data)

    def renamed(name: str, data: bytes) -> tuple[str, bytes]:
        if name == "manifest.json":
            return name, data.replace(b"attachments/", b"../../escape/")
        return name.replace("attachments/", "../../escape/"), data

    def of_newer_format(name: str, data: bytes) -> tuple[str, bytes]:
        return name, data.replace(b'"version": 1', b'"version": 2').replace(b'"version":1', b'"version":2')

    def of_newer_schema(name: str, data: bytes) -> tuple[str, bytes]:
        return name, data.replace(newest_revision().encode(), b"9999") if name == "manifest.json" else data

    def of_somebody_else(name: str, data: bytes) -> tuple[str, bytes]:
        return name, b"{}" if name == "manifest.json" else data

    for change, reason in (
        (without_dump, "does not hold what its manifest says"),
        (renamed, "which no backup has"),
        (of_newer_format, "newer version"),
        (of_newer_schema, "schema 9999"),
        (of_somebody_else, "is not a backup of Finance Tracker"),
    ):
        copy = rewritten(archive, change)
        assert reason in only_sentence(finance("restore", str(copy), data_dir=place / "untouched")), reason
    assert not (place / "untouched").exists()


def test_what_cannot_be_read_or_written_is_told(place: Path, filled: tuple[Running, str, dict[str, Any]]) -> None:
    data = filled[0].data_dir
    assert "cannot be read" in only_sentence(finance("restore", str(place / "nothing"), data_dir=place / "untouched"))
    assert "is a folder" in only_sentence(finance("backup", str(place), data_dir=data))
    assert "cannot be written" in only_sentence(finance("backup", "/nowhere/x.backup", data_dir=data))
    assert "There is no database in" in only_sentence(finance("backup", "x", data_dir=place / "untouched"))
    assert not (place / "untouched").exists()


@pytest.fixture(scope="module")
def guest(filled: tuple[Running, str, dict[str, Any]]) -> str:
    """A database of a user who is no superuser, as a host gives one away."""
    url = EmbeddedPostgres.running_url(filled[0].data_dir, "finance")
    assert url is not None
    execute(url, "CREATE ROLE guest LOGIN CREATEROLE PASSWORD 'guest''s own'")

    async def make() -> None:
        database = Database(url, pool_size=1, role=None)
        async with database.engine.connect() as plain:
            connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("CREATE DATABASE hosted OWNER guest"))
        await database.dispose()

    asyncio.run(make())
    own = make_url(url).set(username="guest", password="guest's own", database="hosted")
    return own.render_as_string(hide_password=False).replace("postgresql+asyncpg", "postgresql")


def test_a_given_database_is_restored_and_backed_up(
    place: Path, start: Start, filled: tuple[Running, str, dict[str, Any]], archive: Path, guest: str
) -> None:
    _, spent, before = filled
    data = place / "hosted"
    # The roles of requests and of workers were made by this server's superuser, who alone may lend them.
    refused = only_sentence(finance("restore", str(archive), data_dir=data, DATABASE_URL=guest))
    assert refused.startswith("The database cannot be restored: permission denied to grant role")
    assert refused.endswith("nothing was changed.")
    superuser = EmbeddedPostgres.running_url(filled[0].data_dir, "finance")
    assert superuser is not None
    execute(superuser, "GRANT finance_app, finance_worker TO guest WITH SET TRUE")
    result = finance("restore", str(archive), data_dir=data, DATABASE_URL=guest)
    assert result.returncode == 0, result.stderr
    running = start(data, DATABASE_URL=guest)
    with running.client() as http:
        log_in(http)
        assert state(http, spent) == before
        busy = finance("restore", str(archive), "--force", data_dir=data, DATABASE_URL=guest)
        assert "stop it, then restore" in only_sentence(busy)
    assert running.stop() == 0
    target = place / "hosted.backup"
    assert finance("backup", str(target), data_dir=data, DATABASE_URL=guest).returncode == 0
    assert members(target) == members(archive)
    again = finance("restore", str(target), "--force", data_dir=data, DATABASE_URL=guest)
    assert again.returncode == 0, again.stderr


def test_a_restore_that_fails_in_the_middle_leaves_all_as_it_was(
    place: Path, filled: tuple[Running, str, dict[str, Any]], archive: Path
) -> None:
    """The digests are right and the dump breaks off."""
    data = place / "half"
    assert finance("restore", str(archive), data_dir=data).returncode == 0

    with tarfile.open(archive) as tar:
        content = tar.extractfile("database.dump")
        assert content is not None
        whole = content.read()
    cut = whole[: len(whole) // 2]
    manifest = manifest_of(archive)
    manifest["members"][0] |= {"size": len(cut), "sha256": sha(cut)}

    def lying(name: str, content: bytes) -> tuple[str, bytes]:
        if name == "database.dump":
            return name, cut
        return name, json.dumps(manifest).encode() if name == "manifest.json" else content

    copy = rewritten(archive, lying)
    sentence = only_sentence(finance("restore", str(copy), "--force", data_dir=data))
    assert "The dump in the backup cannot be read" in sentence
    assert "nothing was changed" in sentence
    assert finance("verify", data_dir=data).stdout == "1 book checked: all is right.\n"


def test_attachments_in_a_bucket_are_backed_up_and_restored_to_it(place: Path, start: Start, archive: Path) -> None:
    with s3_server() as url:
        settings = {name.upper(): value for name, value in s3_settings(url).items()}
        data = place / "bucket"
        assert finance("restore", str(archive), data_dir=data, **settings).returncode == 0
        assert not (data / "attachments").exists()
        target = place / "bucket.backup"
        assert finance("backup", str(target), data_dir=data, **settings).returncode == 0
        assert members(target) == members(archive)
        broken = finance("backup", str(target), data_dir=data, **{**settings, "S3_ENDPOINT_URL": "http://127.0.0.1:1"})
        assert "does not answer" in broken.stderr.splitlines()[-1]
        assert broken.returncode == 1
    assert members(target) == members(archive)  # what was there stays until a new one is whole


def test_an_older_archive_is_brought_up_to_date(place: Path, archive: Path) -> None:
    data = place / "older"
    assert finance("restore", str(archive), data_dir=data).returncode == 0
    for schema, attachments in (("0005", 2), ("0004", 0)):
        assert finance("migrate", "--to", schema, data_dir=data).returncode == 0
        target = place / f"{schema}.backup"
        made = finance("backup", str(target), data_dir=data)
        assert f"(schema {schema}) and {attachments} attachments" in made.stdout, made.stderr
        result = finance("restore", str(target), data_dir=place / f"from-{schema}")
        assert result.returncode == 0, result.stderr
        assert "all is right" in result.stdout
