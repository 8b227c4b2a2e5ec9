"""Every table, imported in one place so that the metadata is whole."""

from app.access.models import AuditEntry, PermissionName, RolePermission
from app.access.private_models import AccountViewer, PrivateEntity
from app.accounts.models import Account, Reconciliation
from app.assets.models import Asset, AssetPrice, MarketQuote, QuoteSource
from app.attachments.models import Attachment, File
from app.auth.address_models import AddressRequest, Invitation
from app.auth.factor_models import Passkey, RecoveryCode, TotpSecret, WrongGuesses
from app.auth.models import OneTimeToken, Password, PersonalToken, RefreshToken, Session
from app.auth.oidc.models import Identity
from app.books.models import Book, BookMember, Event, EventChain
from app.budgets.models import (
    Budget,
    BudgetAlert,
    BudgetAmount,
    BudgetAssignment,
    BudgetCarry,
    BudgetGroup,
    BudgetReference,
)
from app.categories.models import Category
from app.core.idempotency import IdempotencyKey
from app.currencies.models import Currency
from app.goals.models import Goal, GoalSource, Loan
from app.households.models import BookInvitation
from app.imports.models import Import, ImportMapping, ImportRow
from app.leaving.models import DeletedBook
from app.mail.models import Mail
from app.notifications.models import Notification, NotificationSettings
from app.performance.models import AllocationTarget
from app.portfolio.models import CostMethod, Disposal, Lot, Position, PositionDay, Trade
from app.rates.models import BaseCurrencyChange, BookRate, ExchangeRate, RateFetch, Revaluation
from app.reports.converted_models import ConvertedCurrency, ConvertedPayeeTotal, ConvertedSpan
from app.reports.models import SavedReport
from app.rules.models import Rule, RuleApplication
from app.schedules.bills_models import BillRejection
from app.schedules.models import Schedule, ScheduleOccurrence
from app.subscriptions.models import SubscriptionDismissal
from app.suggestions.models import SuggestionSettings
from app.transactions.models import DailyTotal, MergedTransaction, MonthlyTotal, Posting, Transaction, TransferRejection
from app.transactions.name_models import Payee, PayeeAlias, Tag, TransactionTag
from app.transactions.name_totals import PayeeCategoryTotal, PayeeTotal, TagTotal
from app.users.models import User

ALL_TABLES = (
    Account,
    AllocationTarget,
    AddressRequest,
    AccountViewer,
    Asset,
    AssetPrice,
    Attachment,
    AuditEntry,
    BaseCurrencyChange,
    BillRejection,
    Book,
    BookInvitation,
    BookMember,
    BookRate,
    Budget,
    BudgetAlert,
    BudgetAmount,
    BudgetAssignment,
    BudgetCarry,
    BudgetGroup,
    BudgetReference,
    Category,
    CostMethod,
    Currency,
    DailyTotal,
    DeletedBook,
    Disposal,
    Event,
    EventChain,
    ExchangeRate,
    File,
    Goal,
    GoalSource,
    IdempotencyKey,
    Identity,
    Import,
    ImportMapping,
    ImportRow,
    Invitation,
    Loan,
    Lot,
    Mail,
    MarketQuote,
    MergedTransaction,
    MonthlyTotal,
    Notification,
    NotificationSettings,
    OneTimeToken,
    Passkey,
    Password,
    Payee,
    PayeeAlias,
    PayeeCategoryTotal,
    PayeeTotal,
    PermissionName,
    PersonalToken,
    Position,
    PositionDay,
    Posting,
    PrivateEntity,
    QuoteSource,
    RateFetch,
    Reconciliation,
    RecoveryCode,
    RefreshToken,
    Revaluation,
    RolePermission,
    Schedule,
    ScheduleOccurrence,
    SubscriptionDismissal,
    Rule,
    RuleApplication,
    ConvertedCurrency,
    ConvertedPayeeTotal,
    ConvertedSpan,
    SavedReport,
    Session,
    SuggestionSettings,
    Tag,
    TagTotal,
    TotpSecret,
    Trade,
    Transaction,
    TransactionTag,
    TransferRejection,
    User,
    WrongGuesses,
)
