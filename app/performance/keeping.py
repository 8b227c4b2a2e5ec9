"""What an answer about a portfolio depends on, so that it can be kept and found again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Any

from anyio import to_thread
from pydantic import BaseModel
from sqlalchemy import Text, Uuid, bindparam, text

from app.access.context import Actor, BookReader
from app.core.errors import NotFoundError
from app.core.kept_answers import KeptAnswers

# A book that was deleted and is back may reach a revision again that it had before, but never at the same instant.
# Versions only grow, so no change hides in the sum of them.
_STATE = text(
    """
    SELECT CAST(b.updated_at AS text) AS changed_at, current_setting('app.hidden_accounts', true) AS hidden,
           (SELECT sum(v.version) FROM assets a
            JOIN quote_versions v ON v.provider = a.provider AND v.symbol = a.provider_symbol
            WHERE a.book_id = :book) AS quotes,
           (SELECT sum(v.version) FROM rate_versions v) AS rates,
           (SELECT c.exponent FROM currencies c WHERE c.code = :currency) AS exponent
    FROM books b WHERE b.id = :book
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("currency", type_=Text))


async def key_of(book: BookReader, today: date, currency: str | None, *parts: str) -> str:
    """A text that is another one as soon as the same question can have another answer.

    It holds the book and its revision, which accounts this member does not see, the quotes of the book's assets, the
    rates, the decimals of a `currency`, and `today`, the day where the member lives. `parts` are the question. It is
    read before what the answer is made of: one that a change came into is kept by a key that nobody asks for any more.
    """
    state = (await book.connection.execute(_STATE, {"book": book.book_id, "currency": currency})).one_or_none()
    if state is None:
        raise NotFoundError("This book was deleted a moment ago.")
    known = (book.book_id, book.revision, *state, today, *parts)
    return blake2b(repr(tuple(map(str, known))).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class Door:
    """Answers a question from what is kept, or computes the answer and keeps it.

    One over which midnight passed is not kept: `today` is in its key, and where others live it is that day still.
    """

    kept: KeptAnswers
    key: str
    actor: Actor
    today: date

    async def answer(self, model: type[BaseModel], make: Callable[[], Awaitable[dict[str, Any]]]) -> bytes:
        """The JSON of what `make` says, as this model writes it: made and written only where it is not known."""
        body = self.kept.get(self.key)
        if body is None:
            body = await to_thread.run_sync(_written, model, await make())
            if self.actor.today() == self.today:
                self.kept.put(self.key, body)
        return body


def _written(model: type[BaseModel], document: dict[str, Any]) -> bytes:
    return model.model_validate(document).model_dump_json(by_alias=True).encode()
