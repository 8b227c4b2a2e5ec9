"""What can be wrong about a bill and its payment."""

from datetime import date
from uuid import UUID

from app.core.errors import ConflictError, NotFoundError


class BillNotFoundError(NotFoundError):
    code = "bill_not_found"

    def __init__(self, schedule_id: UUID) -> None:
        super().__init__(f"There is no bill {schedule_id}; another kind of schedule is posted or confirmed.")


class BillOccurrenceNotFoundError(NotFoundError):
    code = "occurrence_not_found"

    def __init__(self, due_on: date) -> None:
        super().__init__(
            f"Nothing of it is due on {due_on}: it is no day of its rule, or lies before the bill's `active_from`."
        )


class BillNotOpenError(ConflictError):
    """It is paid already, or left out."""

    code = "bill_not_open"
    title = "The bill is not open"


class BillNotPaidError(ConflictError):
    """There is no payment to take away."""

    code = "bill_not_paid"
    title = "The bill has no payment"


class PaymentTakenError(ConflictError):
    """One transaction pays one bill."""

    code = "payment_taken"
    title = "The transaction pays another bill"


class PaymentMismatchError(ConflictError):
    """Money in does not pay what goes out, nor one account what is another's: not everybody may see both."""

    code = "payment_mismatch"
    title = "The transaction cannot pay this bill"
