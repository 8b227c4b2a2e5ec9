"""What can be wrong about an import."""

from uuid import UUID

from app.core.database import constraint_means
from app.core.errors import ConflictError, FieldError, InvalidError, NotFoundError
from app.imports.csv import Question


class ImportNotFoundError(NotFoundError):
    code = "import_not_found"

    def __init__(self, import_id: UUID) -> None:
        super().__init__(f"There is no import {import_id}.")


constraint_means(
    "fk_imports_account", lambda: ImportStateError("The account was deleted while the file was being read.")
)


class ImportStateError(ConflictError):
    """The import has been committed, undone or is not committed yet."""

    code = "import_state"
    title = "The import is not in the right state"


class ImportEditedError(ConflictError):
    """Some of what came with the import was changed since."""

    code = "import_edited"
    title = "Imported transactions were changed since"


class ImportRowError(ConflictError):
    """A row of a preview that cannot be entered as the book is by now; `position` and `line` say which one."""

    code = "import_row_refused"
    title = "A row cannot be entered"


class UnreadableFileError(InvalidError):
    code = "unreadable_file"
    title = "The file cannot be read"

    def __init__(self, code: str, detail: str, field: str | None) -> None:
        super().__init__(FieldError(f"mapping.{field}" if field else "file", code, detail), detail)


class ImportMergedError(ConflictError):
    """Its rows are half of something that another statement has the other half of."""

    code = "import_merged"
    title = "Some of it was merged into transfers"


class MappingNeededError(InvalidError):
    """The file can be read in more than one way; the caller says which, nothing is guessed."""

    code = "mapping_needed"
    title = "The file alone does not say how to read it"

    def __init__(self, questions: list[Question]) -> None:
        answer = ", ".join(f'"{q.field}": "{q.options[0]}"' for q in questions)
        asked = " ".join(q.detail for q in questions)
        super().__init__(
            [FieldError(f"mapping.{q.field}", q.code, q.detail) for q in questions],
            f"{asked} Send the file again with a mapping such as {{{answer}}}.",
            questions=[
                {"field": f"mapping.{q.field}", "code": q.code, "detail": q.detail, "options": q.options}
                for q in questions
            ],
        )
