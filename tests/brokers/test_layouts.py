"""Files in the layouts of well-known brokers are read without being told how."""

import pytest

from tests.brokers.layouts import LAYOUTS, Expected, Layout
from tests.imports.uploads import Document, commit, rows_of, undo, upload
from tests.people import Person


def shown(row: Document, symbols: dict[str, str]) -> Expected:
    trade = row["trade"] or {}
    return trade.get("kind"), symbols.get(trade.get("asset_id", "")), trade.get("quantity"), row["amount"]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name.split(",", maxsplit=1)[0])
async def test_a_file_of_each_broker(kim: Person, layout: Layout) -> None:
    account = await kim.account("Depot", type="investment", currency=layout.currency)
    preview = await upload(
        kim, account, layout.data.encode(layout.encoding), format="broker_csv", mapping=layout.mapping or None
    )
    rows = await rows_of(kim, preview)
    symbols = {asset["id"]: asset["symbol"] for asset in preview["assets"]}
    assert [shown(row, symbols) for row in rows] == layout.rows, [(row["reason"], row["column"]) for row in rows]
    assert {row["outcome"] for row in rows} == {"new"}
    done = await commit(kim, preview)
    assert done["created"] == len(layout.rows)
    held = await kim.read("/portfolio")
    assert {holding["symbol"]: holding["quantity"] for holding in held["items"]} == layout.held
    assert await kim.balance(account) == layout.balance
    assets = {asset["symbol"]: asset["type"] for asset in (await kim.read("/portfolio/assets"))["items"]}
    assert layout.types.items() <= assets.items()
    await undo(kim, preview)
    assert (await kim.read("/portfolio/assets"))["items"] == []
    assert await kim.balance(account) == "0.00"
