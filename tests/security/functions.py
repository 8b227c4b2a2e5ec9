"""Each function that runs as the tables' owner, and what it answers to somebody who has no business with it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Probe:
    """A call with Kim's values, made without a context and in Robin's, and all that it may answer."""

    call: str
    answers: tuple[Any, ...]
    """The rows as text; what is not among them must not come."""
    permission: str = ""


NOT_GRANTED = None
"""For triggers and for other functions: the role of requests cannot call it."""

FUNCTIONS: dict[str, tuple[Probe, ...] | None] = {
    # With the session of one and the name of another, with a book of somebody else's, with a token that there is not.
    "open_request": (
        Probe("SELECT r::text FROM open_request(:session, :robin, NULL, NULL, 'profile:read') r", ()),
        Probe("SELECT r::text FROM open_request(NULL, :kim, NULL, :book, 'profile:read') r", ()),
        Probe("SELECT r::text FROM open_request(NULL, NULL, '', NULL, 'profile:read') r", ()),
        Probe("SELECT book_id::text FROM open_request(:own_session, :robin, NULL, :book, 'accounts:read')", (None,)),
        Probe("SELECT permitted::text FROM open_request(:own_session, :robin, NULL, NULL, 'users:role')", ("false",)),
    ),
    # It answers about the one address that is asked for.
    "user_for_login": (
        Probe("SELECT u::text FROM user_for_login('%') u", ()),
        Probe("SELECT u::text FROM user_for_login('') u", ()),
        Probe("SELECT u::text FROM user_for_login(NULL) u", ()),
    ),
    # Only whose token it is has what its digest is made of.
    "session_of_refresh_token": (
        Probe("SELECT s::text FROM session_of_refresh_token('') s", ()),
        Probe("SELECT s::text FROM session_of_refresh_token(NULL) s", ()),
    ),
    "redeem_one_time_token": (
        Probe("SELECT t::text FROM redeem_one_time_token(NULL, 'test') t", ()),
        Probe("SELECT t::text FROM redeem_one_time_token(:token, 'another') t", ()),
    ),
    "is_first_user": (Probe("SELECT is_first_user()::text", ("false",)),),
    # They tell how many, and forget what is over.
    "forget_ended_sessions": (Probe("SELECT forget_ended_sessions(now() - interval '100 years')::text", ("0",)),),
    "forget_old_answers": (Probe("SELECT forget_old_answers(now() - interval '100 years')::text", ("0",)),),
    # Of the open book alone; see test_search_functions.py too.
    "search_payees": (Probe("SELECT search_payees('shop', false, 10)::text", ()),),
    "search_transactions": (
        Probe(
            "SELECT search_transactions(ARRAY['shop'], ARRAY[false], ARRAY[false], ARRAY[NULL::numeric], "
            "'', NULL, NULL, 10)::text",
            ("{}",),
        ),
    ),
    # For the housekeeping: ids and digests of what nobody has any more.
    "orphaned_files": (Probe("SELECT f::text FROM orphaned_files(36500, 10) f", ()),),
    # For the checks that the server makes by itself: ids, and none of them opens a book.
    "every_book": (Probe("SELECT 1::text FROM every_book() AS id WHERE id IS NULL", ()),),
    "administration_refusal": (
        Probe("SELECT administration_refusal(:kim, 'admin')", ("missing_permission",)),
        Probe("SELECT administration_refusal(:kim, 'admin')", ("missing_permission",), "users:role"),
        Probe("SELECT administration_refusal(uuidv7(), 'admin')", ("not_found",), "users:delete"),
    ),
    "set_role": (
        Probe("SELECT set_role(:kim, 'admin', 'admin')", ("missing_permission",)),
        Probe("SELECT set_role(:kim, 'admin', 'admin')", ("missing_permission",), "users:ban"),
        Probe("SELECT set_role(:kim, 'admin', 'admin')", ("missing_permission",), "users:role"),
        Probe("SELECT set_role(:robin, 'admin', 'admin')", ("own_account", "missing_permission"), "users:role"),
    ),
    "set_ban": (
        Probe("SELECT set_ban(:kim, true, 'x', NULL, 'admin')", ("missing_permission",)),
        Probe("SELECT set_ban(:kim, true, 'x', NULL, 'admin')", ("missing_permission",), "users:role"),
        Probe("SELECT set_ban(:kim, true, 'x', NULL, 'admin')", ("missing_permission",), "users:ban"),
    ),
    "last_used": (Probe("SELECT u::text FROM last_used(ARRAY[CAST(:kim AS uuid)]) u", ()),),
    "server_statistics": (
        Probe("SELECT s::text FROM server_statistics() s", ()),
        Probe("SELECT s::text FROM server_statistics() s", (), "users:read"),
    ),
    "is_last_admin": NOT_GRANTED,
    "keep_an_admin": NOT_GRANTED,
    "chain_events": NOT_GRANTED,
}
