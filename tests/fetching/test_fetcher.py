"""Calls to providers that do all that a provider can do wrong."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from app.core.clock import now
from app.core.fetching import (
    Fetcher,
    FetchError,
    PacedError,
    RefusedError,
    Source,
    UnavailableError,
    UnreadableError,
    addresses,
)
from app.core.fetching.addresses import GuardedTransport, is_public
from app.core.fetching.breaker import State
from tests.fetching.provider import FakeTime, Provider, Reply, as_json

KEY = "k3y-of-nobody"
DOWN = Reply(b"<html>down</html>", 503)
GOOD = as_json({"price": 1})


def source(provider: Provider, **changes: Any) -> Source:
    return replace(Source("local", provider.url, calls_per_minute=1000, read_seconds=2.0), **changes)


async def test_numbers_keep_their_digits_and_keys_go_along(provider: Provider, fetcher: Fetcher) -> None:
    provider.answer("/v1/price", Reply(b'\xef\xbb\xbf{"a": [{"p": 0.10000000000000000001}], "n": 7}'))
    asked = source(provider, headers={"X-Key": KEY}, parameters={"token": KEY})
    document = await fetcher.json(asked, "/v1/price", {"symbol": "A&B="})
    assert document == {"a": [{"p": Decimal("0.10000000000000000001")}], "n": 7}
    assert provider.queries == [{"token": KEY, "symbol": "A&B="}]
    [headers] = provider.headers
    assert headers["X-Key"] == KEY
    assert headers["Accept-Encoding"] == "identity"
    assert headers["User-Agent"].startswith("finance-tracker/")
    assert KEY not in repr(asked)


@pytest.mark.parametrize("trouble", [DOWN, Reply(b"half of it", cut=True), Reply(b"x", 500)])
async def test_what_may_pass_is_tried_again(
    provider: Provider, fetcher: Fetcher, fake_time: FakeTime, trouble: Reply
) -> None:
    provider.answer("/", trouble, trouble, GOOD)
    assert await fetcher.json(source(provider), "/") == {"price": 1}
    assert len(provider.calls) == 3
    assert fake_time.waits == [0.375, 0.75]
    assert fetcher.state_of(source(provider)) is State.CLOSED


async def test_who_says_nothing_is_given_up_in_time(provider: Provider, fetcher: Fetcher) -> None:
    provider.answer("/slow", Reply(silent=True))
    with pytest.raises(UnavailableError, match="local does not answer"):
        await fetcher.get(source(provider, read_seconds=0.05, attempts=2), "/slow")
    assert len(provider.calls) == 2
    with pytest.raises(UnavailableError):
        await fetcher.get(source(provider, whole_seconds=0.05, attempts=1), "/slow")


async def test_who_is_gone_is_unavailable(fetcher: Fetcher) -> None:
    for url in ("http://127.0.0.1:1", "http://name.invalid"):
        with pytest.raises(UnavailableError):
            await fetcher.get(Source(url, url, attempts=1), "/")


async def test_who_limits_is_waited_for_or_left_alone(
    provider: Provider, fetcher: Fetcher, fake_time: FakeTime
) -> None:
    soon, later, never = (Reply(b"", 429, {"Retry-After": text}) for text in ("3", "120", "soon"))
    provider.answer("/soon", soon, GOOD)
    assert await fetcher.json(source(provider), "/soon") == {"price": 1}
    assert fake_time.waits == [3.0]
    provider.answer("/unsaid", never, Reply(b"", 429), GOOD)
    assert await fetcher.json(source(provider), "/unsaid") == {"price": 1}
    provider.answer("/later", later)
    with pytest.raises(PacedError) as refusal:
        await fetcher.get(source(provider), "/later")
    assert refusal.value.retry_after == 120
    made = len(provider.calls)
    with pytest.raises(PacedError) as refusal:  # it is not asked at all meanwhile, whatever for
        await fetcher.get(source(provider), "/soon")
    assert refusal.value.retry_after == 120
    assert len(provider.calls) == made
    fake_time.at += 120
    assert await fetcher.json(source(provider), "/soon") == {"price": 1}
    assert fetcher.state_of(source(provider)) is State.CLOSED
    until = format_datetime(now() + timedelta(seconds=3600), usegmt=True)
    provider.answer("/date", Reply(b"", 429, {"Retry-After": until}))
    with pytest.raises(PacedError) as refusal:
        await fetcher.get(source(provider), "/date")
    assert refusal.value.retry_after is not None
    assert 3500 < refusal.value.retry_after <= 3600


async def test_a_limit_is_kept_to(provider: Provider, fetcher: Fetcher, fake_time: FakeTime) -> None:
    provider.answer("/", GOOD)
    paced = source(provider, calls_per_minute=2)
    await fetcher.get(paced, "/")
    fake_time.at += 55
    await fetcher.get(paced, "/")
    await fetcher.get(paced, "/")  # five seconds are waited for, not more
    assert fake_time.waits == [5.0]
    with pytest.raises(PacedError) as refusal:
        await fetcher.get(paced, "/")
    assert refusal.value.retry_after == 55
    assert len(provider.calls) == 3


async def test_the_breaker_opens_and_closes(provider: Provider, fetcher: Fetcher, fake_time: FakeTime) -> None:
    asked = source(provider, failures_to_open=3, open_seconds=60)
    provider.answer("/", DOWN)
    with pytest.raises(UnavailableError):
        await fetcher.get(asked, "/")
    assert fetcher.state_of(asked) is State.OPEN
    with pytest.raises(UnavailableError, match="left alone") as refusal:
        await fetcher.get(asked, "/")
    assert refusal.value.retry_after == pytest.approx(60)
    assert len(provider.calls) == 3
    fake_time.at += 60
    assert fetcher.state_of(asked) is State.HALF_OPEN
    with pytest.raises(UnavailableError):  # one trial, and it is open for twice as long
        await fetcher.get(asked, "/")
    assert len(provider.calls) == 4
    fake_time.at += 60
    assert fetcher.state_of(asked) is State.OPEN
    fake_time.at += 60
    provider.answer("/", GOOD)
    assert await fetcher.json(asked, "/") == {"price": 1}
    assert fetcher.state_of(asked) is State.CLOSED
    other = replace(asked, name="another")
    assert fetcher.state_of(other) is State.CLOSED


async def test_while_one_tries_another_does_not(provider: Provider, fetcher: Fetcher, fake_time: FakeTime) -> None:
    asked = source(provider, failures_to_open=1, attempts=1)
    provider.answer("/", DOWN, Reply(b"", 429), GOOD)
    with pytest.raises(UnavailableError):
        await fetcher.get(asked, "/")
    fake_time.at += 60
    breaker = fetcher._gate(asked).breaker
    assert breaker.wait() == 0
    with pytest.raises(UnavailableError, match="left alone"):
        await fetcher.get(asked, "/")
    breaker.gave_up()
    with pytest.raises(PacedError):  # who limits is there, but no proof of health: the next call is the trial
        await fetcher.get(asked, "/")
    assert fetcher.state_of(asked) is State.HALF_OPEN
    await fetcher.get(asked, "/")
    assert fetcher.state_of(asked) is State.CLOSED


REFUSALS: list[tuple[Reply, type[FetchError], str]] = [
    (Reply(b"", 404), RefusedError, "status 404"),
    (Reply(b"", 401), RefusedError, "status 401"),
    (Reply(b"", 204), RefusedError, "status 204"),
    (Reply(b"x" * 2000), UnreadableError, "too large"),
    (Reply(b"x", headers={"Content-Encoding": "gzip"}), UnreadableError, "compressed"),
    (Reply(b"<html>hello</html>"), UnreadableError, "no JSON"),
    (Reply(b'{"a": NaN}'), UnreadableError, "no JSON"),
    (Reply(b'{"a": 1e999999999}'), UnreadableError, "no JSON"),
    (Reply(b"[" * 900), UnreadableError, "no JSON"),
    (Reply(b"\xff\xfe"), UnreadableError, "no text"),
    (Reply(b"", 302, {"Location": "http://example.com/"}), RefusedError, "without https"),
    (Reply(b"", 302, {"Location": "https://kim:secret@example.com/"}), RefusedError, "without https"),
    (Reply(b"", 302, {"Location": "file:///etc/passwd"}), RefusedError, "without https"),
    (Reply(b"", 302, {"Location": "/"}), RefusedError, "one place to the next"),
]


@pytest.mark.parametrize(("reply", "error", "said"), REFUSALS)
async def test_what_is_of_no_use_is_not_tried_again(
    provider: Provider, fetcher: Fetcher, reply: Reply, error: type[FetchError], said: str
) -> None:
    provider.answer("/", reply)
    with pytest.raises(error, match=said):
        await fetcher.json(source(provider, max_bytes=1000), "/")
    assert len(provider.calls) == (4 if reply.headers.get("Location") == "/" else 1)
    assert fetcher.state_of(source(provider)) is State.CLOSED


async def test_a_redirect_on_the_same_server_is_followed(provider: Provider, fetcher: Fetcher) -> None:
    provider.answer("/old", Reply(b"", 301, {"Location": "/new"}))
    provider.answer("/new", GOOD)
    assert await fetcher.json(source(provider, headers={"X-Key": KEY}), "/old") == {"price": 1}
    assert [headers["X-Key"] for headers in provider.headers] == [KEY, KEY]


async def test_a_redirect_goes_by_the_name_that_was_asked_for(provider: Provider, fetcher: Fetcher) -> None:
    provider.answer("/old", Reply(b"", 301, {"Location": "/new"}))
    provider.answer("/new", GOOD)
    named = provider.url.replace("127.0.0.1", "localhost")
    assert await fetcher.json(source(provider, url=named, headers={"X-Key": KEY}), "/old") == {"price": 1}
    assert [headers["X-Key"] for headers in provider.headers] == [KEY, KEY]
    assert [headers["Host"] for headers in provider.headers] == [named.removeprefix("http://")] * 2


async def test_a_key_does_not_follow_to_another_server(
    provider: Provider, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other server has no certificate, so nobody is there; what would have been sent is looked at."""
    provider.answer("/old", Reply(b"", 301, {"Location": f"https://127.0.0.1:{provider.url.rsplit(':', 1)[1]}/new"}))
    sent: list[httpx.Request] = []
    handle = GuardedTransport.handle_async_request

    async def look(transport: GuardedTransport, request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return await handle(transport, request)

    monkeypatch.setattr(GuardedTransport, "handle_async_request", look)
    with pytest.raises(UnavailableError):
        await fetcher.get(source(provider, headers={"X-Key": KEY}, attempts=1), "/old")
    assert ["X-Key" in request.headers for request in sent] == [True, False]
    assert sent[1].url.scheme == "https"


async def test_a_private_network_is_out_of_reach(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    provider.answer("/", GOOD)
    guarded = Fetcher()
    port = provider.url.rsplit(":", 1)[1]
    for name, url in enumerate((provider.url, f"http://localhost:{port}", f"http://[::ffff:127.0.0.1]:{port}")):
        with pytest.raises(RefusedError, match="private network"):
            await guarded.get(Source(str(name), url), "/")

    async def two(_host: str, _port: int) -> list[str]:
        return ["10.0.0.1", "127.0.0.2"]

    monkeypatch.setattr(addresses, "addresses_of", two)
    with pytest.raises(RefusedError, match="private network"):
        await guarded.get(Source("local", f"http://prices.example.com:{port}"), "/")
    assert provider.calls == []
    await guarded.close()
    await guarded.close()


async def test_the_next_address_is_tried_and_the_name_is_kept(
    provider: Provider, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def two(_host: str, _port: int) -> list[str]:
        return ["::1", "127.0.0.1"]

    monkeypatch.setattr(addresses, "addresses_of", two)
    provider.answer("/", GOOD)
    named = f"prices.example.com:{provider.url.rsplit(':', 1)[1]}"
    assert await fetcher.json(Source("named", f"http://{named}"), "/") == {"price": 1}
    assert provider.headers[0]["Host"] == named


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:0a00:0001::1", False),
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b::93.184.216.34", True),
        ("localhost", False),
    ],
)
def test_which_addresses_are_of_the_internet(address: str, *, public: bool) -> None:
    assert is_public(address) is public
