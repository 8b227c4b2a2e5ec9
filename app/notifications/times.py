"""When mail leaves: wall-clock times of a person's zone as instants, each once, whatever the clocks there do."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def instant_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which clocks of the zone show this time.

    The first of the two where clocks go back over it. Where they go forward over it, the instant at which they do:
    02:30 that does not exist is when 03:00 begins.
    """
    local = datetime.combine(day, at, zone)
    first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return first
    # In the gap the offset before it is that of fold 0, and the change lies between the two instants.
    before, instant = local.utcoffset(), second
    while instant.astimezone(zone).utcoffset() == before:
        instant += MINUTE
    return instant.replace(second=0, microsecond=0)


def next_at(after: datetime, hour: int, zone: ZoneInfo, weekday: int | None = None) -> datetime:
    """The first instant not before `after` at which a full hour begins, on any day or on one (0 is Monday).

    A digest at an hour that happens twice is due at the first of them alone.
    """
    day = after.astimezone(zone).date()
    while True:
        if weekday is None or day.weekday() == weekday:
            instant = instant_of(day, time(hour), zone)
            if instant >= after:
                return instant
        day += DAY


def after_quiet(instant: datetime, first: time | None, last: time | None, zone: ZoneInfo) -> datetime:
    """The instant itself, or the end of the quiet hours it lies in; they go from `first` to before `last`.

    They may go over midnight: from 22:00 to 07:00. Without both times there are none.
    """
    if first is None or last is None:
        return instant
    local = instant.astimezone(zone)
    at = local.time().replace(tzinfo=None)
    if not (first <= at < last if first < last else at >= first or at < last):
        return instant
    day = local.date() + (DAY if at >= last else timedelta(0))
    end = instant_of(day, last, zone)
    if end <= instant:  # clocks went back over the end: it comes once more
        end = datetime.combine(day, last, zone).replace(fold=1).astimezone(UTC)
    return end
