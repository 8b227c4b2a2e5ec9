"""The application: middleware, routers, error handlers and lifespan; nothing else."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from fastapi import APIRouter, FastAPI
from starlette.middleware.cors import CORSMiddleware

from app.access.last_uses import LastUses
from app.access.uploads import UploadDoor
from app.accounts.router import router as accounts
from app.administration import ROUTERS as ADMINISTRATION
from app.assets.routers import ROUTERS as ASSETS
from app.attachments.router import FRAME_BYTES, upload_pattern
from app.attachments.router import router as attachments
from app.attachments.storage import make_store
from app.auth.keys_router import router as keys
from app.auth.oidc.provider import provider_of
from app.auth.routers import ROUTERS as AUTH
from app.books.router import router as books
from app.budgets.routers import ROUTERS as BUDGETS
from app.categories.router import router as categories
from app.core import cors, docs, logs, problems
from app.core.addresses import TrustedProxies
from app.core.admission import Admission, AdmissionEach
from app.core.config import Settings
from app.core.database import Database
from app.core.failures import StartupError
from app.core.jobs.metrics import Backlog
from app.core.jobs.worker import JobWorker
from app.core.kept_answers import KeptAnswers
from app.core.keys import load_keyring
from app.core.middleware import BodyLimit, RequestContext, UploadPath
from app.core.openapi import describe
from app.core.rate_limits.guesses import Guesses
from app.core.rate_limits.limiter import Limiter
from app.core.rate_limits.middleware import RateLimits
from app.core.secret import accepted_secrets
from app.core.security import PasswordHasher
from app.core.tokens import AccessTokens
from app.core.vault import Vault
from app.currencies.router import router as currencies
from app.exports.router import router as exports
from app.forecast.router import router as forecast
from app.goals.debt_router import router as debts
from app.goals.loan_router import router as loans
from app.goals.router import router as goals
from app.history.router import HISTORIES
from app.history.router import router as history
from app.households.invitation_router import of_book as book_invitations
from app.households.invitation_router import to_me as invitations
from app.households.member_router import router as members
from app.imports.router import router as imports
from app.integrity.router import router as integrity
from app.integrity.schedule import scheduled
from app.jobs import TASKS
from app.leaving.router import ROUTERS as LEAVING
from app.names.payee_router import router as payees
from app.names.tag_router import router as tags
from app.notifications.router import router as notifications
from app.notifications.settings_router import router as notification_settings
from app.notifications.unsubscribe_router import router as unsubscribing
from app.onboarding.router import router as onboarding
from app.performance.router import router as performance
from app.portfolio.holdings_router import router as holdings
from app.portfolio.router import router as trades
from app.rates.base_currency_router import router as base_currency
from app.rates.router import router as rates
from app.reports.files.router import ROUTERS as REPORT_FILES
from app.reports.router import ROUTERS as REPORTS
from app.rules.router import router as rules
from app.schedules.bills_router import ROUTERS as BILLS
from app.schedules.router import router as schedules
from app.subscriptions.router import router as subscriptions
from app.suggestions.router import router as suggestions
from app.system.mailroom import Mailroom
from app.system.router import router as system
from app.system.service import HealthCheck
from app.transactions.autocomplete_router import ROUTERS as AUTOCOMPLETE
from app.transactions.matching_router import router as transfer_matches
from app.transactions.router import router as transactions
from app.users.router import router as users
from app.weekly.router import router as weekly

API = "/api/v1"
FILES_AT_ONCE = 2
DOWNLOADS_EACH = 4
"""Of one user, until the last byte is sent: each is a file on disk as long as its reader takes."""
ROUTERS = (
    *AUTOCOMPLETE,  # before those with an id in the same place
    *AUTH,
    *LEAVING,  # the same: `/users/me` before `/users/{user_id}`
    notification_settings,
    unsubscribing,  # before those with an id in the same place
    notifications,
    users,
    *ADMINISTRATION,  # behind those of /users/me
    books,
    base_currency,
    onboarding,
    members,
    book_invitations,
    invitations,
    integrity,
    history,
    accounts,
    categories,
    *BUDGETS,
    transfer_matches,
    transactions,
    *BILLS,
    subscriptions,
    payees,
    tags,
    rules,
    suggestions,
    attachments,
    *ASSETS,  # before those with an id in the same place
    forecast,
    goals,
    loans,
    debts,
    performance,  # before those with an id in the same place
    trades,
    *REPORTS,
    *REPORT_FILES,
    weekly,
    schedules,
    exports,
    currencies,
    rates,
    *HISTORIES,
    holdings,  # behind all others of /portfolio
    imports,
)


# FastAPI prepares routes where a router is included, which takes a second: once for all applications of a process.
_ROUTES = APIRouter()
for _router in ROUTERS:
    _ROUTES.include_router(_router, prefix=API)


def create_app(settings: Settings) -> FastAPI:
    """The whole server for these settings; `settings.database_url` names a migrated database.

    Raises `StartupError` where it is missing, or where the signing secret or key cannot be had.
    """
    if settings.database_url is None:
        raise StartupError("There is no database: set DATABASE_URL, or start with `finance serve`, which brings one.")
    logs.configure(settings)
    app = FastAPI(
        title="Finance Tracker",
        docs_url=None,
        redoc_url=None,
        openapi_url=docs.OPENAPI,
        lifespan=_lifespan,
        # A redirect would go to whatever host the request names.
        redirect_slashes=False,
        swagger_ui_oauth2_redirect_url=docs.OAUTH_REDIRECT,
    )
    _equip(app, settings, settings.database_url)
    app.router.routes.extend(_ROUTES.routes)
    app.include_router(system)
    app.include_router(keys)
    docs.install(app)
    problems.install(app)
    describe(app)
    _add_middleware(app, settings)
    return app


def _equip(app: FastAPI, settings: Settings, database_url: str) -> None:
    """What requests and chores share, on `app.state`."""
    app.state.settings = settings
    app.state.secrets = accepted_secrets(settings)
    app.state.secret = app.state.secrets[0]
    app.state.keyring = load_keyring(settings, app.state.secrets)
    app.state.database = Database(database_url, pool_size=settings.database_pool_size)
    app.state.passwords = PasswordHasher(settings)
    app.state.logging_in = Admission(settings.password_hashes_at_once, waiting=100)
    app.state.reading_files = Admission(FILES_AT_ONCE, waiting=10)
    app.state.writing_files = Admission(FILES_AT_ONCE, waiting=10)
    app.state.downloads = AdmissionEach(DOWNLOADS_EACH, waiting=0)
    app.state.drawing = Admission(1, waiting=50)  # the library that draws does one at a time
    # A third of the connections for one user, whatever their requests wait for.
    app.state.turns = AdmissionEach(max(2, settings.database_pool_size // 3), waiting=100)
    app.state.vault = Vault(app.state.secret, settings.secret_key_previous)
    app.state.access_tokens = AccessTokens(settings, app.state.keyring)
    app.state.last_uses = LastUses()
    app.state.kept_answers = KeptAnswers(settings.kept_answers_bytes)
    app.state.objects = make_store(settings)
    app.state.mailroom = Mailroom(app.state.database, settings)
    app.state.health = HealthCheck()
    app.state.tasks = TASKS
    app.state.worker = JobWorker(settings, TASKS) if settings.jobs_in_server else None
    app.state.backlog = Backlog(app.state.database)
    app.state.oidc = provider_of(settings)
    app.state.limiter = Limiter(settings)
    app.state.guesses = Guesses(app.state.limiter)


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """From the innermost out: the last one added meets a request first."""
    app.add_middleware(
        BodyLimit,
        body=settings.max_body_bytes,
        uploads=(
            UploadPath(re.compile(re.escape(f"{API}{imports.prefix}")), settings.max_upload_bytes),
            UploadPath(upload_pattern(API), settings.attachment_max_bytes + FRAME_BYTES),
        ),
        may_upload=UploadDoor(app.state.database, app.state.access_tokens),
    )
    if settings.rate_limit_enabled:
        app.add_middleware(RateLimits, limiter=app.state.limiter, access_tokens=app.state.access_tokens)
    if settings.cors_origins:
        app.add_middleware(CORSMiddleware, **cors.options(settings.cors_origins))
    app.add_middleware(RequestContext, https=settings.public_url.startswith("https://"))
    app.add_middleware(TrustedProxies, networks=settings.trusted_proxies)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state = app.state
    async with (
        state.last_uses.flushing(state.database),
        scheduled(state.database, state.settings.integrity_check_hours),
        state.mailroom.open(),
        state.worker.open() if state.worker is not None else nullcontext(),
    ):
        yield
    await app.state.limiter.counters.close()
    await app.state.database.dispose()
