"""The assets of a book, as the readers of files know them: apart from the database, for another process."""

from typing import NamedTuple
from uuid import UUID

from app.core.database import AnyRow


class KnownAsset(NamedTuple):
    """An asset of the book."""

    id: UUID
    symbol: str
    name: str
    type: str
    currency: str
    isin: str | None
    archived: bool


def known(row: AnyRow) -> KnownAsset:
    """Of a row of `assets.batch.every`."""
    return KnownAsset(*(getattr(row, name) for name in KnownAsset._fields))
