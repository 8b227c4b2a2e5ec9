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
    # Rates are everybody's or of the open book; what a currency is, is for admins to say.
    "rate_found": (Probe("SELECT f.rate::text FROM rate_found('EUR', 'KWD', '2026-01-15') f", (None,)),),
    "rate_at": (Probe("SELECT rate_at('EUR', 'KWD', '2026-01-15')::text", (None,)),),
    "rates_over": (Probe("SELECT r::text FROM rates_over('EUR', 'KWD', '{2026-01-15}') r", ()),),
    "count_rate_changes": NOT_GRANTED,
    "count_quote_changes": NOT_GRANTED,
    "add_currency": (Probe("SELECT add_currency('PROBE', 'Probe', 2::smallint)::text", ("false",)),),
    "change_currency": (Probe("SELECT change_currency('EUR', 'Probe', 3::smallint)", ("refused",)),),
    "remove_currency": (
        Probe("SELECT remove_currency('EUR')", ("refused",)),
        Probe("SELECT remove_currency('EUR')", ("missing",), "currencies:write"),
    ),
    # What providers are asked for, and what they said: nothing of whose it is.
    "currencies_in_use": (Probe("SELECT code FROM currencies_in_use() WHERE code = 'XAG'", ()),),
    "store_exchange_rates": (Probe("SELECT s::text FROM store_exchange_rates('probe', '[]') s", ()),),
    "note_rate_fetch": (Probe("SELECT note_rate_fetch('probe', now(), 'failed', '', 0, '[]', '{}')::text", (None,)),),
    "want_revaluation": NOT_GRANTED,
    "book_rates_changed": NOT_GRANTED,
    "exchange_rates_changed": NOT_GRANTED,
    "book_rates_concern_sums": NOT_GRANTED,
    "exchange_rates_concern_sums": NOT_GRANTED,
    "books_concern_sums": NOT_GRANTED,
    "rates_of_book_changed": NOT_GRANTED,
    "is_first_user": (Probe("SELECT is_first_user()::text", ("false",)),),
    # They tell how many, and forget what is over.
    "forget_ended_sessions": (Probe("SELECT forget_ended_sessions(now() - interval '100 years')::text", ("0",)),),
    "forget_converted": (Probe("SELECT forget_converted('1900-01-01')::text", ("0",)),),
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
    "quote_providers": (Probe("SELECT 1::text FROM quote_providers() AS p WHERE p IS NULL", ()),),
    "quotes_due": (Probe("SELECT q::text FROM quotes_due('nobody', 'infinity', 100) q", ()),),
    # Quotes are everybody's, and only jobs bring them; a symbol is asked for where the open book follows it.
    "store_market_quotes": (Probe("SELECT store_market_quotes('probe', 'probe', '[]', now())::text", ("0",)),),
    "note_quotes": (Probe("SELECT note_quotes('probe', 'probe', now(), now(), NULL, NULL, NULL)::text", (None, "")),),
    "request_quotes": (Probe("SELECT request_quotes('probe', 'nobody', now())::text", (None,)),),
    # Of the open book alone, and of assets that who asks may see.
    "price_found": (Probe("SELECT price::text FROM price_found(:book, '2030-01-01')", (None,)),),
    "prices_found": (
        Probe("SELECT p::text FROM prices_found(ARRAY[CAST(:book AS uuid)], ARRAY[date '2030-01-01']) p", ()),
    ),
    "known_splits": (Probe("SELECT s::text FROM known_splits() s", ()),),
    "hidden_assets": (Probe("SELECT hidden_assets()::text", ()),),
    "private_assets": (Probe("SELECT private_assets()::text", ()),),
    "note_private_assets": NOT_GRANTED,
    "books_with_goals": (Probe("SELECT 1::text FROM books_with_goals() AS id WHERE id IS NULL", ()),),
    "books_with_holdings": (Probe("SELECT 1::text FROM books_with_holdings() AS id WHERE id IS NULL", ()),),
    # Of the open book alone: ids of what is hidden from who asks.
    "book_has_goals": (Probe("SELECT book_has_goals()::text", ("false",)),),
    "book_has_trades": (Probe("SELECT book_has_trades()::text", ("false",)),),
    "hidden_goals": (Probe("SELECT hidden_goals()::text", ()),),
    "every_book": (Probe("SELECT 1::text FROM every_book() AS id WHERE id IS NULL", ()),),
    # Whether the open book has any.
    "book_has_budgets": (Probe("SELECT book_has_budgets()::text", ("false",)),),
    # They tell, and take back what was told, in the open book alone.
    "notify_members": (
        Probe("SELECT notify_members('bill_due', 'probe', 't', '', '{}', ARRAY[]::uuid[])::text", ("0", "1")),
    ),
    "withdraw_notifications": (Probe("SELECT withdraw_notifications(ARRAY['probe'])::text", ("0", "1")),),
    # Which books have something to do, for the scheduler; no more of them than that.
    "books_with_bills": (Probe("SELECT 1::text FROM books_with_bills() WHERE book_id IS NULL", ()),),
    "due_schedules": (Probe("SELECT d::text FROM due_schedules('1800-01-01') d", ()),),
    # They name people, of whom each has to be acted as before anything of theirs is seen; and they forget what is old.
    "people_to_mail": (Probe("SELECT p::text FROM people_to_mail('-infinity', 0) p", ()),),
    "people_to_report_to": (Probe("SELECT p::text FROM people_to_report_to('-infinity', 0) p", ()),),
    "forget_notifications": (Probe("SELECT forget_notifications(now() - interval '100 years')::text", ("0",)),),
    "forget_budget_carries": NOT_GRANTED,
    "forget_what_book_told": NOT_GRANTED,
    "forget_what_account_told": NOT_GRANTED,
    # A job is put into the queue; what is in it is for who may see jobs, and its effect for who has the run's token.
    "defer_job": (Probe("SELECT defer_job('test.probe', '{}', 'test.probe', NULL)::text", ("",)),),
    "take_effect": (Probe("SELECT take_effect(1, uuidv7())::text", ("false",)),),
    "server_jobs": (
        Probe("SELECT j::text FROM server_jobs(NULL, NULL, NULL, NULL, 0, 100) j", ()),
        Probe("SELECT j::text FROM server_jobs(NULL, NULL, NULL, NULL, 0, 100) j", (), "statistics:read"),
    ),
    "count_server_jobs": (Probe("SELECT count_server_jobs(NULL, NULL)::text", ("0",)),),
    "server_tasks": (Probe("SELECT t::text FROM server_tasks() t", ()),),
    "retry_server_job": (
        Probe("SELECT retry_server_job(1)", ("missing_permission",)),
        Probe("SELECT retry_server_job(1)", ("missing_permission",), "jobs:read"),
        Probe("SELECT retry_server_job(9223372036854775807)", ("not_found",), "jobs:manage"),
    ),
    "drop_server_job": (
        Probe("SELECT drop_server_job(1)", ("missing_permission",)),
        Probe("SELECT drop_server_job(1)", ("missing_permission",), "jobs:read"),
        Probe("SELECT drop_server_job(9223372036854775807)", ("not_found",), "jobs:manage"),
    ),
    # How much waits, and nothing of what.
    "job_backlog": (Probe("SELECT (waiting < 0)::text FROM job_backlog()", ("false",)),),
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
    # Times of use of sessions and tokens that the caller can name; never one that is yet to come.
    "note_last_uses": (Probe("SELECT note_last_uses('{}', '{}', '{}')::text", (None,)),),
    "personal_token_is_good": (
        Probe("SELECT personal_token_is_good(NULL)::text", ("false",)),
        Probe("SELECT personal_token_is_good('')::text", ("false",)),
    ),
    "forget_ended_personal_tokens": (
        Probe("SELECT forget_ended_personal_tokens(now() - interval '100 years')::text", ("0",)),
    ),
    # Like `user_for_login`: about the one address that is asked for.
    "hold_address": (Probe("SELECT a::text FROM hold_address('%') a", ()),),
    # The way out of the mail: what it takes has to be read. No route calls it.
    "take_mails": (Probe("SELECT m::text FROM take_mails(0, interval '1 second') m", ()),),
    "mail_handed_over": (Probe("SELECT mail_handed_over(NULL)::text", (None,)),),
    "mail_failed": (Probe("SELECT mail_failed(NULL, 'x', NULL)::text", (None,)),),
    "forget_failed_mails": (Probe("SELECT forget_failed_mails(now() - interval '100 years')::text", ("0",)),),
    "take_address_request": (
        Probe("SELECT r::text FROM take_address_request(interval '1 day') r WHERE r.email IS NULL", ()),
    ),
    # Only who has a token has what its digest is made of.
    "redeem_invitation": (
        Probe("SELECT i::text FROM redeem_invitation(NULL, NULL) i", ()),
        Probe("SELECT i::text FROM redeem_invitation('', 'a@example.com') i", ()),
    ),
    "spend_invitation": (Probe("SELECT spend_invitation('')::text", ("false",)),),
    "invitation_open": (Probe("SELECT invitation_open('')::text", ("false",)),),
    "claim_invitation": (
        Probe("SELECT reason FROM claim_invitation('', NULL, true)", ("unknown",)),
        Probe("SELECT reason FROM claim_invitation(NULL, :book, true)", ("unknown",)),
    ),
    "invitations_to_me": (Probe("SELECT i::text FROM invitations_to_me() i", ()),),
    # Only an authenticator knows the id of its credential, and only the provider signs whose identity one is.
    "passkey_for_login": (
        Probe("SELECT k::text FROM passkey_for_login('') k", ()),
        Probe("SELECT k::text FROM passkey_for_login(NULL) k", ()),
    ),
    "user_of_identity": (Probe("SELECT i::text FROM user_of_identity('%', '%') i", ()),),
    # Of the open book and who asks alone.
    "owns_open_book": (Probe("SELECT owns_open_book()::text", ("false", "true")),),
    "open_book_is_new": (Probe("SELECT open_book_is_new()::text", ("false", "true")),),
    "delete_person": (
        Probe("SELECT outcome FROM delete_person(:kim)", ("forbidden",)),
        Probe("SELECT outcome FROM delete_person(:kim)", ("forbidden",), "users:ban"),
    ),
    # It deletes the open book of its owner; tests/leaving shows that it deletes no other.
    "delete_book": (),
    "book_was_deleted": (Probe("SELECT book_was_deleted(:book)::text", ("false",)),),
    # What is hidden from whom asks in the open book: their own book hides nothing from them.
    "hidden_transactions": (Probe("SELECT hidden_transactions()::text", ()),),
    "partial_transactions": (Probe("SELECT partial_transactions()::text", ()),),
    "touched_transactions": (Probe("SELECT touched_transactions()::text", ()),),
    "hidden_payees": (Probe("SELECT hidden_payees()::text", ()),),
    "hidden_tags": (Probe("SELECT hidden_tags()::text", ()),),
    "hidden_imports": (Probe("SELECT hidden_imports()::text", ()),),
    "hidden_entities": (Probe("SELECT e::text FROM hidden_entities() e WHERE e IS NOT NULL", ()),),
    "is_private_import": (Probe("SELECT is_private_import(:book)::text", ("false",)),),
    "is_private_revision": (Probe("SELECT is_private_revision(1)::text", ("false",)),),
    "has_private_to_seal": (Probe("SELECT has_private_to_seal(:book, '2030-01-01')::text", ("false",)),),
    "holds_alone": (Probe("SELECT holds_alone(:book, :kim)::text", ("false",)),),
    "adopt_names": (Probe("SELECT adopt_names(ARRAY['Shop'], ARRAY['tag'])::text", ("",)),),
    "are_names_taken": (Probe("SELECT are_names_taken(ARRAY['Shop'], ARRAY['tag'])::text", ("false",)),),
    # It notes what belongs to an account of the open book; an account of another has nothing there.
    "note_private_account": (),
    "note_private_names": NOT_GRANTED,
    "note_private_events": NOT_GRANTED,
    "refuse_private": NOT_GRANTED,
    "hand_over_private": NOT_GRANTED,
    "keep_an_owner": NOT_GRANTED,
    "follow_membership": NOT_GRANTED,
    "forget_book": NOT_GRANTED,
}
