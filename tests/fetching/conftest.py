"""A provider on this machine, for the tests of calls to others."""

from collections.abc import AsyncIterator, Iterator

import pytest

from app.core.fetching import Fetcher
from tests.fetching.provider import FakeTime, Provider, serving_provider


@pytest.fixture(scope="session")
def served_provider() -> Iterator[Provider]:
    with serving_provider() as provider:
        yield provider


@pytest.fixture
def provider(served_provider: Provider) -> Iterator[Provider]:
    served_provider.reset()
    yield served_provider
    served_provider.release()


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


@pytest.fixture
async def fetcher(fake_time: FakeTime) -> AsyncIterator[Fetcher]:
    """Its clock moves only as it waits; half of the jitter is taken each time."""
    made = Fetcher(allow_private=True, clock=fake_time, sleep=fake_time.sleep, chance=lambda: 0.5)
    yield made
    await made.close()
