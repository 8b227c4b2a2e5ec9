"""Every table, imported in one place so that the metadata is whole."""

from app.access.models import AuditEntry, PermissionName, RolePermission
from app.access.private_models import AccountViewer, PrivateEntity
from app.accounts.models import Account, Reconciliation
from app.attachments.models import Attachment, File
from app.auth.models import OneTimeToken, Password, PersonalToken, RefreshToken, Session
from app.books.models import Book, BookMember, Event, EventChain
from app.categories.models import Category
from app.core.idempotency import IdempotencyKey
from app.currencies.models import Currency
from app.imports.models import Import, ImportMapping, ImportRow
from app.mail.models import Mail
from app.transactions.models import MergedTransaction, MonthlyTotal, Posting, Transaction, TransferRejection
from app.transactions.name_models import Payee, PayeeAlias, Tag, TransactionTag
from app.users.models import User

ALL_TABLES = (
    Account,
    AccountViewer,
    Attachment,
    AuditEntry,
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
    Mail,
    MergedTransaction,
    MonthlyTotal,
    OneTimeToken,
    Password,
    Payee,
    PayeeAlias,
    PermissionName,
    PersonalToken,
    Posting,
    PrivateEntity,
    Reconciliation,
    RefreshToken,
    RolePermission,
    Session,
    Tag,
    Transaction,
    TransactionTag,
    TransferRejection,
    User,
)
