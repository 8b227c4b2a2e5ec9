"""A real PostgreSQL for each worker, the real application over it, and people to act in tests."""

import gc

# What is imported and collected stays to the end: the garbage collector need not look through it while it grows ...
gc.disable()

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import hypothesis
import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app import tables  # noqa: F401  # else the migrations import it, in a greenlet, where nothing is measured
from app.core.config import Settings, load_settings
from app.core.database import Database
from app.core.embedded import EmbeddedPostgres
from app.core.login_role import login_url
from app.main import create_app
from tests.databases import migrated_database
from tests.dump import dump
from tests.mail import FOLDERS
from tests.people import Person, register
from tests.servers import client_of

TEST_SERVER = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}
LIMITS = ("user", "anonymous", "login", "login_address", "registration", "mail")
SECRET = "a-secret-of-the-test-suite-and-of-nothing-else"

_numbers = itertools.count(1)

# The same examples each time, however slow the machine is. `--hypothesis-profile=search` looks for others.
hypothesis.settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.data_too_large],
)
hypothesis.settings.register_profile("search", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("suite")


def pytest_collection_finish() -> None:
    """... nor again during the tests."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """What is not to be measured is not measured in the processes that it starts, either."""
    with pytest.MonkeyPatch.context() as patch:
        if item.get_closest_marker("no_cover"):
            patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        return (yield)


@pytest.fixture(scope="session")
def work_folder() -> Iterator[Path]:
    """A folder that the database's own account may enter even when the suite runs as root."""
    folder = Path(tempfile.mkdtemp(prefix="finance-tests-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(work_folder: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres.start(work_folder / "server", settings=TEST_SERVER) as server:
        yield server


@pytest.fixture(scope="session")
async def database_url(postgres: EmbeddedPostgres) -> str:
    return await migrated_database(postgres, "finance")


@pytest.fixture(scope="session")
async def request_url(database_url: str) -> str:
    """The database as a server of ours opens it: by a login that owns nothing and may only take the requests' role."""
    return await login_url(database_url)


@pytest.fixture(scope="session")
def settings(request_url: str, work_folder: Path) -> Settings:
    FOLDERS.append(work_folder / "mail")
    return load_settings(
        _env_file=None,
        app_env="testing",
        database_url=request_url,
        data_dir=work_folder / "app",
        secret_key=SECRET,
        argon2_memory_kib=8192,
        argon2_time_cost=1,
        password_hashes_at_once=4,
        database_pool_size=25,
        log_level="WARNING",
        mail_folder=work_folder / "mail",
        # Tests of jobs have workers of their own; elsewhere nothing is done but by a test.
        jobs_in_server=False,
        # The limiter is on; tests of limits have servers with limits of their own.
        **{f"rate_limit_{kind}": "1000000/second" for kind in LIMITS},
    )


@pytest.fixture(scope="session")
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    """The suite's server; somebody nobody acts as has registered first and is its admin.

    Its hashes cost less than the settings allow: half of what registering cost was theirs.
    """
    application = create_app(settings.model_copy(update={"argon2_memory_kib": 64}))
    async with application.router.lifespan_context(application):
        first = await register(application, fresh_email())
        await first.http.aclose()
        yield application


@pytest.fixture(scope="session")
async def anonymous(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """A client without a token; the whole stack with its middleware is behind it."""
    async with client_of(app) as client:
        yield client


@pytest.fixture(scope="session")
async def owner_database(database_url: str) -> AsyncIterator[Database]:
    """The database as its owner sees it: past row-level security."""
    database = Database(database_url, pool_size=5, role=None)
    yield database
    await database.dispose()


@pytest.fixture(scope="session")
async def app_database(request_url: str) -> AsyncIterator[Database]:
    """The database as a request's role sees it."""
    database = Database(request_url, pool_size=5)
    yield database
    await database.dispose()


def fresh_email() -> str:
    return f"person{next(_numbers)}-{os.getpid()}@example.com"


@pytest.fixture
async def kim(app: FastAPI) -> AsyncIterator[Person]:
    """Somebody with a fresh book; after the test the book's integrity is checked."""
    person = await register(app, fresh_email())
    yield person
    await person.check_integrity()
    await person.http.aclose()


@pytest.fixture
async def robin(app: FastAPI) -> AsyncIterator[Person]:
    """Somebody else."""
    person = await register(app, fresh_email())
    yield person
    await person.check_integrity()
    await person.http.aclose()


Unchanged = Callable[[Person], AbstractAsyncContextManager[None]]


@pytest.fixture
def unchanged(owner_database: Database) -> Unchanged:
    """A block after which nothing of the person's book has changed, its revision and its event log included."""

    @asynccontextmanager
    async def check(person: Person) -> AsyncIterator[None]:
        before = await dump(owner_database, person.book_id)
        yield
        assert await dump(owner_database, person.book_id) == before

    return check
