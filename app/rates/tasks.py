"""What is done about rates by the clock and after the answer."""

from app.core.jobs.tasks import Task
from app.rates.base_currency import CHANGE, change_book
from app.rates.change_ending import END, LOOK, end, look
from app.rates.gathering import FETCH, fetch
from app.rates.revaluing import REVALUE, revalue_book

# The European Central Bank publishes at about 16:00 in Frankfurt.
TASKS: tuple[Task, ...] = (
    Task(FETCH, fetch, every="20 16 * * *"),
    Task(REVALUE, revalue_book),
    Task(CHANGE, change_book, attempts=3),
    Task(END, end),
    Task(LOOK, look),
)
