"""Everything that somebody has, in one ZIP.

All of it is read under the request's own role at one state of the database: what a member may not see is not in it.
"""

from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

from anyio import to_thread

from app.access.context import BookReader, PersonSnapshot
from app.attachments import repository as attachments
from app.attachments.storage import ObjectKey, ObjectMissingError, Store
from app.books import service as books
from app.core.clock import now
from app.core.database import AnyRow
from app.exports.service import hledger_journal
from app.households import members
from app.leaving import repository
from app.leaving.archive import Archive, safe_name
from app.rendering.files import Export, finished, unfinished

PIECE = 1 << 18
PAGE = 20
"""Attachments between two statements: a transaction that says nothing for minutes is ended."""

# Told with their transactions, with the members, or computed from the rest.
ELSEWHERE = {"transactions", "postings", "transaction_tags", "book_members", "monthly_totals", "daily_totals"} | {
    "budget_references",
    "budget_alerts",
    "budget_carries",
    "revaluations",
    "payee_totals",
    "payee_category_totals",
    "tag_totals",
    "converted_currencies",
    "converted_spans",
    "converted_payee_totals",
}
NOT_TOLD = {"one_time_tokens"}
# Of tables about a person only these: a digest, a key or a secret is in none of them, whatever table comes later.
HARMLESS = {
    "id", "name", "label", "kind", "title", "body", "read_at", "dismissed_at", "mailed_at", "settings",
    "prefix", "scopes", "method", "issuer", "subject", "email", "user_agent", "address",
    "created_at", "changed_at", "confirmed_at", "enabled_at", "expires_at", "last_used_at", "last_address",
    "linked_at", "revoked_at", "revoked_because", "transports", "updated_at", "verified_at",
}  # fmt: skip

README = """Everything that {email} has in Finance Tracker, as it was at {at}.

profile.json            your account
audit.json              what administrators and security noted about you; addresses only of what you did yourself
sessions.json, ...      your log-ins, access tokens and what else lets you in, without the secrets themselves
books/<n> <name>/       each book that you are a member of, as far as you may see it
    book.json           the book and your role in it
    members.json        who shares it
    transactions.json   every transaction with its postings, tags and payee
    accounts.json, ...  every other table of the book, one file each; ids are those of the API
    events.json         who changed what and when, with what was before and after
    journal.hledger     the same transactions for hledger (https://hledger.org); POST /imports reads it back
    attachments/        receipts, named by their id and the name they came with; attachments.json tells of what

Each .json file is an array with one row a line. Amounts are decimal strings, dates are civil dates, instants are in
UTC, and digests are hexadecimal.
"""

Columns = dict[str, list[AnyRow]]


async def everything(person: PersonSnapshot, store: Store) -> Export:
    """The archive as a file that nobody else can see and that is gone when it is closed."""
    with unfinished() as file:
        archive = Archive(file)
        try:
            await _person(person, archive)
            of_book = _by_table(await repository.columns(person.actor.connection, "book_id"))
            mine = await books.of_user(person.actor.connection, person.actor.user_id)
            for number, row in enumerate(mine, 1):
                folder = f"books/{number:02} {safe_name(row.name)}"
                await _book(await person.open_book(row.id), of_book, archive, folder, store)
        finally:
            archive.close()
        return finished(file, f"finance-tracker-{now():%Y-%m-%d}.zip")


async def _person(person: PersonSnapshot, archive: Archive) -> None:
    connection, me = person.actor.connection, person.actor.user_id
    about = await repository.person(connection, me)
    await archive.text("README.txt", README.format(email=about.email, at=f"{now():%Y-%m-%d %H:%M} UTC"))
    await archive.rows("profile.json", repository.stream(connection, repository.PROFILE, me))
    await archive.rows("audit.json", repository.stream(connection, repository.AUDIT, me))
    for table, columns in _by_table(await repository.columns(connection, "user_id")).items():
        shown = [column for column in columns if column.name in HARMLESS]
        if shown and table not in NOT_TOLD and not any(column.name == "book_id" for column in columns):
            statement = repository.rows_of(table, "user_id", shown)
            await archive.rows(f"{table}.json", repository.stream(connection, statement, me))


async def _book(book: BookReader, tables: Columns, archive: Archive, folder: str, store: Store) -> None:
    connection = book.connection
    await archive.rows(f"{folder}/book.json", repository.stream(connection, repository.BOOK, book.book_id))
    await archive.rows(f"{folder}/members.json", repository.listed(await members.every(book)))
    await archive.rows(
        f"{folder}/transactions.json", repository.stream(connection, repository.TRANSACTIONS, book.book_id)
    )
    for table, columns in tables.items():
        if table not in ELSEWHERE:
            statement = repository.rows_of(table, "book_id", columns)
            await archive.rows(f"{folder}/{table}.json", repository.stream(connection, statement, book.book_id))
    journal = await hledger_journal(book)
    try:
        async with archive.entry(f"{folder}/journal.hledger") as write:
            while piece := await to_thread.run_sync(journal.file.read, PIECE):
                await write(piece)
    finally:
        journal.file.close()
    await _attachments(book, archive, f"{folder}/attachments", store)


async def _attachments(book: BookReader, archive: Archive, folder: str, store: Store) -> None:
    missing: list[str] = []
    after: UUID | None = None
    while rows := await attachments.everything(book.connection, book.book_id, after, PAGE):
        for row in rows:
            name = f"{row.id} {safe_name(row.file_name)}"
            try:
                content = await store.open(ObjectKey(book.book_id, row.sha256))
            except ObjectMissingError:
                missing.append(name)
                continue
            try:
                async with archive.entry(f"{folder}/{name}", packed=True) as write:
                    async for piece in content:
                        await write(piece)
            finally:
                await content.aclose()
        after = rows[-1].id
    if missing:
        text = "The server no longer has the content of these files; a backup may.\n\n"
        await archive.text(f"{folder}/MISSING.txt", text + "\n".join(missing) + "\n")


def _by_table(columns: Sequence[AnyRow]) -> Columns:
    return {table: list(rows) for table, rows in groupby(columns, key=lambda column: column.table_name)}
