"""What can be wrong about a search."""

from app.core.errors import FieldError, InvalidError

FIELD = "query.q"


class SearchError(InvalidError):
    """A search that cannot be understood: `position` is the character, counted from 1, at which it goes wrong."""

    def __init__(self, code: str, position: int, what: str, *, field: str = FIELD) -> None:
        self.code_of_field = code
        self.position = position
        self.what = what
        super().__init__(FieldError(field, code, f"at character {position}: {what}"), position=position)

    def about(self, field: str) -> "SearchError":
        """The same, of a search that came in another place than the query of a list."""
        return SearchError(self.code_of_field, self.position, self.what, field=field)
