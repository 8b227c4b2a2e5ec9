"""The roles of the database: what runs as the owner, and that no way leads from a request's login to more."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.database import APP_ROLE, Database, sqlstate
from app.core.jobs.schema import SCHEMA, WORKER_ROLE
from app.core.login_role import LOGIN_ROLE
from tests.conftest import fresh_email
from tests.people import Person, expect, register
from tests.security.functions import FUNCTIONS, Probe
from tests.security.test_every_table import DENIED, acting, fill, rows
from tests.staff import personal_token, run


@pytest.fixture(scope="module")
async def login_database(request_url: str) -> AsyncIterator[Database]:
    """A request's login before it takes the role of requests."""
    database = Database(request_url, pool_size=1, role=None)
    yield database
    await database.dispose()


async def test_each_function_of_the_owner_is_pinned_and_classified(owner_database: Database) -> None:
    statement = text(
        """
        SELECT p.proname, p.proconfig, pg_get_userbyid(p.proowner) AS owner,
               has_function_privilege(CAST(:role AS text), p.oid, 'EXECUTE') AS granted,
               p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0) AS public
        FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
        """
    )
    async with owner_database.begin() as connection:
        found = (await connection.execute(statement, {"role": APP_ROLE})).all()
    assert {row.proname for row in found} == set(FUNCTIONS)
    assert len(found) == len(FUNCTIONS), "two of one name"
    for row in found:
        assert row.proconfig[0] == "search_path=public, pg_temp", row.proname
        assert not row.public, row.proname
        assert row.owner != APP_ROLE, row.proname
        assert row.granted == (FUNCTIONS[row.proname] is not None), row.proname


PROBES = [(name, probe) for name, probes in FUNCTIONS.items() for probe in probes or ()]


@pytest.fixture(scope="module")
async def values(app: FastAPI, owner_database: Database) -> AsyncIterator[dict[str, Any]]:
    """Kim's ids, session and token, and Robin's own, for the probes; they are as they were when all have run."""
    kim, robin = await register(app, fresh_email()), await register(app, fresh_email())
    await kim.add(account_id=(await kim.account())["id"], payee="Shop")
    await fill(owner_database, kim)
    kims, robins = kim.user["id"], robin.user["id"]
    session = "SELECT id FROM sessions WHERE user_id = :id"
    yield {
        "kim": kims,
        "robin": robins,
        "book": kim.book_id,
        "own_book": robin.book_id,
        "session": await run(owner_database, session, id=kims),
        "own_session": await run(owner_database, session, id=robins),
        "token": await run(owner_database, "SELECT token_hash FROM one_time_tokens WHERE user_id = :id", id=kims),
    }
    for person in (kim, robin):
        await person.check_integrity()
        await person.http.aclose()
    await run(owner_database, "DELETE FROM mails")


@pytest.mark.parametrize(("name", "probe"), PROBES, ids=[f"{name}-{probe.permission}" for name, probe in PROBES])
async def test_no_function_of_the_owner_tells_or_changes_what_is_not_the_callers(
    values: dict[str, Any], owner_database: Database, app_database: Database, name: str, probe: Probe
) -> None:
    given = {key: values[key] for key in text(probe.call).compile().params}
    robin, book = {"user_id": values["robin"]}, {"book_id": values["own_book"]}
    state = "SELECT u::text || (SELECT count(*) FROM one_time_tokens WHERE user_id = :id) FROM users u WHERE id = :id"
    before = await run(owner_database, state, id=values["kim"])
    for context in ({}, robin, robin | book):
        async with acting(app_database, **context, permission=probe.permission) as connection:
            answers = (await connection.execute(text(probe.call), given)).scalars().all()
            assert set(answers) <= set(probe.answers), (name, context)
            assert len(answers) == min(len(probe.answers), 1), (name, context)
            await connection.commit()
    assert await run(owner_database, state, id=values["kim"]) == before


@pytest.mark.parametrize("name", sorted(name for name, probes in FUNCTIONS.items() if probes is None))
async def test_what_is_not_for_requests_cannot_be_called(
    app_database: Database, owner_database: Database, name: str
) -> None:
    """Nor be made a trigger of a table of one's own."""
    kind = "SELECT prorettype = 'trigger'::regtype FROM pg_proc WHERE proname = :name"
    async with acting(app_database) as connection:
        await connection.execute(text("CREATE TEMP TABLE mine (id integer) ON COMMIT DROP"))
        given = (
            "SELECT string_agg('NULL::' || t::regtype, ', ') FROM pg_proc, unnest(proargtypes) t WHERE proname = :name"
        )
        call = f"SELECT {name}({await run(owner_database, given, name=name) or ''})"
        if await run(owner_database, kind, name=name):
            call = f"CREATE TRIGGER mine BEFORE DELETE ON mine FOR EACH ROW EXECUTE FUNCTION {name}()"
        assert await rows(connection, call) is None


async def test_statistics_tell_numbers_alone(app_database: Database) -> None:
    async with acting(app_database, permission="statistics:read") as connection:
        (row,) = (await connection.execute(text("SELECT * FROM server_statistics()"))).all()
        assert {type(value) for value in row} <= {int, bool}


async def test_the_login_of_requests_has_nothing_of_its_own(login_database: Database, kim: Person) -> None:
    statements = (
        "SELECT * FROM users",
        "SELECT * FROM accounts",
        "SELECT * FROM alembic_version",
        "INSERT INTO mails (recipient, subject, body, attempts) VALUES ('x', 'x', 'x', 0)",
        "SELECT is_first_user()",
        "SELECT * FROM every_book()",
        "CREATE TABLE stolen (id integer)",
    )
    async with acting(login_database, user_id=kim.user["id"], book_id=kim.book_id) as connection:
        assert await connection.scalar(text("SELECT current_user")) == LOGIN_ROLE
        for statement in statements:
            assert await rows(connection, statement) is None, statement


@pytest.mark.parametrize(
    "step", ["RESET ROLE", "SET ROLE NONE", "SET SESSION AUTHORIZATION DEFAULT", "RESET SESSION AUTHORIZATION"]
)
async def test_stepping_back_leads_nowhere(app_database: Database, kim: Person, step: str) -> None:
    """To the role of requests again, or to a login that may do nothing."""
    async with app_database.engine.connect() as connection:
        await connection.execute(text(step))
        role = await connection.scalar(text("SELECT current_user"))
        assert role in {APP_ROLE, LOGIN_ROLE}
        found = await rows(connection, "SELECT email FROM users")
        assert found == ([] if role == APP_ROLE else None)
        await connection.invalidate()  # the next one shall not find this role


async def test_the_roles_are_members_of_nothing_more(owner_database: Database, app_database: Database) -> None:
    members = text(
        """
        SELECT m.roleid::regrole::text AS role, m.admin_option, m.inherit_option
        FROM pg_auth_members m WHERE m.member = CAST(:role AS regrole)
        """
    )
    flags = text(
        """
        SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolinherit
        FROM pg_roles WHERE rolname = :role
        """
    )
    owned = text(
        """
        SELECT count(*) FROM pg_shdepend
        WHERE refclassid = 'pg_authid'::regclass AND refobjid = CAST(:role AS regrole) AND deptype = 'o'
        """
    )
    async with owner_database.begin() as connection:
        assert (await connection.execute(members, {"role": APP_ROLE})).all() == []
        assert (await connection.execute(members, {"role": WORKER_ROLE})).all() == []
        found = (await connection.execute(members, {"role": LOGIN_ROLE})).all()
        assert sorted(map(tuple, found)) == [(APP_ROLE, False, False), (WORKER_ROLE, False, False)]
        for role in (APP_ROLE, WORKER_ROLE, LOGIN_ROLE):
            assert set((await connection.execute(flags, {"role": role})).one()) == {False}
            assert await connection.scalar(owned, {"role": role}) == 0
            for kind, name, privilege in (
                ("schema", "public", "CREATE"),
                ("database", await connection.scalar(text("SELECT current_database()")), "CREATE"),
            ):
                allowed = text(f"SELECT has_{kind}_privilege(:role, :name, :privilege)")
                assert not await connection.scalar(allowed, {"role": role, "name": name, "privilege": privilege})


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE {owner}",
        "SET SESSION AUTHORIZATION {owner}",
        "SET row_security = off; SELECT * FROM users",
        "ALTER ROLE finance_app BYPASSRLS",
        "ALTER ROLE finance_app SUPERUSER",
        "ALTER ROLE finance_login CREATEROLE",
        "ALTER ROLE {owner} PASSWORD 'mine'",
        "GRANT {owner} TO finance_app",
        "GRANT pg_read_all_data TO finance_app",
        "CREATE POLICY open ON users USING (true)",
        "ALTER POLICY user_changed_by_themselves ON users USING (true)",
        "DROP POLICY audit_read ON audit",
        "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE role_permissions OWNER TO finance_app",
        "DROP TRIGGER keep_an_admin ON users",
        "ALTER TABLE users DISABLE TRIGGER keep_an_admin",
        "SET session_replication_role = replica",
        "DROP FUNCTION set_role(uuid, text, text)",
        "ALTER FUNCTION set_role(uuid, text, text) RESET search_path",
        "ALTER FUNCTION set_role(uuid, text, text) OWNER TO finance_app",
        "CREATE OR REPLACE FUNCTION is_first_user() RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "GRANT EXECUTE ON FUNCTION is_last_admin(uuid) TO finance_app",
        "CREATE FUNCTION public.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE VIEW mine AS SELECT * FROM users",
        "COPY users TO PROGRAM 'cat'",
        "SELECT rolpassword FROM pg_authid",
        "INSERT INTO pg_policy SELECT * FROM pg_policy",
        "SELECT lo_import('/etc/passwd')",
    ],
)
async def test_the_role_of_requests_changes_no_rules(
    app_database: Database, owner_database: Database, statement: str
) -> None:
    *before, last = statement.format(owner=f'"{owner_database.engine.url.username}"').split(";")
    async with app_database.engine.connect() as connection:
        for part in before:
            await connection.execute(text(part))
        with pytest.raises(DBAPIError) as refusal:
            await connection.execute(text(last))
        assert sqlstate(refusal.value) == DENIED
        await connection.invalidate()


async def test_what_a_request_puts_before_the_tables_does_not_mislead_the_owner(
    kim: Person, robin: Person, app_database: Database
) -> None:
    """A temporary table of the same name, and a search path that finds it first, are nothing to the functions."""
    async with acting(app_database, user_id=robin.user["id"], permission="users:role") as connection:
        await connection.execute(text("CREATE TEMP TABLE users ON COMMIT DROP AS SELECT * FROM public.users"))
        await connection.execute(text("UPDATE pg_temp.users SET role = 'admin'"))
        await connection.execute(text("SET LOCAL search_path = pg_temp, public"))
        assert await connection.scalar(text("SELECT role FROM users")) == "admin"
        refusal = text("SELECT public.set_role(:kim, 'admin', 'admin')")
        assert await connection.scalar(refusal, {"kim": kim.user["id"]}) == "missing_permission"


async def test_no_date_makes_housekeeping_forget_what_lives(
    kim: Person, app_database: Database, owner_database: Database
) -> None:
    """A request that can call these functions must not end everybody's sessions, or have a POST done twice."""
    await personal_token(owner_database, kim, "tags:read")
    asked = "INSERT INTO converted_currencies VALUES (CAST(:book AS uuid), 'USD', current_date) RETURNING 1"
    await run(owner_database, asked, book=kim.book_id)
    key = {"Idempotency-Key": f"kept {kim.email}"}
    made = expect(await kim.http.post("/tags", json={"name": "once"}, headers=key), 201)
    async with app_database.begin() as connection:
        for function in (
            "forget_ended_sessions",
            "forget_old_answers",
            "forget_ended_personal_tokens",
            "forget_failed_mails",
        ):
            await connection.execute(text(f"SELECT {function}('infinity')"))
            await connection.execute(text(f"SELECT {function}(now() + interval '100 years')"))
        await connection.execute(text("SELECT forget_converted('infinity')"))
    again = await kim.http.post("/tags", json={"name": "once"}, headers=key)
    assert (expect(again, 201), again.headers["idempotency-replayed"]) == (made, "true")
    kept = "SELECT count(*) FROM converted_currencies WHERE book_id = CAST(:book AS uuid)"
    assert await run(owner_database, kept, book=kim.book_id) == 1
    alive = "SELECT count(*) FROM personal_tokens WHERE user_id = :id AND expires_at > now()"
    assert await run(owner_database, alive, id=kim.user["id"]) == 1


async def test_the_role_of_workers_reaches_the_queue_and_nothing_else(
    owner_database: Database, login_database: Database
) -> None:
    """Nor does the role of requests reach the queue, but through the functions that are for it."""
    tables = text(
        """
        SELECT n.nspname AS schema, c.relname AS name,
               has_table_privilege(CAST(:role AS text), c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE') AS may
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('public', :schema) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        """
    )
    async with owner_database.begin() as connection:
        found = (await connection.execute(tables, {"role": WORKER_ROLE, "schema": SCHEMA})).all()
        assert {row.name for row in found if row.may} == {row.name for row in found if row.schema == SCHEMA}
        found = (await connection.execute(tables, {"role": APP_ROLE, "schema": SCHEMA})).all()
        assert [row.name for row in found if row.may and row.schema == SCHEMA] == []
        public = text(
            "SELECT count(*) FROM pg_proc WHERE pronamespace = CAST(:schema AS regnamespace) AND proacl IS NULL"
        )
        assert await connection.scalar(public, {"schema": SCHEMA}) == 0
    async with login_database.engine.connect() as connection:
        await connection.execute(text(f"SET ROLE {WORKER_ROLE}"))
        for statement in ("SELECT * FROM public.users", "SELECT public.defer_job('a', '{}', NULL, NULL)"):
            assert await rows(connection, statement) is None, statement
        await connection.invalidate()
