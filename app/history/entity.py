"""How the images of one kind of row in the event log become rows again."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Entity:
    """How the images of one kind of row in the event log become rows again."""

    table: str
    columns: dict[str, str]
    """The row's own columns with their types, as the image has them."""
    kept: dict[str, str] = field(default_factory=dict)
    """What a new row needs besides, as SQL over the image's record `r`."""
    revision: bool = True
    updated_at: bool = True
    created_at: bool = True
    key: str = "id"
    own_book: bool = False
    """Whether the row is the book itself, whose key is its id alone."""
    may_go: bool = False
    """Whether the row may be gone without that being a change of the ledger; then there is nothing to put back."""

    @property
    def record(self) -> str:
        return ", ".join(f"{name} {kind}" for name, kind in self.columns.items())

    @property
    def where(self) -> str:
        return "t.id = :book" if self.own_book else "t.book_id = :book AND t.id = w.id"

    def value(self, name: str) -> str:
        return f"decode(r.{name}, 'hex')" if name == "sha256" else f"r.{name}"
