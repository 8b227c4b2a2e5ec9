"""Column types that many tables share."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import BigInteger, Date, ForeignKey, Integer, LargeBinary, Numeric, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import mapped_column

Instant = Annotated[datetime, mapped_column(TIMESTAMP(timezone=True))]
NowByDefault = Annotated[datetime, mapped_column(TIMESTAMP(timezone=True), server_default=text("now()"))]
GivenId = Annotated[UUID, mapped_column(Uuid, primary_key=True, server_default=text("uuidv7()"))]
BookId = Annotated[UUID, mapped_column(Uuid, ForeignKey("books.id", ondelete="CASCADE"), primary_key=True)]
PlainId = Annotated[UUID, mapped_column(Uuid)]
Words = Annotated[str, mapped_column(Text)]
Exact = Annotated[Decimal, mapped_column(Numeric)]
CivilDate = Annotated[date, mapped_column(Date)]
Revision = Annotated[int, mapped_column(BigInteger)]
Whole = Annotated[int, mapped_column(Integer)]
Bytes = Annotated[bytes, mapped_column(LargeBinary)]
Document = Annotated[dict[str, Any], mapped_column(JSONB)]
