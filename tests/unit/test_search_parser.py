"""What is read out of a search, without a database."""
# ruff: noqa: FBT003  # in a table of terms, places say it shorter than names

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.transactions.search.errors import SearchError
from app.transactions.search.parser import KEYS, MAX_TERMS, parse
from app.transactions.search.terms import AmountTerm, DateTerm, NameTerm, Term, TextTerm, ValueTerm

READ: list[tuple[str, list[Term]]] = [
    ("", []),
    (" \t\n\u00a0 ", []),
    ("coffee", [TextTerm(1, False, "coffee", False)]),
    ("  Café  Öl ", [TextTerm(3, False, "Café", False), TextTerm(9, False, "Öl", False)]),
    ("-coffee", [TextTerm(1, True, "coffee", False)]),
    ("--coffee", [TextTerm(1, True, "-coffee", False)]),
    ("9-to-5 O'Brien real_food", [
        TextTerm(1, False, "9-to-5", False),
        TextTerm(8, False, "O'Brien", False),
        TextTerm(16, False, "real_food", False),
    ]),
    ('"corner cafe"', [TextTerm(1, False, "corner cafe", True)]),
    ('-"corner cafe"x', [TextTerm(1, True, "corner cafe", True), TextTerm(15, False, "x", False)]),
    ("“corner cafe” „so“", [TextTerm(1, False, "corner cafe", True), TextTerm(15, False, "so", True)]),
    ('55" screen', [TextTerm(1, False, '55"', False), TextTerm(5, False, "screen", False)]),
    ("12.50", [TextTerm(1, False, "12.50", False, Decimal("12.50"))]),
    ("12,50", [TextTerm(1, False, "12,50", False, Decimal("12.50"))]),
    ("-7", [TextTerm(1, True, "7", False, Decimal(7))]),
    ("1.234,56 1,234 ٣", [
        TextTerm(1, False, "1.234,56", False),
        TextTerm(10, False, "1,234", False),
        TextTerm(16, False, "٣", False),
    ]),
    (">100", [AmountTerm(1, False, Decimal(100), None, strict=True)]),
    (">=100", [AmountTerm(1, False, Decimal(100), None)]),
    ("<20,5", [AmountTerm(1, False, None, Decimal("20.5"), strict=True)]),
    ("-<=20", [AmountTerm(1, True, None, Decimal(20))]),
    ("10..20", [AmountTerm(1, False, Decimal(10), Decimal(20))]),
    ("10.. ..20", [AmountTerm(1, False, Decimal(10), None), AmountTerm(6, False, None, Decimal(20))]),
    ("a..b ...c", [TextTerm(1, False, "a..b", False), TextTerm(6, False, "...c", False)]),
    ("category:food", [NameTerm(10, False, "category", "food")]),
    ('-Category:"eating out"', [NameTerm(11, True, "category", "eating out")]),
    ("account:checking tag:holiday payee:lidl", [
        NameTerm(9, False, "account", "checking"),
        NameTerm(22, False, "tag", "holiday"),
        NameTerm(36, False, "payee", "lidl"),
    ]),
    ("tag:a:b", [NameTerm(5, False, "tag", "a:b")]),
    ("12:30", [TextTerm(1, False, "12:30", False)]),
    ("http://x.org/a?b=c", [TextTerm(1, False, "http://x.org/a?b=c", False)]),
    ("Re: std::sort é:x", [
        TextTerm(1, False, "Re:", False),
        TextTerm(5, False, "std::sort", False),
        TextTerm(15, False, "é:x", False),
    ]),
    ("before:2026-02-01", [DateTerm(8, False, None, date(2026, 1, 31))]),
    ("after:2026-01-31", [DateTerm(7, False, date(2026, 2, 1), None)]),
    ("after:2026-02", [DateTerm(7, False, date(2026, 3, 1), None)]),
    ("before:2026", [DateTerm(8, False, None, date(2025, 12, 31))]),
    ("after:2026", [DateTerm(7, False, date(2027, 1, 1), None)]),
    ("on:2024-02", [DateTerm(4, False, date(2024, 2, 1), date(2024, 2, 29))]),
    ("-on:2026-01-31", [DateTerm(5, True, date(2026, 1, 31), date(2026, 1, 31))]),
    ("on:2025", [DateTerm(4, False, date(2025, 1, 1), date(2025, 12, 31))]),
    ("type:Transfer", [ValueTerm(6, False, "type", "transfer")]),
    ("status:pending -is:cleared", [
        ValueTerm(8, False, "status", "pending"),
        ValueTerm(20, True, "status", "cleared"),
    ]),
    ("is:income is:uncategorized", [ValueTerm(4, False, "type", "income"), ValueTerm(14, False, "category", None)]),
]  # fmt: skip


@pytest.mark.parametrize(("written", "terms"), READ)
def test_reads(written: str, terms: list[Term]) -> None:
    assert list(parse(written)) == terms


WRONG: list[tuple[str, str, int]] = [
    ('coffee "corner cafe', "unclosed_quote", 8),
    ('category:"eating out', "unclosed_quote", 10),
    ('-"', "unclosed_quote", 2),
    ('a ""', "empty_value", 3),
    ('tag:" "', "empty_value", 5),
    ("category: food", "empty_value", 10),
    ("x before:", "empty_value", 10),
    ("lidl - berlin", "lone_minus", 6),
    ("-", "lone_minus", 1),
    ("coffee catgory:food", "unknown_key", 8),
    ("-note:x", "unknown_key", 1),
    ("a & b", "no_word", 3),
    ("🍕", "no_word", 1),
    ('"%"', "no_word", 1),
    ("tag:--", "no_word", 5),
    ("...", "no_word", 1),
    ("on:2026-13", "bad_date", 4),
    ("x on:2026-02-30", "bad_date", 6),
    ("on:yesterday", "bad_date", 4),
    ("on:2026-1", "bad_date", 4),
    ("before:1899", "bad_date", 8),
    ("after:9999", "bad_date", 7),
    ("on:0000", "bad_date", 4),
    ("on:٢٠٢٦", "bad_date", 4),
    (">", "bad_number", 2),
    ("x >=", "bad_number", 5),
    (">-5", "bad_number", 2),
    (">1,000", "bad_number", 2),
    (">1e3", "bad_number", 2),
    ("<NaN", "bad_number", 2),
    ("<٣", "bad_number", 2),
    (">1234567890123456", "bad_number", 2),
    ("<=0.1234567890123456789", "bad_number", 3),
    ("10..x", "bad_number", 5),
    ("1.2.3..5", "bad_number", 1),
    ("20..10", "empty_range", 1),
    ("type:gift", "unknown_value", 6),
    ("status:income", "unknown_value", 8),
    ("is:open", "unknown_value", 4),
    ("a\x00b", "nul_character", 2),
    ("a " * MAX_TERMS + "b", "too_many_terms", 2 * MAX_TERMS + 1),
]


@pytest.mark.parametrize(("written", "code", "position"), WRONG)
def test_refuses_and_says_where(written: str, code: str, position: int) -> None:
    with pytest.raises(SearchError) as refused:
        parse(written)
    (error,) = refused.value.errors
    assert (error.field, error.code, refused.value.position) == ("query.q", code, position)
    assert f"at character {position}: " in refused.value.detail


def test_an_unknown_key_names_those_there_are() -> None:
    with pytest.raises(SearchError) as refused:
        parse("catgory:food")
    assert all(f"{key}:" in refused.value.detail for key in KEYS)


def test_an_error_can_be_about_another_field() -> None:
    with pytest.raises(SearchError) as refused:
        parse("x -")
    moved = refused.value.about("filter.q")
    assert (moved.errors[0].field, moved.position) == ("filter.q", 3)


PIECES = st.lists(
    st.sampled_from(
        ["-", '"', "“", ":", "..", ">", "<=", " ", "\t", "é", "ß", "寿", "a", "12.50", "1,5", "2026-01", "%", "\x00"]
        + [f"{key}:" for key in (*KEYS, "nope", "http")]
    ),
    max_size=30,
).map("".join)


@given(st.one_of(st.text(max_size=200), PIECES))
@example("-")
@example('"')
def test_every_text_is_read_or_refused_with_a_place_in_it(written: str) -> None:
    try:
        terms = parse(written)
    except SearchError as error:
        place = error.position
        terms = ()
    else:
        place = 1
        assert bool(terms) == bool(written.strip())
    assert 1 <= place <= len(written) + 1
    assert len(terms) <= MAX_TERMS
    positions = [term.position for term in terms]
    assert positions == sorted(set(positions))
    assert all(1 <= position <= len(written) for position in positions)


WORD = st.from_regex(r"[a-zA-Zéßøж寿][a-zA-Z0-9éßøж寿]{0,8}", fullmatch=True)


@given(st.lists(st.tuples(st.booleans(), WORD, st.booleans()), min_size=1, max_size=MAX_TERMS))
def test_words_and_phrases_come_back_as_they_were_written(parts: list[tuple[bool, str, bool]]) -> None:
    written = " ".join(
        f"{'-' * negated}{f'{chr(34)}{word}{chr(34)}' if whole else word}" for negated, word, whole in parts
    )
    read = [(term.negated, term.text, term.whole) for term in parse(written) if isinstance(term, TextTerm)]
    assert read == parts


@given(
    st.decimals(min_value=0, max_value=10**15 - 1, places=2, allow_nan=False),
    st.decimals(min_value=0, max_value=10**15 - 1, places=2, allow_nan=False),
)
def test_amounts_keep_their_digits(one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    assert parse(f"{low:f}..{high:f} >{low:f} {high:f}") == (
        AmountTerm(1, False, low, high),
        AmountTerm(len(f"{low:f}..{high:f}") + 2, False, low, None, strict=True),
        TextTerm(len(f"{low:f}..{high:f} >{low:f}") + 2, False, f"{high:f}", False, high),
    )
