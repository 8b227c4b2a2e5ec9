"""From bytes to trades, without a database: what files say in one way or another."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.ids import new_id
from app.core.money import plain, rounded
from app.imports.broker.mapping import BrokerMapping
from app.imports.broker.sums import Pair
from app.imports.broker.words import kind_of
from app.imports.broker_parsing import BrokerTask, RatesWanted, parse
from app.imports.parsing import Open, Parsed, Unreadable
from app.transactions.references import AccountRef
from tests.imports.uploads import csv_of

Document = dict[str, Any]
TODAY = date(2026, 11, 22)


def task(
    data: bytes, currency: str = "EUR", rates: dict[Pair, Decimal | None] | None = None, **mapping: Any
) -> BrokerTask:
    return BrokerTask(
        data=data,
        given=BrokerMapping.model_validate(mapping),
        saved={},
        account=AccountRef(new_id(), currency, 2, archived=False),
        assets=[],
        currencies=frozenset(("EUR", "USD", "GBP")),
        today=TODAY,
        locked_until=None,
        rates=rates or {},
    )


def rows(parsed: Any) -> list[Document]:
    """Each row: its trade without its ids, its amount, or why it is an error."""
    assert isinstance(parsed, Parsed), parsed
    found = []
    for line in b"".join(parsed.staged.chunks).decode().splitlines():
        cells = [None if cell == "\\N" else cell for cell in line.split("\t")]
        trade = orjson.loads((cells[13] or "{}").replace("\\\\", "\\")).get("trade", {})
        for name in ("id", "account_id", "asset_id", "date"):
            trade.pop(name, None)
        found.append({"trade": trade, "amount": cells[7], "reason": cells[4], "text": cells[9]})
    return found


def read(*lines: str, currency: str = "EUR", rates: Any = None, **mapping: Any) -> list[Document]:
    return rows(parse(task(csv_of(*lines), currency, rates, **mapping)))


PLAIN = "Date,Action,Symbol,Quantity,Price,Fee,Tax,Amount"


@pytest.mark.parametrize(
    ("line", "trade", "amount"),
    [
        (
            "2024-01-03,Buy,A,10,10,1,2,103",
            {"kind": "buy", "amount": "100.00", "fees": "1.00", "taxes": "2.00"},
            "-103.00",
        ),
        (
            "2024-01-03,Sell,A,10,10,1,2,97",
            {"kind": "sell", "amount": "100.00", "fees": "1.00", "taxes": "2.00"},
            "97.00",
        ),
        ("2024-01-03,Buy,A,10,10,-1,,99", {"kind": "buy", "amount": "99.00"}, "-99.00"),
        ("2024-01-03,Sell,A,10,10,-1,,101", {"kind": "sell", "amount": "101.00"}, "101.00"),
        ("2024-01-03,Buy,A,10,0,,,0", {"kind": "buy", "amount": "0.00"}, "0.00"),
        ("2024-01-03,Buy,A,10,10,,,", {"kind": "buy", "amount": "100.00"}, "-100.00"),
        ("2024-01-03,Dividend,A,,,,2,8", {"kind": "dividend", "amount": "10.00", "taxes": "2.00"}, "8.00"),
        ("2024-01-03,Dividend,A,10,0.5,,,", {"kind": "dividend", "amount": "5.00"}, "5.00"),
        ("2024-01-03,Reinvestment,A,1,10,1,,11", {"kind": "reinvest", "amount": "11.00", "fees": "1.00"}, None),
        ("2024-01-03,Bond interest,A,,,,,7", {"kind": "interest", "amount": "7.00"}, "7.00"),
        ("2024-01-03,Fee,A,,,,,7", {"kind": "fee", "amount": "7.00"}, "-7.00"),
        ("2024-01-03,Return of capital,A,,,,,7", {"kind": "return_of_capital", "amount": "7.00"}, "7.00"),
        ("2024-01-03,Receive,A,2,10,,,", {"kind": "deposit", "quantity": "2", "cost": "20.00"}, None),
        ("2024-01-03,Transfer out,A,2,,,,", {"kind": "withdrawal", "quantity": "2"}, None),
        ("2024-01-03,Transfer in,A,-2,,,,", {"kind": "withdrawal", "quantity": "2"}, None),
        ("2024-01-03,Stock split 4:1,A,30,,,,", {"kind": "split", "ratio": "4:1"}, None),
        ("2024-01-03,Tax,A,,,,,7", {}, "-7.00"),
        ("2024-01-03,Withdrawal,,,,,,7", {}, "-7.00"),
        ("2024-01-03,Deposit,,,,1,,7", {}, "7.00"),
        ("2024-01-03,Zinsbelastung,,,,,,7", {}, "-7.00"),
        ("2024-01-03,Deposit,EUR,7,,,,", {}, "7.00"),
    ],
)
def test_what_a_line_becomes(line: str, trade: Document, amount: str | None) -> None:
    # Two more, so that it is plain what amounts and costs are.
    usual = ["2024-01-01,Buy,A,10,10,1,1,102", "2024-01-02,Buy,A,10,10,1,1,102"]
    found = read(PLAIN, *usual, line)[2]
    assert found["reason"] is None
    assert found["amount"] == amount
    assert trade.items() <= found["trade"].items()
    assert bool(trade) == bool(found["trade"])


@pytest.mark.parametrize(
    ("line", "trade", "amount"),
    [
        ("2024-01-03,Dividend,A,,,,,-8", {}, "-8.00"),
        ("2024-01-03,Fee,A,,,,,8", {}, "8.00"),
        ("2024-01-03,Return of capital,A,,,,,-8", {}, "-8.00"),
        ("2024-01-03,Reinvestment,A,1,8,,,-8", {"kind": "buy", "amount": "8.00"}, "-8.00"),
        ("2024-01-03,Deposit,,,,,,-8", {}, "-8.00"),
    ],
)
def test_signs_say_which_way_money_goes(line: str, trade: Document, amount: str) -> None:
    found = read(PLAIN, "2024-01-01,Buy,A,10,10,1,1,-102", line)[1]
    assert found["amount"] == amount
    assert trade.items() <= found["trade"].items()
    assert bool(trade) == bool(found["trade"])


@pytest.mark.parametrize(
    "lines",
    [
        ("Fee,,,,,,3.00", "Withdrawal,,,,,,100.00", "Dividend,A,,,,,-1.20"),
        ("Fee,,,,,,3.00", "Withdrawal,,,,,,100.00", "Fee,,,,,,-1.20"),
        ("Buy,A,1,10,,,10.00", "Fee,,,,,,3.00", "Withdrawal,,,,,,100.00", "Dividend,A,,,,,-1.20"),
    ],
)
def test_one_minus_turns_no_other_line_round(lines: Sequence[str]) -> None:
    found = read(PLAIN, *(f"2024-01-03,{line}" for line in lines))
    assert [row["amount"] for row in found[-3:]] == ["-3.00", "-100.00", "-1.20"]


def test_cash_may_have_signs_where_trades_have_none() -> None:
    lines = ("Buy,A,1,10,,,10.00", "Withdrawal,,,,,,-100.00", "Fee,,,,,,-3.00", "Fee,,,,,,1.00")
    found = read(PLAIN, *(f"2024-01-03,{line}" for line in lines))
    assert [row["amount"] for row in found] == ["-10.00", "-100.00", "-3.00", "1.00"]


@pytest.mark.parametrize(
    ("line", "gross", "moved"),
    [
        ("Sell,A,10,0.10,5.00,,-4.00", "1.00", "-4.00"),
        ("Sell,A,10,0.90,5.00,,-4.00", "9.00", "4.00"),  # a minus before each sale
        ("Sell,A,10,,5.00,,-4.00", "1.00", "-4.00"),
        ("Sell,A,10,,5.00,,-40.00", "45.00", "40.00"),
        ("Sell,A,10,0.50,5.00,,", "5.00", "0.00"),
        ("Sell,A,10,0.10,5.00,,", "1.00", "-4.00"),
    ],
)
def test_a_sale_may_cost_more_than_it_brings(line: str, gross: str, moved: str) -> None:
    usual = [f"2024-01-0{day},Buy,A,10,5.00,1.00,,-51.00" for day in (1, 2)]
    found = read(PLAIN, *usual, f"2024-01-03,{line}")[2]
    assert (found["trade"]["amount"], found["trade"]["fees"], found["amount"]) == (gross, "5.00", moved)


def test_such_a_sale_alone_does_not_say_what_amounts_are() -> None:
    lines = (PLAIN, "2024-01-03,Sell,A,10,0.20,5.00,,-3.00")
    found = parse(task(csv_of(*lines)))
    assert isinstance(found, Open)
    assert [question.field for question in found.questions] == ["amount_is"]
    (row,) = read(*lines, amount_is="net")
    assert (row["trade"]["amount"], row["amount"]) == ("2.00", "-3.00")


def test_a_number_too_large_for_any_account_is_an_error_of_its_row() -> None:
    found = read(PLAIN, "2024-01-03,Buy,A,1E99,1E99,,,", "2024-01-03,Buy,A,1,2.5,,,", amount_is="net")
    assert found[0]["reason"] == "an amount has more than 15 digits before the point"
    assert found[1]["trade"]["amount"] == "2.50"


@pytest.mark.parametrize(
    ("said", "ratio", "warned"),
    [
        ("Stock split 4:1", "4:1", False),
        ("Split 1.5 for 1", "1.5:1", False),
        ("Reverse split 1-for-10", "1:10", False),
        ("Split 3/2", "3:2", True),
        ("Split 10:30", "10:30", True),
        ("Split 20:1 (20:1)", "20:1", False),
        ("Split, record date 06/05/2024 4:1", "4:1", False),
        ("Split of 2024-05-06 12:30:00 4:1", "4:1", False),
        ("Split 1-for-1,000 reverse", None, False),
        ("Split 06:05", None, False),
        ("Split 4:1 or 3:1", None, False),
        ("Split, record date 06/05/2024", None, False),
        ("Split 0.5:1", "0.5:1", False),
    ],
)
def test_dates_and_times_are_no_ratios(said: str, ratio: str | None, warned: bool) -> None:
    lines = csv_of(f"{PLAIN},Notes", "2024-01-03,Buy,A,1,10,,,10,", f'2024-01-04,Split,A,1,,,,,"{said}"')
    found = parse(task(lines))
    assert isinstance(found, Parsed)
    row = rows(found)[1]
    assert row["trade"].get("ratio") == ratio
    assert (row["reason"] is None) == (ratio is not None)
    codes = [warning["code"] for warning in found.warnings]
    assert codes == ["split_ratio_unsure"] * warned


@pytest.mark.parametrize(
    ("first", "last", "turned"),
    [
        ("2024-01-03 9:05", "2024-01-03 10:00", False),
        ("2024-01-03 10:00", "2024-01-03 9:05", True),
        ("01/03/2024, 11:05 AM", "01/03/2024, 1:00 PM", False),
        ("01/03/2024, 12:05 AM", "01/03/2024, 1:00 AM", False),
        ("20240103100000", "20240103090000", True),
        ("2024-01-03T10:00:01.5Z", "2024-01-03T10:00:01Z", True),
        ("01/03/2024 as of 01/02/2024", "01/03/2024", False),
        ("2024-01-04", "2024-01-03 10:00", True),
    ],
)
def test_what_happened_first_on_a_day_is_told_by_the_time(first: str, last: str, turned: bool) -> None:
    """Ids are made in the order of what happened."""
    lines = [f'"{first}",Buy,FIRST,1,10,,,10', f'"{last}",Buy,LAST,1,10,,,10']
    found = parse(task(csv_of(PLAIN, *lines), date_order="MDY" if "/" in first else None))
    assert isinstance(found, Parsed)
    cells = [line.split("\t") for line in b"".join(found.staged.chunks).decode().splitlines()]
    assert [row[4] for row in cells] == ["\\N", "\\N"]
    assert (cells[0][2] > cells[1][2]) == turned


def test_gross_amounts_are_told_from_net_ones() -> None:
    gross = read(PLAIN, "2024-01-03,Buy,A,10,10,1,2,100", "2024-01-04,Deposit,,,,1,,50")
    assert gross[0]["amount"] == "-103.00"
    assert gross[1]["amount"] == "49.00"
    net = read(PLAIN, "2024-01-03,Buy,A,10,10,1,2,103", "2024-01-04,Deposit,,,,1,,50")
    assert [row["amount"] for row in net] == ["-103.00", "50.00"]


@pytest.mark.parametrize(
    ("header", "line", "amount", "mapping"),
    [
        # The rate multiplies, divides, or is not needed: the amount is the account's.
        ("Currency,Exchange rate,Amount", "USD,0.9,900", "900.00", {}),
        ("Currency,Exchange rate,Amount", "USD,1.25,800", "800.00", {}),
        ("Currency,Amount", "USD,910", "910.00", {}),
        # The amount is the price's, and so are its costs.
        ("Currency,FXRateToBase,Proceeds", "USD,0.9,1000", "900.00", {}),
        (
            "Currency,Exchange rate,Amount",
            "USD,1.25,1000",
            "800.00",
            {"amount_in": "price", "rate_is": "price_per_account"},
        ),
        ("Currency,Exchange rate", "USD,1.25", "800.00", {"rate_is": "price_per_account"}),
        ("Currency,Amount,Currency (Amount)", "USD,810,EUR", "810.00", {}),
        ("Currency", "GBX", "12.00", {}),
    ],
)
def test_currencies(header: str, line: str, amount: str, mapping: Document) -> None:
    rates = {("GBP", "EUR", date(2024, 1, 3)): Decimal("1.2")}
    found = read(
        f"Date,Action,Symbol,Quantity,Price,{header}", f"2024-01-03,Buy,A,10,100,{line}", rates=rates, **mapping
    )
    assert found[0]["reason"] is None
    assert found[0]["trade"]["amount"] == amount
    assert found[0]["trade"]["price"] == ("1" if line == "GBX" else "100")


def test_a_tax_in_the_currency_of_the_price() -> None:
    """A net amount in the account's currency: the rate follows from it and from what was taken off before."""
    header = (
        "Date,Action,Symbol,Quantity,Price,Currency,Withholding tax,Currency (Withholding tax),Total,Currency (Total)"
    )
    found = read(header, "2024-01-03,Dividend,A,10,1,USD,2,USD,4,GBP", currency="GBP")[0]
    assert found["trade"] == {"kind": "dividend", "amount": "5.00", "taxes": "1.00"}
    wanted = parse(task(csv_of(header, "2024-01-03,Dividend,A,,,USD,2,USD,4,GBP"), "GBP"))
    assert wanted == RatesWanted({("USD", "GBP", date(2024, 1, 3))})
    rates: dict[Pair, Decimal | None] = {("USD", "GBP", date(2024, 1, 3)): None}
    unknown = read(header, "2024-01-03,Dividend,A,,,USD,2,USD,4,GBP", currency="GBP", rates=rates)[0]
    assert unknown["reason"] == "no rate from USD to GBP is known for 2024-01-03"


@pytest.mark.parametrize(
    ("lines", "asked"),
    [
        (("Date,Action,Symbol,Fee,Amount", "2024-01-03,Dividend,A,1,7"), ["amount_is"]),
        (("Date,Action,Symbol,Price,Currency,Amount", "2024-01-03,Dividend,A,,USD,7"), ["amount_in"]),
        (
            ("Date,Action,Symbol,Quantity,Price,Currency,Exchange rate", "2024-01-03,Buy,A,1,7,USD,1.1"),
            ["rate_is"],
        ),
    ],
)
def test_what_nothing_tells_is_asked(lines: Sequence[str], asked: list[str]) -> None:
    found = parse(task(csv_of(*lines)))
    assert isinstance(found, Open)
    assert [question.field for question in found.questions] == asked
    answers: dict[str, Any] = {q.field: q.options[0] for q in found.questions}
    answered = parse(task(csv_of(*lines), **answers))
    assert isinstance(answered, Parsed | RatesWanted)


def test_words_are_known_and_others_can_be_told() -> None:
    words = ("KAUF", "Achat", "compra", "YOU SOLD ACME (ACME)", "Storno Kauf", "Kaufhaus")
    assert [kind_of(word) for word in words] == ["buy", "buy", "buy", "sell", None, None]
    unknown = read(PLAIN, "2024-01-03,Knock-out,A,1,10,,,10")
    assert unknown[0]["reason"] == "'Knock-out' is not known: say with mapping.kinds what it means"
    found = read(PLAIN, "2024-01-03,Knock-out,A,1,10,,,10", kinds={"knock-out": "sell"})
    assert found[0]["trade"]["kind"] == "sell"
    ignored = parse(task(csv_of(PLAIN, "2024-01-03,Buy,A,1,10,,,10", "2024-01-03,Sweep in,A,1,10,,,10")))
    assert isinstance(ignored, Parsed)
    assert [warning["code"] for warning in ignored.warnings] == ["rows_ignored"]


def test_without_a_kind_the_quantity_has_a_sign() -> None:
    found = read("Date,Symbol,Quantity,Price", "2024-01-03,A,5,10", "2024-01-04,A,-2,10", "2024-01-05,A,0,10")
    assert [row["trade"].get("kind") for row in found] == ["buy", "sell", None]


def test_columns_by_number_and_without_a_header() -> None:
    found = read("2024-01-03;Kauf;ACME;5;10,50;x", date_column=1, kind_column=2, symbol_column=3, quantity_column=4,
                 price_column=5, amount_column="", notes_column=6, header_line=0)  # fmt: skip
    assert found[0]["trade"]["amount"] == "52.50"
    assert found[0]["trade"]["notes"] == "x"


def test_an_amount_that_is_not_what_it_is_computed_from_is_told() -> None:
    found = parse(task(csv_of(PLAIN, "2024-01-03,Buy,A,1,10,,,20")))
    assert isinstance(found, Parsed)
    assert [warning["code"] for warning in found.warnings] == ["amounts_differ"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (csv_of("Date,Action,Symbol", "2024-01-03,Buy,A"), "header_not_found"),
        (csv_of("Date,Action,Quantity", "x,Buy,5"), "no_date_column"),
        (csv_of("Date,Action,Quantity", "2024-01-03,Buy,x"), "no_amount_column"),
        (csv_of(PLAIN), "no_rows"),
        (b"\n" * 2_600_000, "too_many_lines"),
    ],
)
def test_a_file_that_cannot_be_read(data: bytes, code: str) -> None:
    found = parse(task(data))
    assert isinstance(found, Unreadable)
    assert found.code == code


TRADES = st.tuples(
    st.integers(0, 900),
    st.sampled_from(["buy", "sell"]),
    st.sampled_from(["ACME", "WID", "X 1"]),
    st.integers(1, 10**9).map(lambda units: Decimal(units).scaleb(-4)),
    st.integers(1, 10**7).map(lambda price: Decimal(price).scaleb(-2)),
    st.integers(0, 5000).map(lambda cents: Decimal(cents).scaleb(-2)),
)
WORDS = {"buy": ["Buy", "Kauf", "achat", "COMPRA"], "sell": ["Sell", "Verkauf", "vente", "VENTA"]}


@settings(max_examples=60, deadline=None)
@given(
    trades=st.lists(TRADES, min_size=1, max_size=12),
    delimiter=st.sampled_from([";", "\t", "|"]),
    decimal=st.sampled_from([".", ","]),
    day_format=st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y"]),
    word=st.integers(0, 3),
    net=st.booleans(),
    signed=st.booleans(),
    newest_first=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
)
def test_trades_come_back_however_they_are_written(
    trades: list[Any],
    *,
    delimiter: str,
    decimal: str,
    day_format: str,
    word: int,
    net: bool,
    signed: bool,
    newest_first: bool,
    encoding: str,
) -> None:
    lines, wanted = [], []
    for days, kind, symbol, quantity, price, most in sorted(trades, reverse=newest_first):
        gross = rounded(quantity * price, 2)
        fee = min(most, gross) if kind == "sell" else most
        out = kind == "buy"
        amount = (gross + fee if out else gross - fee) if net else gross
        cells = [
            (date(2024, 1, 1) + timedelta(days)).strftime(day_format),
            WORDS[kind][word],
            symbol,
            *(plain(value).replace(".", decimal) for value in (quantity, price, fee)),
            ("-" if signed and out else "") + plain(amount).replace(".", decimal),
        ]
        lines.append(delimiter.join(f'"{cell}"' for cell in cells))
        wanted.append((kind, quantity, price, gross, fee))
    header = delimiter.join(["Datum", "Typ", "Symbol", "Stück", "Kurs", "Gebühr", "Betrag"])
    order = {"%Y-%m-%d": None, "%d.%m.%Y": "DMY", "%m/%d/%Y": "MDY"}[day_format]
    known: dict[str, Any] = {"date_order": order, "decimal_separator": decimal, "amount_is": "net" if net else "gross"}
    found = rows(parse(task(csv_of(header, *lines, encoding=encoding), **{k: v for k, v in known.items() if v})))
    assert [row["reason"] for row in found] == [None] * len(found)
    got = [
        (t["kind"], *(Decimal(t.get(name, "0")) for name in ("quantity", "price", "amount", "fees")))
        for t in (row["trade"] for row in found)
    ]
    free = [(*each[:2], each[2] if each[3] else Decimal(0), *each[3:]) for each in wanted]
    assert got == free
