"""Filling a database with a demo: one person and three years of their money, through the services of the API.

Every step looks at what is there first, and everything has an id that follows from what it is. So a run that was
killed is completed by the next, a run on a later day adds the days since, and a run that finds all of it does nothing.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.context import BookReader, BookWriter
from app.access.opening import actor_of, close_book, take_book
from app.access.repository import open_request
from app.accounts import service as accounts
from app.auth import passwords, sessions
from app.auth.door import Device, Door
from app.auth.passwords import WrongCredentialsError
from app.auth.registration import add_person
from app.auth.repository import user_for_login
from app.auth.schemas import Register
from app.categories import service as categories
from app.categories.schemas import CategoryIn
from app.core.config import Settings
from app.core.database import Database, domain_error_of
from app.core.errors import DomainError
from app.core.failures import StartupError
from app.core.keys import load_keyring
from app.core.pagination import MAX_LIMIT, PageRequest
from app.core.secret import accepted_secrets
from app.core.security import AccessClaims, Bearer, PasswordHasher
from app.core.tokens import AccessTokens
from app.core.vault import Vault
from app.demo import ahead, investing, investments, plan, planning
from app.demo.investments import Depot
from app.demo.moves import OPENINGS, AccountName, CategoryName, opened
from app.transactions import listing
from app.transactions import service as transactions
from app.transactions.filters import Sort, TransactionFilter
from app.transactions.schemas import FlowIn, TransactionPatch, TransferIn
from app.users import service as users

EMAIL = "demo@example.com"
PASSWORD = "demo-of-finance-tracker"
FULL_NAME = "Robin Demo"
TIME_ZONE = "Europe/Berlin"
BASE_CURRENCY = "EUR"
BATCH = 250

Report = Callable[[int, int], None]
Bodies = Sequence[FlowIn | TransferIn]


@dataclass(frozen=True)
class DemoSummary:
    """Whom to log in as, and what their book has of the demo now.

    `added` counts the transactions of this run; `trades` are beside the transactions.
    """

    email: str
    password: str
    accounts: int
    transactions: int
    trades: int
    added: int
    first_day: date
    last_day: date

    def __str__(self) -> str:
        made = f"{self.added} were added now" if self.added else "nothing was missing"
        return (
            f"{self.transactions} transactions and {self.trades} trades on {self.accounts} accounts, from "
            f"{self.first_day} to {self.last_day}; {made}.\nLog in as {self.email} with the password {self.password}"
        )


async def run_demo(url: str, settings: Settings, report: Report) -> DemoSummary:
    """Make or complete the demo in a migrated database, and call `report(done, total)` as transactions are written.

    Raises `StartupError`, with nothing changed, when the address belongs to somebody with another password.
    """
    database = Database(url, pool_size=1)
    try:
        return await _Demo(database, settings, report).run()
    except IntegrityError as error:
        reason = domain_error_of(error)
        if reason is None:
            raise
        raise _unfinished(reason) from error
    except DomainError as error:
        raise _unfinished(error) from error
    finally:
        await database.dispose()


def _unfinished(reason: DomainError) -> StartupError:
    return StartupError(f"The demo could not be completed: {reason.detail}")


class _Demo:
    """One run. Each step is a database transaction of its own, under the row-level security of the demo's user."""

    def __init__(self, database: Database, settings: Settings, report: Report) -> None:
        self._database = database
        self._settings = settings
        self._passwords = PasswordHasher(settings)
        secrets = accepted_secrets(settings)
        self._access_tokens = AccessTokens(settings, load_keyring(settings, secrets))
        self._vault = Vault(secrets[0], settings.secret_key_previous)
        self._report = report

    async def run(self) -> DemoSummary:
        await self._register()
        async with self._session() as claims:
            async with self._reading(claims) as book:
                today = book.actor.today()
                user = await users.get(book.connection, claims.user_id)
            # The day of registration never changes, so every later run starts its plan where the first one did.
            start = plan.first_day(user.created_at.date())
            await self._set_rates(claims, start, today)
            category_ids = await self._prepare(claims, start)
            account_ids = {name: plan.account_id(name) for name in AccountName}
            wanted = list(plan.bodies(start, today, account_ids, category_ids))
            added = await self._write(claims, wanted)
            trades = await self._invest(claims, start, today, category_ids)
            await self._plan_ahead(claims, ahead.Past(start, today, wanted, account_ids, category_ids))
        accounts_made = len(account_ids) + len(Depot)
        return DemoSummary(EMAIL, PASSWORD, accounts_made, len(wanted), trades, added, start, today)

    def _door(self, connection: AsyncConnection) -> Door:
        return Door(connection, self._settings, self._passwords, self._access_tokens, self._vault)

    async def _register(self) -> None:
        async with self._database.begin() as connection:
            if await user_for_login(connection, EMAIL) is None:
                body = Register(
                    email=EMAIL,
                    password=PASSWORD,
                    full_name=FULL_NAME,
                    time_zone=TIME_ZONE,
                    base_currency=BASE_CURRENCY,
                )
                # Everybody knows the demo's password: it never becomes the admin.
                await add_person(self._door(connection), body, may_be_admin=False, verified=True)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[AccessClaims]:
        """A log-in for the time of the run; it also proves that the address is the demo's."""
        try:
            async with self._database.begin() as connection:
                tokens = await passwords.login(self._door(connection), EMAIL, PASSWORD, Device("finance demo", None))
        except WrongCredentialsError:
            raise StartupError(
                f"{EMAIL} is registered with another password, so it may be a real person's; nothing was changed."
            ) from None
        if isinstance(tokens, DomainError):
            raise StartupError(f"{EMAIL} has a second factor switched on; nothing was changed.")
        try:
            yield self._access_tokens.read(tokens.access_token)
        finally:
            async with self._database.begin() as connection:
                await sessions.logout(self._door(connection), tokens.refresh_token)

    @asynccontextmanager
    async def _reading(self, claims: AccessClaims) -> AsyncIterator[BookReader]:
        async with self._database.begin() as connection:
            bearer = Bearer(claims.session_id, claims.user_id)
            row = await open_request(connection, bearer, None, "transactions:write")
            if row is None or row["book_id"] is None:
                raise StartupError(f"{EMAIL} has no book any more; the demo needs one.")
            yield _reader(connection, row)

    @asynccontextmanager
    async def _writing(self, claims: AccessClaims) -> AsyncIterator[BookWriter]:
        async with self._reading(claims) as reader:
            book = await take_book(reader.actor, reader.book_id, reader.role)
            yield book
            await close_book(book)

    async def _prepare(self, claims: AccessClaims, start: date) -> dict[CategoryName, UUID]:
        """See that the accounts and categories are there; returns the ids of the categories."""
        async with self._reading(claims) as book:
            present = {account["id"] for account in await accounts.every(book, archived=None)}
            category_ids = await _category_ids(book)
        missing = [name for name in AccountName if plan.account_id(name) not in present]
        unnamed = [name for name in CategoryName if name not in category_ids]
        if missing or unnamed:
            async with self._writing(claims) as writer:
                for name in missing:
                    place = list(AccountName).index(name)
                    await accounts.create(writer, opened(plan.account_id(name), name, OPENINGS[name], start, place))
                for category in unnamed:
                    body = CategoryIn(name=category.value, kind=category.kind)
                    category_ids[category] = (await categories.create(writer, body))["id"]
        return category_ids

    async def _write(self, claims: AccessClaims, wanted: Bodies) -> int:
        """Write what is missing, and clear what was pending in an earlier run; returns how many were added."""
        async with self._reading(claims) as book:
            present = await _present(book)
        missing = [body for body in wanted if body.id not in present]
        done = len(wanted) - len(missing)
        self._report(done, len(wanted))
        for offset in range(0, len(missing), BATCH):
            batch = missing[offset : offset + BATCH]
            async with self._writing(claims) as writer:
                await transactions.create_many(writer, batch)
            done += len(batch)
            self._report(done, len(wanted))
        settled = [body.id for body in wanted if body.id and _settled(body, present)]
        if settled:
            async with self._writing(claims) as writer:
                for transaction_id in settled:
                    await transactions.patch(writer, transaction_id, TransactionPatch(status="cleared"), None)
        return len(missing)

    async def _set_rates(self, claims: AccessClaims, start: date, today: date) -> None:
        """Before anything is written: amounts in dollars are converted as they come."""
        async with self._reading(claims) as book:
            missing = await investing.missing_rates(book, start, today)
        if missing:
            async with self._writing(claims) as writer:
                await investing.make_rates(writer, missing)

    async def _invest(
        self, claims: AccessClaims, start: date, today: date, category_ids: Mapping[CategoryName, UUID]
    ) -> int:
        """Make the depots, assets, prices and trades that are missing; returns how many trades there are."""
        async with self._reading(claims) as book:
            missing = await investing.missing(book, start, today, category_ids)
        if missing:
            async with self._writing(claims) as writer:
                await investing.make(writer, missing, start)
        return sum(1 for _ in investments.trades(start, today, category_ids))

    async def _plan_ahead(self, claims: AccessClaims, past: ahead.Past) -> None:
        """Make the schedules, budgets, goal and loan that are missing, and fill the envelope of the months since."""
        async with self._reading(claims) as book:
            missing = await planning.missing(book, past)
        if missing:
            async with self._writing(claims) as writer:
                await planning.make(writer, missing)


def _reader(connection: AsyncConnection, row: RowMapping) -> BookReader:
    return BookReader(
        actor_of(row, connection),
        connection,
        row["book_id"],
        row["book_role"],
        row["base_currency"],
        row["base_exponent"],
        row["revision"],
    )


async def _category_ids(book: BookReader) -> dict[CategoryName, UUID]:
    """Those of the demo's categories that the book has; one that was renamed is not among them."""
    found = {(document["name"], document["kind"]): document["id"] for document in await categories.every(book)}
    wanted = ((name, (name.value, name.kind)) for name in CategoryName)
    return {name: found[key] for name, key in wanted if key in found}


async def _present(book: BookReader) -> dict[UUID, str]:
    """The status of every transaction in the book, by id."""
    found: dict[UUID, str] = {}
    page = PageRequest(limit=MAX_LIMIT, skip=0, cursor=None, include_total=False)
    while True:
        listed = await listing.transactions(book, TransactionFilter(), Sort.parse("date"), page)
        found |= {document["id"]: document["status"] for document in listed["items"]}
        if listed["next_cursor"] is None:
            return found
        page = replace(page, cursor=listed["next_cursor"])


def _settled(body: FlowIn | TransferIn, present: dict[UUID, str]) -> bool:
    """Whether it is still pending in the book though enough days have passed."""
    return body.status == "cleared" and body.id is not None and present.get(body.id) == "pending"
