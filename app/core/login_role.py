"""The login of requests on a database of our own: it has no rights but to become `finance_app`, or a worker of jobs."""

import secrets

from sqlalchemy import make_url, text

from app.core.database import APP_ROLE, Database
from app.core.jobs.schema import WORKER_ROLE

LOGIN_ROLE = "finance_login"


async def login_url(owner_url: str) -> str:
    """The URL under which requests log in, with a password that is new at each start and stored nowhere.

    Who logs in as the owner and takes the smaller role could step back into the owner's. From this login the way
    back leads to a role that may do nothing. The database is migrated already.
    """
    password = secrets.token_urlsafe(32)
    owner = Database(owner_url, pool_size=1, role=None)
    try:
        async with owner.begin() as connection:
            # Two servers of one cluster at once come one after the other.
            await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('finance.login_role', 0))"))
            known = text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)")
            if not await connection.scalar(known, {"role": LOGIN_ROLE}):
                await connection.execute(text(f"CREATE ROLE {LOGIN_ROLE} NOINHERIT NOCREATEDB NOCREATEROLE"))
            await connection.execute(text(f"ALTER ROLE {LOGIN_ROLE} LOGIN NOINHERIT NOBYPASSRLS PASSWORD '{password}'"))
            for role in (APP_ROLE, WORKER_ROLE):
                await connection.execute(text(f"GRANT {role} TO {LOGIN_ROLE} WITH INHERIT FALSE, SET TRUE"))
    finally:
        await owner.dispose()
    return make_url(owner_url).set(username=LOGIN_ROLE, password=password).render_as_string(hide_password=False)
