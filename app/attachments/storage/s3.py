"""Objects in a bucket of S3 or of anything that speaks like it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import BinaryIO

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import S3Store

from app.attachments.storage.base import (
    CHUNK_BYTES,
    Content,
    ObjectKey,
    ObjectMissingError,
    StoredObject,
    StoreUnavailableError,
)
from app.core.config import Settings

PART_BYTES = 5 * 1024 * 1024
"""The smallest part that S3 takes; two of them are in memory at most while an object is written."""

log = structlog.get_logger("finance.attachments")


class S3ObjectStore:
    """`<prefix>/<book>/<sha256>` in the bucket of the settings."""

    def __init__(self, settings: Settings) -> None:
        endpoint = settings.s3_endpoint_url
        given = {
            "endpoint": endpoint,
            "access_key_id": settings.s3_access_key_id,
            "secret_access_key": settings.s3_secret_access_key,
        }
        self._store = S3Store(
            settings.s3_bucket,
            prefix=settings.s3_prefix,
            region=settings.s3_region,
            # Other servers than Amazon's have seldom a host name for each bucket.
            virtual_hosted_style_request=endpoint is None,
            client_options={
                "allow_http": endpoint is not None and endpoint.startswith("http://"),
                "connect_timeout": "5s",
                "timeout": "60s",
            },
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=30)},
            **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]  # strings
        )

    async def put(self, key: ObjectKey, source: BinaryIO) -> None:
        with _told():
            await obstore.put_async(self._store, str(key), source, chunk_size=PART_BYTES, max_concurrency=2)

    async def open(self, key: ObjectKey, start: int = 0, stop: int | None = None) -> Content:
        with _told():
            if stop is not None:
                found = await obstore.get_async(self._store, str(key), options={"range": (start, stop)})
            elif start:
                found = await obstore.get_async(self._store, str(key), options={"range": {"offset": start}})
            else:
                found = await obstore.get_async(self._store, str(key))
        return _BucketContent(found)

    async def exists(self, key: ObjectKey) -> bool:
        try:
            with _told():
                await obstore.head_async(self._store, str(key))
        except ObjectMissingError:
            return False
        return True

    async def delete(self, key: ObjectKey) -> None:
        try:
            with _told():
                await obstore.delete_async(self._store, str(key))
        except ObjectMissingError:
            return

    async def every(self) -> AsyncIterator[list[StoredObject]]:
        with _told():
            async for some in obstore.list(self._store, chunk_size=1000):
                keys = [(ObjectKey.parse(item["path"]), item["last_modified"]) for item in some]
                yield [StoredObject(key, modified) for key, modified in keys if key is not None]

    async def tidy(self, before: datetime) -> int:  # noqa: ARG002
        """Nothing: parts of uploads that never ended are for a lifecycle rule of the bucket."""
        return 0


class _BucketContent:
    def __init__(self, found: "obstore.GetResult") -> None:
        self._found: obstore.GetResult | None = found

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._found is not None:
            with _told():
                async for chunk in self._found.stream(min_chunk_size=CHUNK_BYTES):
                    yield bytes(chunk)

    async def aclose(self) -> None:
        self._found = None  # the connection goes with it


@contextmanager
def _told() -> Iterator[None]:
    """Turn what the library raises into our own; its words may hold keys and are for the log alone."""
    try:
        yield
    except FileNotFoundError:
        raise ObjectMissingError from None
    except (BaseError, OSError) as error:
        log.warning("attachments_bucket_failed", error=str(error).split("\n", 1)[0])
        raise StoreUnavailableError from error
