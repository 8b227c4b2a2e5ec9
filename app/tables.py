"""Every table, imported in one place so that the metadata is whole."""

from app.accounts.models import Account
from app.auth.models import RefreshToken, Session
from app.books.models import Book, BookMember, Event
from app.categories.models import Category
from app.core.idempotency import IdempotencyKey
from app.currencies.models import Currency
from app.imports.models import Import, ImportMapping, ImportRow
from app.transactions.models import MonthlyTotal, Payee, Posting, Tag, Transaction, TransactionTag
from app.users.models import User

ALL_TABLES = (
    Account,
    Book,
    BookMember,
    Category,
    Currency,
    Event,
    IdempotencyKey,
    Import,
    ImportMapping,
    ImportRow,
    MonthlyTotal,
    Payee,
    Posting,
    RefreshToken,
    Session,
    Tag,
    Transaction,
    TransactionTag,
    User,
)
