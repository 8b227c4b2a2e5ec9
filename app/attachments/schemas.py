"""What attachments look like to a client."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

MediaType = Literal["application/pdf", "image/png", "image/jpeg"]


class AttachmentOut(BaseModel):
    """A file on a transaction."""

    id: UUID
    transaction_id: UUID
    file_name: str = Field(description="As it was given, cleaned and with a fitting ending.", examples=["receipt.pdf"])
    media_type: MediaType = Field(description="Found from the content.")
    size: int = Field(description="In bytes.", examples=[48213])
    sha256: str = Field(
        description="Of the content, in hexadecimal; it is the content's `ETag` too.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    revision: int
    created_at: datetime
