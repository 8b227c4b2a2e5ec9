"""What can be wrong about an attachment."""

from uuid import UUID

from app.core.database import constraint_means
from app.core.errors import ConflictError, FieldError, InvalidError, NotFoundError, TooLargeError

TAKEN = "a PDF, a PNG or a JPEG, whole and unchanged"


class AttachmentNotFoundError(NotFoundError):
    code = "attachment_not_found"

    def __init__(self, attachment_id: UUID) -> None:
        super().__init__(f"There is no attachment {attachment_id}.")


class AttachmentExistsError(ConflictError):
    code = "attachment_exists"
    title = "The transaction has this file"

    def __init__(self, attachment_id: UUID | None = None) -> None:
        super().__init__("This transaction has this very file already.", attachment_id=attachment_id)


class TooManyAttachmentsError(ConflictError):
    code = "too_many_attachments"
    title = "The transaction has too many attachments"

    def __init__(self, most: int) -> None:
        super().__init__(f"A transaction has at most {most} attachments; remove one first.")


class FileGoneError(ConflictError):
    """What an undo would bring back has been removed for good."""

    code = "file_gone"
    title = "The file is gone"

    def __init__(self) -> None:
        super().__init__("The file of this attachment was removed for good: the time to undo is over.")


class UnsupportedMediaError(InvalidError):
    code = "unsupported_media"
    title = "A file of another kind"

    def __init__(self) -> None:
        super().__init__(FieldError("file", self.code, f"is not {TAKEN}; that is all that can be attached"))


class FileTooLargeError(TooLargeError):
    def __init__(self, most: int) -> None:
        super().__init__(f"The file is larger than the {most} bytes that an attachment may have.")


# Two ways to the same refusal: an undo may bring back what was attached again meanwhile.
constraint_means("uq_attachments_file", AttachmentExistsError)
constraint_means("fk_attachments_file", FileGoneError)
