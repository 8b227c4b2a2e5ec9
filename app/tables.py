"""Every table, imported in one place so that the metadata is whole."""

from app.accounts.models import Account, Reconciliation
from app.attachments.models import Attachment, File
from app.auth.models import RefreshToken, Session
from app.books.models import Book, BookMember, Event, EventChain
from app.categories.models import Category
from app.core.idempotency import IdempotencyKey
from app.currencies.models import Currency
from app.imports.models import Import, ImportMapping, ImportRow
from app.transactions.models import MergedTransaction, MonthlyTotal, Posting, Transaction, TransferRejection
from app.transactions.name_models import Payee, PayeeAlias, Tag, TransactionTag
from app.users.models import User

ALL_TABLES = (
    Account,
    Attachment,
    Book,
    BookMember,
    Category,
    Currency,
    Event,
    EventChain,
    File,
    IdempotencyKey,
    Import,
    ImportMapping,
    ImportRow,
    MergedTransaction,
    MonthlyTotal,
    Payee,
    PayeeAlias,
    Posting,
    Reconciliation,
    RefreshToken,
    Session,
    Tag,
    Transaction,
    TransactionTag,
    TransferRejection,
    User,
)
