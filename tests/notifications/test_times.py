"""When mail leaves: wall-clock times where clocks go forward, go back, and stay."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from app.notifications import preferences
from app.notifications.notices import Kind
from app.notifications.preferences import Preferences
from app.notifications.times import after_quiet, instant_of, next_at

BERLIN = ZoneInfo("Europe/Berlin")  # forward on 2026-03-29 at 02:00, back on 2026-10-25 at 03:00
AUCKLAND = ZoneInfo("Pacific/Auckland")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # by half an hour: forward on 2026-10-04 at 02:00


def utc(day: str, at: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{at}").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "at", "wanted"),
    [
        (BERLIN, "2026-07-01", "07:00", utc("2026-07-01", "05:00")),
        (BERLIN, "2026-03-29", "02:30", utc("2026-03-29", "01:00")),  # there is none: when 03:00 begins
        (BERLIN, "2026-03-29", "02:00", utc("2026-03-29", "01:00")),
        (BERLIN, "2026-10-25", "02:30", utc("2026-10-25", "00:30")),  # the first of two
        (LORD_HOWE, "2026-10-04", "02:15", utc("2026-10-03", "15:30")),
        (AUCKLAND, "2026-01-01", "07:00", utc("2025-12-31", "18:00")),
    ],
)
def test_a_wall_clock_time_is_one_instant(zone: ZoneInfo, day: str, at: str, wanted: datetime) -> None:
    assert instant_of(date.fromisoformat(day), time.fromisoformat(at), zone) == wanted


@pytest.mark.parametrize(
    ("after", "hour", "weekday", "wanted"),
    [
        (utc("2026-07-01", "04:59"), 7, None, utc("2026-07-01", "05:00")),
        (utc("2026-07-01", "05:00"), 7, None, utc("2026-07-01", "05:00")),
        (utc("2026-07-01", "05:01"), 7, None, utc("2026-07-02", "05:00")),
        (utc("2026-07-01", "05:00"), 7, 0, utc("2026-07-06", "05:00")),  # Wednesday, then Monday
        (utc("2026-03-28", "12:00"), 2, None, utc("2026-03-29", "01:00")),
        (utc("2026-03-29", "01:01"), 2, None, utc("2026-03-30", "00:00")),
        # 02:00 comes twice: between the two, the next digest is tomorrow's.
        (utc("2026-10-25", "00:00"), 2, None, utc("2026-10-25", "00:00")),
        (utc("2026-10-25", "00:30"), 2, None, utc("2026-10-26", "01:00")),
    ],
)
def test_the_next_digest(after: datetime, hour: int, weekday: int | None, wanted: datetime) -> None:
    assert next_at(after, hour, BERLIN, weekday) == wanted


def test_a_year_of_ticks_has_one_digest_a_day_whatever_the_clocks_do() -> None:
    for hour in (1, 2, 3):
        at, days = utc("2026-01-01", "12:00"), []
        for _ in range(365):
            at = next_at(at, hour, BERLIN)
            days.append(at.astimezone(BERLIN).date())
            at = at.replace(microsecond=1)
        assert len(set(days)) == 365


@pytest.mark.parametrize(
    ("instant", "first", "last", "wanted"),
    [
        (utc("2026-07-01", "19:59"), "22:00", "07:00", utc("2026-07-01", "19:59")),
        (utc("2026-07-01", "20:00"), "22:00", "07:00", utc("2026-07-02", "05:00")),
        (utc("2026-07-01", "23:00"), "22:00", "07:00", utc("2026-07-02", "05:00")),
        (utc("2026-07-02", "05:00"), "22:00", "07:00", utc("2026-07-02", "05:00")),
        (utc("2026-07-01", "11:00"), "12:00", "14:00", utc("2026-07-01", "12:00")),
        (utc("2026-07-01", "12:00"), "12:00", "14:00", utc("2026-07-01", "12:00")),
        (utc("2026-03-28", "23:00"), "22:00", "02:30", utc("2026-03-29", "01:00")),  # until 02:30, which is not
        (utc("2026-10-25", "00:10"), "22:00", "02:30", utc("2026-10-25", "00:30")),
        (utc("2026-10-25", "01:10"), "22:00", "02:30", utc("2026-10-25", "01:30")),  # 02:10 for the second time
    ],
)
def test_quiet_hours(instant: datetime, first: str, last: str, wanted: datetime) -> None:
    assert after_quiet(instant, time.fromisoformat(first), time.fromisoformat(last), BERLIN) == wanted
    assert after_quiet(instant, None, None, BERLIN) == instant


def test_a_digest_in_quiet_hours_waits_for_their_end() -> None:
    chosen = Preferences.model_validate(
        {"quiet_hours": {"from": "22:00", "to": "09:30"}, "channels": {"bill_due": "weekly", "goal_reached": "off"}}
    )
    told = utc("2026-07-01", "12:00")
    assert chosen.due(Kind.BILL_OVERDUE, told, BERLIN) == told
    assert chosen.due(Kind.PRICE_CHANGED, told, BERLIN) == utc("2026-07-02", "07:30")
    assert chosen.due(Kind.BILL_DUE, told, BERLIN) == utc("2026-07-06", "07:30")
    assert chosen.due(Kind.GOAL_REACHED, told, BERLIN) is None
    assert chosen.report_due(told, BERLIN) == utc("2026-07-06", "07:30")


def test_what_is_stored_reads_back_and_kinds_that_are_no_more_are_passed_over() -> None:
    chosen = Preferences.model_validate({"quiet_hours": {"from": "22:00", "to": "07:00"}, "budget_thresholds": ["90"]})
    assert preferences.of(chosen.document()) == chosen
    assert preferences.of(None) == preferences.of({}) == Preferences()
    stored = {"channels": {"a_former_kind": "daily", "bill_due": "off"}}
    assert preferences.of(stored).channels == {**Preferences().channels, Kind.BILL_DUE: "off"}
