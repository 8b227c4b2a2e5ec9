"""Pools (`average`) in Beancount files: one lot from their first sale on, so that a file grows as its trades do."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from app.exports import lots as lots_out
from app.exports.chart import Chart
from app.exports.lots import Lots
from app.portfolio.holding import Method
from app.portfolio.lots import Terms, Trade
from app.portfolio.replay import Replay
from tests.imports.uploads import commit, rows_of
from tests.people import Person, problem
from tests.plaintext.test_lots_out import held, held_by_beancount, lots
from tests.plaintext.test_round_trip import exported, upload
from tests.portfolio.trading import depot, gains, hold, trade

ACCOUNT, ASSET = UUID(int=1), UUID(int=2)


async def pool(person: Person) -> dict[str, str]:
    """Three purchases of an account that counts by the average, and two sales."""
    account = await depot(person, "Pool")
    await person.http.put(f"/portfolio/accounts/{account['id']}/cost-method", json={"method": "average"})
    holding = await hold(person, account_id=account["id"], quantity="3", purchase_price="10")
    await trade(person, "buy", holding, "2024-02-01", quantity="3", price="11.11", fees="0.01")
    await trade(person, "sell", holding, "2024-03-01", quantity="1", price="12")
    await trade(person, "buy", holding, "2024-04-01", quantity="0.7", price="9.99")
    await trade(person, "sell", holding, "2024-04-01", quantity="2.5", price="13", fees="0.5")
    return holding


@pytest.mark.parametrize("then", ["withdrawal", "sell", "transfer", "split", "transfer_in", "sell_all"])
async def test_a_pool_comes_back_as_it_was(kim: Person, robin: Person, tmp_path: Path, then: str) -> None:
    holding = await pool(kim)
    other = await depot(kim, "Other")
    there = {**holding, "account_id": other["id"]}
    if then == "split":
        await trade(kim, "split", holding, "2024-05-01", ratio="2:1")
    elif then == "transfer_in":
        await trade(kim, "buy", there, "2024-02-02", quantity="2", price="20")
        await trade(kim, "transfer", there, "2024-05-01", quantity="1", to_account_id=holding["account_id"])
    elif then == "transfer":
        await trade(kim, "transfer", holding, "2024-05-01", quantity="1", to_account_id=other["id"])
    elif then == "sell_all":
        await trade(kim, "sell", holding, "2024-05-01", quantity="3.2", price="14")
        await trade(kim, "buy", holding, "2024-05-02", quantity="1", price="15")
    else:
        await trade(kim, then, holding, "2024-05-01", quantity="1", **({"price": "14"} if then == "sell" else {}))
    await trade(kim, "buy", holding, "2024-06-01", quantity="1", price="7.77")
    await trade(kim, "sell", holding, "2024-06-02", quantity="0.3", price="8")
    path = tmp_path / "book.beancount"
    path.write_bytes(await exported(kim, "beancount"))
    assert held_by_beancount(path)[0] == await held(kim)

    preview = await upload(robin, path.read_bytes())
    assert preview["rows"]["error"] == 0, (await rows_of(robin, preview, outcome="error"))[:3]
    await commit(robin, preview)
    assert await held(robin) == await held(kim)
    assert await lots(robin) == await lots(kim)
    assert Counter(await gains(robin)) == Counter(await gains(kim))
    await robin.check_integrity()


async def test_a_file_that_would_be_too_large_is_refused(kim: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    await pool(kim)
    assert (await kim.get("/exports/beancount")).status_code == 200
    monkeypatch.setattr(lots_out, "MOST_LOTS", 10)
    refused = problem(await kim.get("/exports/beancount"), 409, "export_too_large")
    assert "/exports/hledger" in refused["detail"]
    assert (await kim.get("/exports/hledger")).status_code == 200


def history(method: Method, count: int) -> Replay:
    """So many purchases, then as many sales, each of a part of what one brought; with the average cost rounded."""
    first = date(2020, 1, 1)
    trades = [
        Trade(
            id=UUID(int=100 + n), account_id=ACCOUNT, asset_id=ASSET, date=first + timedelta(days=n),
            kind="buy" if n < count else "sell", quantity=Decimal(10 if n < count else 7),
            amount=Decimal(f"{100 + n}.{n % 100:02}"), base_rate=Decimal(1),
        )
        for n in range(2 * count)
    ]  # fmt: skip
    return Replay(trades, {}, {}, {ACCOUNT: Terms(2, method)}, 2)


@pytest.mark.parametrize("method", ["fifo", "lifo", "hifo", "specific", "average"])
def test_a_sale_tells_of_few_lots_however_many_there_are(method: Method) -> None:
    name = str(ACCOUNT)
    told = Lots(history(method, 150), Chart((), {name: "Assets:Pool"}, {name: "EUR"}, {}, date(2020, 1, 1)))
    entries = list(told.before(None))
    # Each purchase is told of once, and once more where it joins the pool; each sale of a lot or two, out and in.
    assert sum(len(entry.lots) for entry in entries) <= 150 * 6
    assert told.lots_told <= 150 * 6
    ((_, _, units),) = told.units()
    assert units == 150 * (10 - 7)
