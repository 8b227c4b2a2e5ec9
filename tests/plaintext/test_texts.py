"""Whatever people write into names, notes and descriptions, the other programs read it back."""

import json
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.core.fields import Line, LongName, Name, Text
from app.exports import beancount, chart, hledger
from app.exports.book import Contents
from app.exports.names import Unique
from app.exports.service import named
from tests.plaintext.programs import check_with_hledger, load_beancount, needs_hledger
from tests.plaintext.programs import hledger as ask_hledger

SIGNS = r""";|"\(*!@={}#^'%-0A日ßﷺ,"""
NASTY = st.sampled_from(
    [*SIGNS, "[2024-13-01]", "date:", "a: b", "%0A", "\n", "\t", "  ", "\u00a0", "\u2028", "\u200d", "👩‍👧", "e\u0301"]
)
RAW = st.lists(st.one_of(NASTY, st.characters(exclude_categories=["Cs"])), min_size=1, max_size=12).map("".join)


def accepted(field: Any) -> st.SearchStrategy[str]:
    """Texts as the API keeps them."""
    adapter: TypeAdapter[str] = TypeAdapter(field)

    def kept(raw: str) -> str | None:
        try:
            return adapter.validate_python(raw)
        except ValidationError:
            return None

    return RAW.map(kept).filter(bool)  # type: ignore[return-value]


def unique(field: Any) -> st.SearchStrategy[list[str]]:
    return st.lists(accepted(field), min_size=1, max_size=6, unique_by=str.casefold)


def key(number: int) -> str:
    return str(UUID(int=number))


def write(words: ModuleType, writer: Any, book: dict[str, Any]) -> str:
    """A file with every account, category, payee and tag used once."""
    day = date(2026, 1, 31)
    row = {"notes": book["notes"], "institution": None, "color": None, "icon": None, "sort": 0, "archived_at": None}
    names = chart.build(
        [
            {**row, "id": key(n), "name": name, "type": "cash", "class": "asset", "currency": "EUR"}
            for n, name in enumerate(book["accounts"])
        ],
        [
            {**row, "id": key(100 + n), "name": name, "kind": "expense", "parent_id": key(99 + n) if n else None}
            for n, name in enumerate(book["categories"])
        ],
        {},
        day,
        clean=words.clean_account,
        between=words.between,
    )
    entities: list[Any] = [
        [SimpleNamespace(id=key(200 + n), name=name) for n, name in enumerate(book[which])]
        for which in ("payees", "tags")
    ]
    contents = Contents(
        title=book["payees"][0],
        base_currency="EUR",
        chart=names,
        currencies={"EUR": ("EUR", "Euro", 2)},
        payees=named(entities[0], Unique(words.clean_payee, words.between, words.RESERVED_PAYEES), words.clean_payee),
        tags=named(entities[1], Unique(words.clean_tag, "-", words.RESERVED_TAGS), words.clean_tag),
    )
    into = writer(contents)
    count = max(len(book[name]) for name in ("accounts", "categories", "payees", "tags"))
    rows = [
        SimpleNamespace(
            id=key(300 + n),
            type="expense",
            date=day,
            payee_id=_turn(entities[0], n).id,
            payee=_turn(entities[0], n).name,
            description=_turn([None, *book["descriptions"]], n),
            notes=book["notes"],
            status="pending",
            external_id=book["payees"][0],
            original_amount=Decimal("1.50"),
            original_currency="USD",
            refund_of_id=None,
            other_side_private=False,
            lines=[
                (
                    key(n % len(book["accounts"])), key(100 + n % len(book["categories"])), "flow", "-1.00",
                    _turn(book["descriptions"], n),
                )
            ],
            tag_ids=[tag.id for tag in entities[1]],
        )
        for n in range(count)
    ]  # fmt: skip
    return "".join([*into.head(), *(into.transaction(row) for row in rows)])


def _turn(values: Sequence[Any], number: int) -> Any:
    return values[number % len(values)]


books = st.fixed_dictionaries(
    {
        "accounts": unique(LongName),
        "categories": unique(Name),
        "payees": unique(LongName),
        "tags": unique(Name),
        "descriptions": st.lists(accepted(Line), min_size=1, max_size=6),
        "notes": accepted(Text),
    }
)
limits = bounded(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


DECLARED = re.compile(r"^(?:account|payee) (.+?)(?:\n  )?  ; (.*)$", re.MULTILINE)


def declared_names(text: str) -> dict[str, str]:
    """What the journal says is the name of an account or payee, where it is not its own."""
    found = ((name, re.search(r"(?:^|, )name: ([^,]*)", facts)) for name, facts in DECLARED.findall(text))
    return {name: unquote(called[1]) for name, called in found if called}


@needs_hledger
@limits
@given(book=books)
def test_hledger_gives_every_text_back(book: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "texts.journal"
    path.write_text(write(hledger, hledger.Journal, book), encoding="utf-8", newline="")
    check_with_hledger(path)
    printed = json.loads(ask_hledger(path, "print", "-O", "json"))
    called = declared_names(path.read_text(encoding="utf-8"))
    for n, found in enumerate(printed):
        tags = dict(found["ttags"])
        payee, _, note = found["tdescription"].partition(" | ")
        assert called.get(payee, payee) == _turn(book["payees"], n)
        description = _turn([None, *book["descriptions"]], n)
        assert (unquote(tags["description"]) if "description" in tags else note) == (description or "")
        assert unquote(tags["notes"]) == book["notes"]
        assert unquote(tags["external-id"]) == book["payees"][0]
        assert tags["original"] == "1.50 USD"
        assert found["tstatus"] == "Pending"
        own, category = found["tpostings"]
        assert (own["pdate"], category["pdate"]) == (None, None)
        account, leaf = own["paccount"].partition(":")[2], category["paccount"].rpartition(":")[2]
        assert called.get(own["paccount"], account) == _turn(book["accounts"], n)
        assert called.get(category["paccount"], leaf) == _turn(book["categories"], n)
        assert unquote(dict(own["ptags"])["notes"]) == book["notes"]
        assert unquote(dict(category["ptags"])["memo"]) == _turn(book["descriptions"], n)
        assert len([name for name, value in found["ttags"] if value == ""]) == len(book["tags"])


@limits
@given(book=books)
def test_beancount_gives_every_text_back(book: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "texts.beancount"
    path.write_text(write(beancount, beancount.Ledger, book), encoding="utf-8", newline="")
    entries = load_beancount(path)
    kinds = {kind: [e for e in entries if type(e).__name__ == kind] for kind in ("Open", "Transaction", "Custom")}
    names = {entry.account: entry.meta.get("name") or entry.account.rpartition(":")[2] for entry in kinds["Open"]}
    tags = {entry.values[0].value: entry.values[1].value for entry in kinds["Custom"]}
    for entry in kinds["Transaction"]:
        n = UUID(entry.meta["id"]).int - 300
        assert entry.payee == _turn(book["payees"], n)
        assert entry.narration == (_turn([None, *book["descriptions"]], n) or "")
        assert entry.meta["notes"] == book["notes"]
        assert {tags.get(tag, tag) for tag in entry.tags} == set(book["tags"])
        own, category = entry.postings
        assert names[own.account] == _turn(book["accounts"], n)
        assert names[category.account] == _turn(book["categories"], n)
        assert category.meta["memo"] == _turn(book["descriptions"], n)
