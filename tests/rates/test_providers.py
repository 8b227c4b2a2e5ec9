"""Asking providers: what their answers are read as, what is not believed, and a whole run against one of our own."""

import io
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from app.core.config import Settings, load_settings
from app.core.database import Database
from app.core.failures import StartupError
from app.core.fetching import Fetcher, UnreadableError
from app.rates import gathering
from app.rates.providers import Quote, Wanted, providers_of
from app.rates.providers.ecb import quotes_of_xml, quotes_of_zip
from tests.conftest import fresh_email
from tests.fetching.provider import FakeTime, Provider, Reply, as_json, serving_provider
from tests.people import Person, expect, problem, register
from tests.rates.helping import forget_provided, waiting, work_on
from tests.staff import run

AT = datetime(2026, 3, 6, 17, tzinfo=UTC)
TODAY = AT.date()


def xml(*days: tuple[str, dict[str, str]]) -> bytes:
    cubes = ""
    for day, rates in days:
        inner = "".join(f"<Cube currency='{code}' rate='{rate}'/>" for code, rate in rates.items())
        cubes += f"<Cube time='{day}'>{inner}</Cube>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?><gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" '
        f'xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><Cube>{cubes}</Cube></gesmes:Envelope>'
    ).encode()


def damaged(content: bytes) -> bytes:
    """The same with two wrong bytes in what is compressed."""
    return content[:45] + b"\xff\xff" + content[47:]


def zipped(table: str, name: str = "eurofxref-hist.csv") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, table)
    return file.getvalue()


def quote(code: str, day: str, rate: str) -> Quote:
    return Quote("EUR", code, date.fromisoformat(day), Decimal(rate))


def test_the_files_of_the_european_central_bank_are_read() -> None:
    days = (("2026-03-06", {"USD": "1.0842", "JPY": "162.5"}), ("2026-03-05", {"USD": "1.08"}))
    assert quotes_of_xml(xml(*days)) == [
        quote("USD", "2026-03-06", "1.0842"),
        quote("JPY", "2026-03-06", "162.5"),
        quote("USD", "2026-03-05", "1.08"),
    ]
    table = "Date,USD,ISK,JPY,\n2026-03-06,1.0842,N/A,162.5,\n1999-01-04,1.1789,,133.73,\n"
    assert quotes_of_zip(zipped(table)) == [
        quote("USD", "2026-03-06", "1.0842"),
        quote("JPY", "2026-03-06", "162.5"),
        quote("USD", "1999-01-04", "1.1789"),
        quote("JPY", "1999-01-04", "133.73"),
    ]


@pytest.mark.parametrize(
    ("read", "content"),
    [
        (quotes_of_xml, b""),
        (quotes_of_xml, b"<html>"),
        (quotes_of_xml, b"<Cube/>"),
        (quotes_of_xml, b'<!DOCTYPE x [<!ENTITY a "b">]><Cube>&a;</Cube>'),
        (quotes_of_xml, xml(("6 March", {"USD": "1"}))),
        (quotes_of_xml, xml(("2026-03-06", {"USD": "one"}))),
        (quotes_of_xml, xml(("2026-03-06", {"us$": "1"}))),
        (quotes_of_xml, xml(("2026-03-06", {"USD": "NaN"}))),
        (quotes_of_zip, b"no zip"),
        (quotes_of_zip, damaged(zipped("Date,USD,\n" + "2026-03-06,1.0842,\n" * 50))),
        (quotes_of_zip, zipped("Date,USD\n2026-03-06,1\n", "other.txt")),
        (quotes_of_zip, zipped("")),
        (quotes_of_zip, zipped("Day,USD,\n2026-03-06,1,\n")),
        (quotes_of_zip, zipped("Date,USD,\n2026-03-06,1\n")),
        (quotes_of_zip, zipped("Date,USD,\nyesterday,1,\n")),
        (quotes_of_zip, zipped("Date,USD,\n2026-03-06,x,\n")),
        (quotes_of_zip, zipped("Date,usd,\n2026-03-06,1,\n")),
        (quotes_of_zip, zipped('Date,USD,\n"2026-03-06,1,\n')),
    ],
)
def test_what_is_none_of_their_files_is_refused_whole(read: Callable[[bytes], list[Quote]], content: bytes) -> None:
    with pytest.raises(UnreadableError):
        read(content)


def test_a_table_too_large_to_unpack_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.rates.providers.ecb.MOST_BYTES", 20)
    with pytest.raises(UnreadableError, match="too large"):
        quotes_of_zip(zipped("Date,USD,\n2026-03-06,1.0842,\n"))


def test_what_cannot_be_is_kept_out_and_said() -> None:
    quotes = [
        quote("USD", "2026-03-04", "1.08"),
        quote("USD", "2026-03-05", "10.9"),  # ten times off the day before
        quote("USD", "2026-03-06", "1.09"),
        quote("JPY", "2026-03-06", "-162.5"),
        quote("GBP", "2026-03-07", "0.86"),
        quote("CHF", "2026-03-06", "0.09"),
        quote("SEK", "2026-03-06", "111"),
    ]
    known = {
        "CHF": (date(2026, 3, 5), Decimal("0.93")),
        "SEK": (date(2026, 1, 1), Decimal(11)),  # too long ago to say anything
    }
    sifted = gathering.sift(quotes, known, TODAY)
    assert [(one.quote, str(one.date)) for one in sifted.good] == [
        ("SEK", "2026-03-06"),
        ("USD", "2026-03-04"),
        ("USD", "2026-03-06"),
    ]
    assert sifted.kept_out == [
        "EUR/CHF of 2026-03-06: 0.09 is ten times off 0.93 of 2026-03-05",
        "EUR/GBP of 2026-03-07: 0.86 is of a day to come",
        "EUR/JPY of 2026-03-06: -162.5 is not positive",
        "EUR/USD of 2026-03-05: 10.9 is ten times off 1.08 of 2026-03-04",
    ]


@pytest.fixture(scope="module")
def bank() -> Iterator[Provider]:
    with serving_provider() as provider:
        yield provider


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    time = FakeTime()
    made = Fetcher(allow_private=True, clock=time, sleep=time.sleep, chance=lambda: 0.5)
    yield made
    await made.close()


@pytest.fixture(autouse=True)
async def nothing_stored(bank: Provider, owner_database: Database) -> AsyncIterator[None]:
    bank.reset()
    yield
    await forget_provided(owner_database)
    await run(owner_database, "DELETE FROM rate_fetches")


@pytest.fixture
def asking(settings: Settings, bank: Provider) -> Settings:
    return settings.model_copy(update={"rate_providers": "ecb", "rate_ecb_url": bank.url})


async def fetch(database: Database, settings: Settings, fetcher: Fetcher, at: datetime = AT, **payload: Any) -> None:
    async with database.begin() as connection:
        work = replace(work_on(connection, database, settings, fetcher=fetcher), at=at)
        await gathering.fetch(work, payload)


async def stored(owner: Database) -> list[tuple[str, str, str]]:
    statement = text("SELECT quote, date::text, rate::text FROM exchange_rates ORDER BY quote, date")
    async with owner.begin() as connection:
        return [(row[0], row[1], row[2]) for row in (await connection.execute(statement)).all()]


async def test_a_run_fetches_what_is_missing_and_no_more(
    kim: Person, bank: Provider, asking: Settings, fetcher: Fetcher, app_database: Database, owner_database: Database
) -> None:
    checking, dollars = await kim.account(), await kim.account("Dollars", currency="USD")
    await kim.add(account_id=checking["id"])
    made = await kim.add(account_id=dollars["id"], date="2026-01-15", amount="10")
    bank.answer("/eurofxref-daily.xml", Reply(xml(("2026-03-06", {"USD": "1.08", "XQQ": "3"}))))
    history = "Date,USD,XQQ,\n2026-03-05,1.07,3,\n2026-01-14,1.25,3,\n2020-01-14,1.11,3,\n"
    bank.answer("/eurofxref-hist.zip", Reply(zipped(history)))
    await fetch(app_database, asking, fetcher)
    assert bank.calls == ["/eurofxref-daily.xml", "/eurofxref-hist.zip"]
    found = [row for row in await stored(owner_database) if row[0] == "USD"]
    assert ("USD", "2026-03-06", "1.08") in found
    assert ("USD", "2026-01-14", "1.25") in found
    assert await waiting(owner_database, kim, "rates.revalue") == 1
    assert made["postings"][0]["base_amount"] is None
    # The next day: the daily file is enough. After a week: that of ninety days. Both once.
    bank.reset()
    bank.answer("/eurofxref-daily.xml", Reply(xml(("2026-03-09", {"USD": "1.09"}))))
    await fetch(app_database, asking, fetcher, AT + timedelta(days=3))
    assert bank.calls == ["/eurofxref-daily.xml"]
    bank.reset()
    bank.answer("/eurofxref-daily.xml", Reply(xml(("2026-03-20", {"USD": "1.1"}))))
    bank.answer("/eurofxref-hist-90d.xml", Reply(xml(("2026-03-20", {"USD": "1.1"}), ("2026-03-16", {"USD": "1.09"}))))
    await fetch(app_database, asking, fetcher, AT + timedelta(days=14))
    assert bank.calls == ["/eurofxref-daily.xml", "/eurofxref-hist-90d.xml"]
    assert ("USD", "2026-03-16", "1.09") in await stored(owner_database)
    [told] = (await kim.read("/rates/providers"))["items"]
    assert (told["provider"], told["status"], told["stored"], told["kept_out"]) == ("ecb", "succeeded", 2, [])


async def test_bad_answers_store_nothing_and_are_told(
    kim: Person, bank: Provider, asking: Settings, fetcher: Fetcher, app_database: Database, owner_database: Database
) -> None:
    await kim.account()
    await kim.account("Dollars", currency="USD")
    bank.answer("/eurofxref-daily.xml", Reply(b"<html>maintenance</html>"))
    await fetch(app_database, asking, fetcher)
    assert await stored(owner_database) == []
    [told] = (await kim.read("/rates/providers"))["items"]
    assert (told["status"], told["detail"]) == ("failed", "the answer of ecb has no rates in it")
    bank.answer("/eurofxref-daily.xml", Reply(xml(("2026-03-06", {"USD": "-1"}), ("2026-03-07", {"USD": "1.1"}))))
    bank.answer("/eurofxref-hist.zip", Reply(zipped("Date,USD,\n2026-03-05,1.07,\n")))
    await fetch(app_database, asking, fetcher)
    assert await stored(owner_database) == [("USD", "2026-03-05", "1.07")]
    [told] = (await kim.read("/rates/providers"))["items"]
    assert len(told["kept_out"]) == 2


async def test_a_provider_that_does_not_answer_is_asked_again_later(
    kim: Person, bank: Provider, asking: Settings, fetcher: Fetcher, app_database: Database, owner_database: Database
) -> None:
    await kim.account()
    await kim.account("Dollars", currency="USD")
    bank.answer("/eurofxref-daily.xml", Reply(b"", 503))
    await fetch(app_database, asking, fetcher)
    count = (
        "SELECT count(*) FROM jobs.procrastinate_jobs WHERE queueing_lock = 'rates.fetch:again' AND status = 'todo' "
        "AND scheduled_at = '2026-03-06 18:00+00'"
    )
    assert await run(owner_database, count) == 1
    await run(owner_database, "DELETE FROM jobs.procrastinate_jobs WHERE queueing_lock = 'rates.fetch:again'")
    await fetch(app_database, asking, fetcher, tries=gathering.PAUSES)
    assert await run(owner_database, count) == 0


async def test_any_server_that_answers_in_json_can_be_asked(
    kim: Person, bank: Provider, settings: Settings, fetcher: Fetcher, app_database: Database, owner_database: Database
) -> None:
    await kim.account()
    await kim.account("Dollars", currency="USD")
    update = {
        "rate_providers": "json",
        "rate_json_url": f"{bank.url}/v1/{{date}}?from={{base}}&to={{quote}}",
        "rate_json_path": "rates.{quote}",
        "rate_json_token": "a-key-to-nothing",
    }
    asking = settings.model_copy(update=update)
    for day in ("2026-03-05", "2026-03-06"):
        bank.answer(f"/v1/{day}", as_json({"rates": {"USD": 1.0842}}))
    [provider] = providers_of(asking)
    wanted = Wanted({"USD": date(2026, 3, 5)}, {}, {}, TODAY)
    gathered = await provider.gather(fetcher, wanted)
    assert gathered.quotes == [quote("USD", "2026-03-05", "1.0842"), quote("USD", "2026-03-06", "1.0842")]
    assert bank.queries[0] == {"from": "EUR", "to": "USD"}
    assert bank.headers[0]["Authorization"] == "Bearer a-key-to-nothing"
    # What came before it stopped to answer is kept; what is known is not asked for again.
    bank.reset()
    bank.answer("/v1/2026-03-05", as_json({"rates": {"USD": 1.0842}}))
    bank.answer("/v1/2026-03-06", Reply(b"", 500))
    cut = await provider.gather(fetcher, wanted)
    assert (len(cut.quotes), cut.cut_short) == (1, "json does not answer")
    bank.reset()
    bank.answer("/v1/2026-03-06", as_json({"rates": {}}))
    spans = {"USD": (date(2026, 3, 5), date(2026, 3, 5))}
    with pytest.raises(UnreadableError):
        await provider.gather(fetcher, replace(wanted, spans=spans))
    # One that it does not know is told, and the others are asked for.
    bank.answer("/v1/2026-03-06", as_json({"rates": {"USD": 1.0842}}))
    both = replace(wanted, since={"AUD": TODAY, "USD": TODAY})
    known = await provider.gather(fetcher, both)
    assert known.quotes == [quote("USD", "2026-03-06", "1.0842")]
    assert known.cut_short == "the answer has nothing at rates.AUD"
    update["rate_json_url"] = f"{bank.url}/latest"
    bank.answer("/latest", as_json({"rates": {"USD": "1.1"}}))
    [latest] = providers_of(settings.model_copy(update=update))
    assert (await latest.gather(fetcher, wanted)).quotes == [quote("USD", "2026-03-06", "1.1")]


async def test_an_admin_has_them_asked_now(
    kim: Person, app: Any, owner_database: Database, asking: Settings, settings: Settings
) -> None:
    problem(await kim.http.post("/rates/refresh"), 403, "missing_permission")
    admin = await register(app, fresh_email())
    await run(owner_database, "UPDATE users SET role = 'admin' WHERE id = :id", id=admin.user["id"])
    problem(await admin.http.post("/rates/refresh"), 409, "no_rate_provider")
    application = app
    application.state.settings = asking
    try:
        assert expect(await admin.http.post("/rates/refresh"), 202) == {"providers": ["ecb"]}
    finally:
        application.state.settings = settings
    queued = "SELECT count(*) FROM jobs.procrastinate_jobs WHERE queueing_lock = 'rates.fetch' AND status = 'todo'"
    assert await run(owner_database, queued) == 1
    await run(owner_database, "DELETE FROM jobs.procrastinate_jobs WHERE queueing_lock = 'rates.fetch'")
    await admin.http.aclose()


def test_the_settings_say_who_is_asked(settings: Settings) -> None:
    assert providers_of(settings) == []
    for wrong in ({"rate_providers": "fed"}, {"rate_providers": "json"}, {"rate_json_url": "no address"}):
        with pytest.raises(StartupError, match="RATE_"):
            load_settings(_env_file=None, **wrong)
    both = load_settings(_env_file=None, rate_providers="ecb, json", rate_json_url="https://rates.example.com/latest")
    assert [provider.name for provider in providers_of(both)] == ["ecb", "json"]
