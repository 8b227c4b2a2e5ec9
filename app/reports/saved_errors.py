"""What can be wrong about saved reports."""

from uuid import UUID

from app.core.database import constraint_means
from app.core.errors import ConflictError, NotFoundError


class SavedReportNotFoundError(NotFoundError):
    code = "saved_report_not_found"

    def __init__(self, report_id: UUID) -> None:
        super().__init__(f"There is no saved report {report_id}.")


class IdTakenError(ConflictError):
    code = "id_taken"
    title = "This id is taken"


constraint_means("pk_saved_reports", lambda: IdTakenError("A saved report with this id exists."))
