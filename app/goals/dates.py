"""When payments are due: by months from the first one, or by weeks."""

from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

PERIODS = (1, 2, 3, 4, 6, 12, 26, 52)
WEEKS = {26: 2, 52: 1}


def due(first: date, periods_per_year: int, number: int) -> date:
    """The due date of the payment with this number, 0 for the first one, negative before it.

    Months are counted from the first date each time: after 28 February comes 31 March where the first was a 31st.
    """
    weeks = WEEKS.get(periods_per_year)
    if weeks is not None:
        return first + timedelta(weeks=weeks * number)
    return first + relativedelta(months=12 // periods_per_year * number)


def passed(first: date, periods_per_year: int, day: date) -> int:
    """How many payments were due before a day."""
    if day <= first:
        return 0
    weeks = WEEKS.get(periods_per_year)
    if weeks is not None:
        number = (day - first).days // (7 * weeks)
    else:
        number = ((day.year - first.year) * 12 + day.month - first.month) // (12 // periods_per_year)
    return number + 1 if due(first, periods_per_year, number) < day else number


def months_between(first: date, last: date) -> int:
    """Whole months from one day to another; 0 where the second is not later."""
    gap = relativedelta(last, first)
    return max(0, gap.years * 12 + gap.months)
