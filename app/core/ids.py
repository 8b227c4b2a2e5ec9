"""Identifiers: UUIDv7, so that rows of one time lie side by side in an index."""

from uuid import UUID

import uuid6


def new_id() -> UUID:
    """A fresh UUIDv7, the same kind the database's `uuidv7()` makes."""
    return UUID(int=uuid6.uuid7().int)
