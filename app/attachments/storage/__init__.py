"""Where the contents of attachments are kept: a folder, or a bucket of an S3-compatible service.

Objects are named by book and content, so nothing that a person typed ever becomes part of a path, and writing an object
that is there writes the same bytes again.
"""

from app.attachments.storage.base import (
    CHUNK_BYTES,
    Content,
    ObjectKey,
    ObjectMissingError,
    Store,
    StoredObject,
    StoreUnavailableError,
)
from app.attachments.storage.choice import make_store

__all__ = [
    "CHUNK_BYTES",
    "Content",
    "ObjectKey",
    "ObjectMissingError",
    "Store",
    "StoreUnavailableError",
    "StoredObject",
    "make_store",
]
