"""Every task that a worker runs: those of each domain."""

from app.assets.tasks import TASKS as ASSETS
from app.core.jobs.tasks import Task
from app.goals.tasks import TASKS as GOALS
from app.notifications.tasks import TASKS as NOTIFICATIONS
from app.performance.tasks import TASKS as PERFORMANCE
from app.rates.tasks import TASKS as RATES
from app.reports.tasks import TASKS as REPORTS
from app.schedules.bills_tasks import TASKS as BILLS
from app.schedules.tasks import TASKS as SCHEDULES
from app.subscriptions.tasks import TASKS as SUBSCRIPTIONS
from app.system.tasks import TASKS as SYSTEM
from app.weekly.tasks import TASKS as WEEKLY

TASKS: tuple[Task, ...] = (
    *(*SYSTEM, *ASSETS, *RATES, *SCHEDULES, *BILLS, *SUBSCRIPTIONS),
    *(*GOALS, *PERFORMANCE, *NOTIFICATIONS, *REPORTS, *WEEKLY),
)
