"""What a member is told who does not see every account of the book, and what they may not do."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Date, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.context import BookReader
from app.core.database import constraint_means, state_means
from app.core.errors import ConflictError

REFUSED = "FT409"
"""The error class with which the database refuses to change a part of what is partly hidden."""
CLOSED_ACCOUNTS = """
    SELECT DISTINCT v.account_id FROM account_viewers v
    JOIN book_members m ON m.book_id = v.book_id
    WHERE v.book_id = :book
      AND NOT EXISTS (SELECT FROM account_viewers w
                      WHERE w.book_id = v.book_id AND w.account_id = v.account_id AND w.user_id = m.user_id)
"""
"""The accounts of `:book` that some member does not see."""

_ADOPT = text("SELECT adopt_names(:payees, :tags)").bindparams(
    bindparam("payees", type_=ARRAY(Text)), bindparam("tags", type_=ARRAY(Text))
)
_ADOPT_OF_IMPORT = text(
    """
    SELECT adopt_names(
        ARRAY(SELECT DISTINCT r.payee FROM import_rows r
              WHERE r.book_id = :book AND r.import_id = :import AND r.payee IS NOT NULL),
        ARRAY(SELECT DISTINCT tag.name FROM import_rows r
              CROSS JOIN LATERAL jsonb_array_elements_text(r.document -> 'tags') AS tag(name)
              WHERE r.book_id = :book AND r.import_id = :import))
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("import", type_=Uuid))
_TAKEN = text("SELECT are_names_taken(:payees, :tags)").bindparams(
    bindparam("payees", type_=ARRAY(Text)), bindparam("tags", type_=ARRAY(Text))
)
_IS_PARTIAL = text("SELECT :id IN (SELECT partial_transactions())").bindparams(bindparam("id", type_=Uuid))
_IS_PRIVATE = text("SELECT is_private_revision(:revision)").bindparams(bindparam("revision", type_=BigInteger))
_IS_PRIVATE_IMPORT = text("SELECT is_private_import(:import)").bindparams(bindparam("import", type_=Uuid))
_HAS_TO_SEAL = text("SELECT has_private_to_seal(:account, :until)").bindparams(
    bindparam("account", type_=Uuid), bindparam("until", type_=Date)
)
_HOLDS_ALONE = text("SELECT holds_alone(:book, :user)").bindparams(
    bindparam("book", type_=Uuid), bindparam("user", type_=Uuid)
)
_HIDE = text("SELECT set_config('app.hidden_accounts', :hidden, true), set_config('search_path', :path, true)")
_IS_HIDDEN = text("SELECT current_setting('app.hidden_accounts')")


class PrivateOtherSideError(ConflictError):
    """It belongs to an account, too, that this member does not see; nothing more is said of it."""

    code = "private_other_side"
    title = "A part of it is private"

    def __init__(self) -> None:
        super().__init__(
            "It is tied to a private account that you do not see. Only somebody who sees all of it can change it."
        )


class HoldsPrivateAccountsError(ConflictError):
    """For who would leave a book: an account would be left that nobody sees."""

    code = "holds_private_accounts"
    title = "Nobody else sees some accounts"

    def __init__(self) -> None:
        super().__init__(
            "This member alone sees one or more private accounts of the book. They have to share or delete those first."
        )


state_means(REFUSED, PrivateOtherSideError)
constraint_means("ck_book_members_private_accounts", HoldsPrivateAccountsError)
# What nothing in sight uses may still be in use. (That a purchase has refunds is told by an error of its own.)
for constraint in (
    "fk_transactions_account",
    "fk_transactions_payee",
    "fk_transactions_reconciliation",
    "fk_transaction_tags_tag",
    "fk_postings_account",
    "fk_postings_category",
    "fk_payees_default_category",
    "fk_payee_aliases_payee",
    "fk_attachments_transaction",
    "fk_postings_transaction",
):
    constraint_means(constraint, PrivateOtherSideError)


def check_whole(document: dict[str, Any]) -> None:
    """Raise `PrivateOtherSideError` for a transaction with a side that this member does not see."""
    if document["other_side_private"]:
        raise PrivateOtherSideError


async def check_transaction_is_whole(book: BookReader, transaction_id: UUID) -> None:
    """The same for one that was not read."""
    if book.hides and await book.connection.scalar(_IS_PARTIAL, {"id": transaction_id}):
        raise PrivateOtherSideError


async def adopt_names(book: BookReader, payees: Collection[str], tags: Collection[str] = ()) -> None:
    """Have payees and tags that came with hidden accounts be everybody's, where this member names them exactly.

    Raises `PrivateOtherSideError` for another name of a hidden payee.
    """
    if book.hides and (payees or tags):
        await book.connection.execute(_ADOPT, {"payees": list(payees), "tags": list(tags)})


async def adopt_names_of_import(book: BookReader, import_id: UUID) -> None:
    """The same for what the rows of an import name."""
    if book.hides:
        await book.connection.execute(_ADOPT_OF_IMPORT, {"book": book.book_id, "import": import_id})


async def are_names_taken(book: BookReader, *, payees: Collection[str] = (), tags: Collection[str] = ()) -> bool:
    """Whether a name means a payee or tag that came with hidden accounts."""
    if not book.hides:
        return False
    return bool(await book.connection.scalar(_TAKEN, {"payees": list(payees), "tags": list(tags)}))


async def check_revision_is_whole(book: BookReader, revision: int) -> None:
    """Raise `PrivateOtherSideError` where the revision touched anything that is or was hidden from this member."""
    if book.hides and await book.connection.scalar(_IS_PRIVATE, {"revision": revision}):
        raise PrivateOtherSideError


async def check_import_is_whole(book: BookReader, import_id: UUID) -> None:
    """Raise `PrivateOtherSideError` where the import brought something that is or was hidden from this member."""
    if book.hides and await book.connection.scalar(_IS_PRIVATE_IMPORT, {"import": import_id}):
        raise PrivateOtherSideError


async def check_sealable(book: BookReader, account_id: UUID, until: Any) -> None:
    """Raise `PrivateOtherSideError` where a statement up to a day covers transactions with a hidden side."""
    if book.hides and await book.connection.scalar(_HAS_TO_SEAL, {"account": account_id, "until": until}):
        raise PrivateOtherSideError


async def check_leaves_none_alone(connection: AsyncConnection, book_id: UUID, user_id: UUID) -> None:
    """Raise `HoldsPrivateAccountsError` for a member who must not leave the book yet."""
    if await holds_alone(connection, book_id, user_id):
        raise HoldsPrivateAccountsError


async def holds_alone(connection: AsyncConnection, book_id: UUID, user_id: UUID) -> bool:
    """Whether a member is the only one who sees some account of the book."""
    return bool(await connection.scalar(_HOLDS_ALONE, {"book": book_id, "user": user_id}))


@asynccontextmanager
async def seeing_all(book: BookReader) -> AsyncIterator[None]:
    """Lift what is hidden from this member, for statements of which they are told nothing that is hidden.

    An error in the block ends the transaction, and this with it.
    """
    hidden = await book.connection.scalar(_IS_HIDDEN) if book.hides else ""
    if hidden:
        await book.connection.execute(_HIDE, {"hidden": "", "path": "public"})
    yield
    if hidden:
        await book.connection.execute(_HIDE, {"hidden": hidden, "path": "partly, public"})
