"""The currencies the ledger knows."""

from sqlalchemy import SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import Words
from app.core.database import Base


class Currency(Base):
    """A currency; `exponent` is how many decimals its smallest unit has."""

    __tablename__ = "currencies"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[Words]
    exponent: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[Words]
