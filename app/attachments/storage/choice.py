"""Which store the settings ask for."""

from app.attachments.storage.base import Store
from app.attachments.storage.folder import FolderStore
from app.core.config import AttachmentsStore, Settings

FOLDER = "attachments"


def make_store(settings: Settings) -> Store:
    """The store of these settings; nothing is touched or asked before its first use."""
    if settings.attachments_store is AttachmentsStore.FOLDER:
        return FolderStore(settings.data_dir.expanduser() / FOLDER)
    from app.attachments.storage.s3 import S3ObjectStore  # noqa: PLC0415 - a folder needs nothing of it

    return S3ObjectStore(settings)
