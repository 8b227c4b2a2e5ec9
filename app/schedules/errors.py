"""What can be wrong about schedules and occurrences, and which constraint of the database stands behind it."""

from datetime import date
from uuid import UUID

from app.core.database import constraint_means
from app.core.errors import ConflictError, IdTakenError, NotFoundError


class ScheduleNotFoundError(NotFoundError):
    code = "schedule_not_found"

    def __init__(self, schedule_id: UUID) -> None:
        super().__init__(f"There is no schedule {schedule_id}.")


class OccurrenceNotFoundError(NotFoundError):
    code = "occurrence_not_found"

    def __init__(self, due_on: date) -> None:
        super().__init__(f"The schedule has no occurrence that is due on {due_on}.")


class TooManySchedulesError(ConflictError):
    code = "too_many_schedules"
    title = "The book has too many schedules"


class ScheduleArchivedError(ConflictError):
    code = "schedule_archived"
    title = "The schedule is archived"

    def __init__(self) -> None:
        super().__init__('The schedule is archived: restore it first with PATCH {"archived": false}.')


class OccurrenceSettledError(ConflictError):
    """A transaction stands for it."""

    code = "occurrence_settled"
    title = "It was posted already"

    def __init__(self, transaction_id: UUID | None) -> None:
        super().__init__(
            f"Transaction {transaction_id} stands for this occurrence: change or delete that.",
            transaction_id=str(transaction_id),
        )


class OccurrenceSkippedError(ConflictError):
    code = "occurrence_skipped"
    title = "It was skipped"

    def __init__(self) -> None:
        super().__init__("This occurrence is skipped; take it back with /unskip first.")


class NotSkippedError(ConflictError):
    code = "occurrence_not_skipped"
    title = "It was not skipped"

    def __init__(self) -> None:
        super().__init__("This occurrence is not skipped.")


class FollowingSettledError(ConflictError):
    """Occurrences that would be another schedule's have transactions by now."""

    code = "following_settled"
    title = "A following one was posted already"


class UsedByScheduleError(ConflictError):
    code = "used_by_schedule"
    title = "A schedule uses it"

    def __init__(self) -> None:
        super().__init__("A schedule uses it: have the schedule use another one, or delete the schedule, first.")


constraint_means("pk_schedules", lambda: IdTakenError("A schedule with this id exists."))
for constraint in ("fk_schedules_account", "fk_schedules_to_account", "fk_schedules_category"):
    constraint_means(constraint, UsedByScheduleError)
