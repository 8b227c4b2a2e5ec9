"""The matcher by itself: what is costly in a text or a pattern, what is kept, and what goes to another process."""

import pickle
import time
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import re2
from pydantic import TypeAdapter

from app.core.text import folded
from app.rules.applying import shared
from app.rules.conditions import RuleCondition
from app.rules.drafts import Draft
from app.rules.indexes import Patterns
from app.rules.loading import Matchers
from app.rules.matcher import Budget, Compiled, Matcher
from app.rules.patterns import check_pattern
from tests.rules.making import says

ACCOUNT = uuid4()
condition: TypeAdapter[Any] = TypeAdapter(RuleCondition)


def matcher(*conditions: dict[str, Any]) -> Matcher:
    return Matcher([Compiled(uuid4(), str(n), 1, condition.validate_python(c), ()) for n, c in enumerate(conditions)])


def draft(**fields: Any) -> Draft:
    known = {"type": "expense", "date": date(2026, 1, 15), "amount": Decimal(5), "account_id": ACCOUNT}
    return Draft(**{**known, **fields})


def holding(found: Matcher, of: Draft, budget: Budget | None = None) -> list[int]:
    return list(found.holding(of, budget or Budget()))


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){12}$", "^(([a-z])+.)+[A-Z]([a-z])+$"])
@pytest.mark.parametrize("letter", ["a", "é", "🙂"])
def test_patterns_that_ruin_others_are_fast(pattern: str, letter: str) -> None:
    found = matcher(says("notes", "regex", pattern))
    began = time.process_time()
    holding(found, draft(notes=letter * 10_000 + "!"))
    assert time.process_time() - began < 20  # where one is ruined by it, it takes as good as for ever


@pytest.mark.parametrize(
    "pattern", ["(a{100}){100}", "((a{30}){30}){30}", "[\\pL]{900}", "(a", "\\1", "(?=a)", "a" * 40_000]
)
def test_patterns_that_are_none_or_too_large_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="RE2"):
        check_pattern(pattern)


def test_large_patterns_are_asked_last_and_cut_off_when_they_take_too_long() -> None:
    large = says("payee", "regex", r"(?:x\d{40}){3}|shop")
    of_tag = says("tag", "regex", r"(?:x\d{40}){3}|trip")
    found = matcher({"and": [large, says("amount", "less", "9")]}, says("payee", "contains", "shop"), {"not": of_tag})
    shop = draft(payee="Shop", tags=("trip",))
    assert holding(found, shop) == [0, 1]
    assert holding(found, draft()) == [2]
    budget = Budget(0.0)
    assert holding(found, shop, budget) == [1]
    assert budget.cut_off == {0, 2}
    assert holding(found, draft(amount=Decimal(10)), Budget()) == [2]
    assert found.may_hold(draft(amount=Decimal(10)))


def test_thousands_of_questions_are_answered_for_all_at_once() -> None:
    seconds = []
    for rules in (20, 1000):
        asked = [says("payee", "contains", f"shop {n} ltd") for n in range(rules)]
        found = matcher(*asked, says("amount", "greater", "4"))
        assert holding(found, draft(payee="The SHOP 7 Ltd")) == [7, rules]
        began = time.process_time()
        for n in range(1000):
            assert holding(found, draft(payee=f"The SHOP {n} Ltd")) == [*([n] if n < rules else []), rules]
        seconds.append(time.process_time() - began)
    assert seconds[1] < 15 * seconds[0] + 0.1  # one by one it would be fifty times as much


def test_another_process_gets_the_rules_and_compiles_them_itself() -> None:
    found = pickle.loads(pickle.dumps(matcher(says("payee", "equals", "Café"))))  # our own
    assert holding(found, draft(payee="CAFE")) == [0]
    assert not found.may_hold(draft(payee="Bar"))


def test_patterns_too_many_for_one_automaton_go_into_several() -> None:
    patterns = Patterns(memory=60_000)
    words = [f"{'ab' * 20}{n}x" for n in range(200)]
    for number, word in enumerate(words):
        patterns.add(word, number)
    patterns.close()
    hits: set[int] = set()
    patterns.find(words[7] + words[150], hits)
    assert hits == {7, 150}
    alone = Patterns(memory=100)
    alone.add("a" * 500, 0)
    with pytest.raises(re2.error):
        alone.close()


def test_of_many_books_the_matchers_used_last_are_kept() -> None:
    kept = Matchers(most=2)
    keys = [(uuid4(), "create", "v") for _ in range(3)]
    for key in keys[:2]:
        kept.keep(key, matcher())
    assert kept.get(keys[0]) is not None
    kept.keep(keys[2], matcher())
    assert (kept.get(keys[1]), kept.get(keys[0]) is None) == (None, False)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("  Corner\tCAFÉ ", "corner cafe"),
        ("Straße", "strasse"),
        ("\uff37\uff29\uff24\uff25", "wide"),
        ("Łódź Ærø Ħal", "lodz aero hal"),
        ("MRKT*4711", "mrkt*4711"),
        ("\u0301", ""),
        ("東京", "東京"),
    ],
)
def test_texts_are_folded(written: str, expected: str) -> None:
    assert folded(written) == expected


@pytest.mark.parametrize(
    ("amount", "percents", "exponent", "expected"),
    [
        ("10.00", ["33.33", "33.33", "33.34"], 2, ["3.33", "3.33", "3.34"]),
        ("0.03", ["50", "50"], 2, ["0.01", "0.02"]),
        ("0.01", ["50", "50"], 2, None),
        ("100", ["50", "50"], 0, ["50", "50"]),
        ("101", ["50", "50"], 0, ["50", "51"]),
        ("999999999999999.99", ["99.9999", "0.0001"], 2, ["999998999999999.99", "1000000000.00"]),
    ],
)
def test_shares_sum_to_the_amount(amount: str, percents: list[str], exponent: int, expected: list[str] | None) -> None:
    found = shared(Decimal(amount), [Decimal(p) for p in percents], exponent)
    assert found == (None if expected is None else [Decimal(part) for part in expected])
