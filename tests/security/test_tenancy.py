"""Every route with another person's token, with none and with garbage: a new route must be added here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import text

from app.core.clock import now
from app.core.database import Database
from app.core.ids import new_id
from tests.attachments.files import attach, png
from tests.authenticator import Authenticator
from tests.conftest import Unchanged
from tests.factors import add_passkey, confirm
from tests.people import API, PASSWORD, Person, expect, problem

OWN = "own"
"""The route has no id of a book's row in it: the answer shows nothing that is Kim's."""
FOREIGN = "foreign"
"""The route names a row of Kim's: for anybody else it does not exist."""
ADMINISTRATION = "administration"
"""The route is for those who look after the server, whoever's row it names."""


@dataclass(frozen=True)
class Attempt:
    """How to call a route with Kim's ids, and what anybody else may get."""

    expected: str
    body: Callable[[dict[str, Any]], Any] | None = None
    form: Callable[[dict[str, Any]], dict[str, str]] | None = None
    params: dict[str, str] = field(default_factory=dict)
    write: bool = False
    public: bool = False
    answer: int | None = None
    """What its caller gets where that is neither 200 nor 201, in any book."""
    viewer: int | None = None
    """What a viewer gets where it is not 200 for reading and 403 for writing."""
    confirmed: bool = False
    """Who has not just proved again who they are gets 403, before anything of theirs is touched."""
    apart: bool = False
    """A viewer may, and then is one no more: tested by itself."""


def expense(ids: dict[str, str]) -> dict[str, Any]:
    return {"type": "expense", "date": "2026-01-01", "amount": "1", "account_id": ids["account_id"]}


def pair(ids: dict[str, str]) -> dict[str, Any]:
    return {"outgoing_id": ids["transaction_id"], "incoming_id": ids["category_id"]}


def goal(ids: dict[str, str]) -> dict[str, Any]:
    sources = [{"account_id": ids["account_id"]}]
    return {"name": "G", "kind": "save_up", "target_amount": "10", "currency": "EUR", "sources": sources}


ASSET = {"symbol": "GOLD", "name": "Gold", "type": "metal", "currency": "EUR"}
HOLDING = {
    "symbol": "HELD",
    "quantity": "1",
    "purchase_price": "2",
    "purchase_date": "2026-01-02",
    "currency": "EUR",
}


def trade(ids: dict[str, str]) -> dict[str, Any]:
    places = {"account_id": ids["account_id"], "asset_id": ids["asset_id"]}
    return {"kind": "deposit", "date": "2026-01-02", "quantity": "1", "cost": "2", **places}


def saved(ids: dict[str, str]) -> dict[str, Any]:
    filters = {"account_ids": [ids["account_id"]], "period": "2026-01-01..2026-01-31"}
    return {"name": "secret report", "measures": ["expenses"], "dimensions": ["payee"], "filters": filters}


JANUARY = {"period": "2026-01-01..2026-01-31"}
LOAN = {"annual_rate": "1", "term": 6, "first_payment_date": "2026-02-01"}
MONTHLY = {"name": "secret budget", "amount": "100", "period": "monthly", "start_date": "2026-01-01"}


def new_budget(ids: dict[str, str]) -> dict[str, Any]:
    return {**MONTHLY, "name": "B", "category_ids": [ids["category_id"]]}


async def budgets_of(kim: Person, tag_id: str) -> dict[str, str]:
    """Two envelopes with money in them, one in a group, with a second amount, and a limit over a tag."""
    group = expect(await kim.http.post("/budget-groups", json={"name": "secret group"}), 201)
    envelope = {**MONTHLY, "kind": "envelope", "thresholds": [], "group_id": group["id"]}
    made = [expect(await kim.http.post("/budgets", json=envelope), 201) for _ in range(2)]
    for budget in made:
        put = {"amount": "50", "date": "2026-01-01"}
        expect(await kim.http.post(f"/budgets/{budget['id']}/assign", json=put), 201)
    amount = {"from": "2026-03-01", "amount": "50"}
    second = expect(await kim.http.post(f"/budgets/{made[0]['id']}/amounts", json=amount), 201)
    expect(await kim.http.post("/budgets", json={**MONTHLY, "tag_ids": [tag_id]}), 201)
    return {
        "budget_id": made[0]["id"], "other_budget_id": made[1]["id"], "group_id": group["id"],
        "budget_group_id": group["id"], "amount_id": second["id"],
    }  # fmt: skip


def monthly(ids: dict[str, str]) -> dict[str, Any]:
    template = {"type": "expense", "account_id": ids["account_id"], "category_id": ids["category_id"]}
    rule = {"rrule": "FREQ=MONTHLY", "starts_on": "2090-01-01"}
    return {"name": "secret rent", "template": {**template, "payee": "secret"}, "amount": "42.42", **rule}


def what_if(ids: dict[str, str]) -> dict[str, Any]:
    change = {"type": "balance", "account_id": ids["account_id"], "balance": "1"}
    return {"account_ids": [ids["account_id"]], "months": 1, "points": "monthly", "changes": [change]}


def new_account(_: dict[str, str]) -> dict[str, Any]:
    return {"name": "New", "type": "cash", "currency": "EUR"}


def rule_about(category_id: str) -> dict[str, Any]:
    return {
        "name": "secret rule",
        "condition": {"field": "payee", "op": "contains", "value": "secret"},
        "actions": [{"type": "set_category", "category_id": category_id}],
    }


ATTEMPTS: dict[str, Attempt] = {
    "register": Attempt(OWN, lambda _: {"email": "x", "password": PASSWORD}, public=True),
    "get_token": Attempt(OWN, form=lambda _: {"username": "x", "password": "x"}, public=True),
    "login": Attempt(OWN, lambda _: {"email": "x", "password": "x"}, public=True),
    "refresh": Attempt(OWN, lambda _: {"refresh_token": "x"}, public=True),
    "logout": Attempt(OWN, lambda _: {"refresh_token": "x"}, public=True),
    "show_unsubscribe": Attempt(OWN, params={"token": "x"}, public=True),
    "unsubscribe": Attempt(OWN, lambda _: {"token": "x"}, public=True),
    "list_notifications": Attempt(OWN),
    "count_unread_notifications": Attempt(OWN),
    "read_notifications": Attempt(OWN),
    "read_notification": Attempt(FOREIGN, viewer=404),
    "unread_notification": Attempt(FOREIGN, viewer=404),
    "dismiss_notification": Attempt(FOREIGN, viewer=404),
    "get_notification_settings": Attempt(OWN),
    "replace_notification_settings": Attempt(OWN, lambda _: {"weekly_digest": {"hour": 9}}),
    "get_second_factor": Attempt(OWN),
    "start_totp": Attempt(OWN, answer=403),
    "verify_totp": Attempt(OWN, lambda _: {"otp": "x"}, answer=409),
    "remove_totp": Attempt(OWN, answer=403),
    "replace_recovery_codes": Attempt(OWN, answer=403),
    "confirm": Attempt(OWN, lambda _: {"password": "x"}, answer=403),
    "get_confirm_options": Attempt(OWN, answer=409),
    "get_passkey_login_options": Attempt(OWN, public=True),
    "login_with_passkey": Attempt(OWN, lambda _: {"credential": Authenticator().get({"challenge": "x"})}, public=True),
    "get_passkey_options": Attempt(OWN, answer=403),
    "create_passkey": Attempt(
        OWN,
        lambda _: {"name": "P", "credential": Authenticator().create({"challenge": "x", "user": {"id": "eA"}})},
        answer=403,
    ),
    "list_passkeys": Attempt(OWN),
    "update_passkey": Attempt(FOREIGN, lambda _: {"name": "Mine now"}, viewer=404),
    "delete_passkey": Attempt(FOREIGN, answer=403),
    "list_sessions": Attempt(OWN),
    "delete_session": Attempt(FOREIGN, viewer=404),
    "logout_all": Attempt(OWN, lambda _: {"keep_current": True}, viewer=200),
    "list_scopes": Attempt(OWN),
    "create_personal_token": Attempt(OWN, lambda _: {"name": "T", "scopes": ["tags:read"]}, answer=403),
    "list_personal_tokens": Attempt(OWN),
    "get_personal_token": Attempt(FOREIGN, viewer=404),
    "delete_personal_token": Attempt(FOREIGN, viewer=404),
    "get_public_keys": Attempt(OWN, public=True),
    "change_password": Attempt(OWN, lambda _: {"current_password": "x", "new_password": f"{PASSWORD} x"}, answer=403),
    "forgot_password": Attempt(OWN, lambda _: {"email": "x"}, public=True),
    "reset_password": Attempt(OWN, lambda _: {"token": "x", "new_password": PASSWORD}, public=True),
    "verify_email": Attempt(OWN, lambda _: {"token": "x", "password": "x"}, public=True),
    "verify_own_email": Attempt(OWN, lambda _: {"token": "x"}, answer=422),
    "resend_verification": Attempt(OWN, lambda _: {"email": "x"}, public=True),
    "change_email": Attempt(OWN, lambda _: {"email": "x@example.com"}, answer=403),
    "create_invitation": Attempt(ADMINISTRATION, lambda _: {}),
    "list_invitations": Attempt(ADMINISTRATION),
    "revoke_invitation": Attempt(ADMINISTRATION),
    "get_single_sign_on": Attempt(OWN, public=True),
    "start_single_sign_on": Attempt(OWN, public=True),
    "finish_single_sign_on": Attempt(OWN, public=True),
    "exchange_code": Attempt(OWN, lambda _: {"code": "x"}, public=True),
    # There is no provider, and nobody has confirmed who they are.
    "confirm_by_single_sign_on": Attempt(OWN, lambda _: {}, answer=404),
    "link_identity": Attempt(OWN, lambda _: {}, answer=403),
    "list_identities": Attempt(OWN),
    "unlink_identity": Attempt(FOREIGN, viewer=404),
    "health": Attempt(OWN, public=True),
    "health_detailed": Attempt(OWN, public=True),
    "metrics": Attempt(OWN, public=True),
    "get_me": Attempt(OWN),
    "update_me": Attempt(OWN, lambda _: {}, viewer=200),
    "list_own_audit": Attempt(OWN),
    "list_users": Attempt(ADMINISTRATION),
    "get_user": Attempt(ADMINISTRATION),
    "set_user_role": Attempt(ADMINISTRATION, lambda _: {"role": "moderator"}),
    "ban_user": Attempt(ADMINISTRATION, lambda _: {"reason": "Spam"}),
    "unban_user": Attempt(ADMINISTRATION),
    "delete_user": Attempt(ADMINISTRATION),
    "list_permissions": Attempt(ADMINISTRATION),
    "list_roles": Attempt(ADMINISTRATION),
    "set_role_permissions": Attempt(ADMINISTRATION, lambda _: {"permissions": ["profile:read"]}),
    "get_statistics": Attempt(ADMINISTRATION),
    "list_jobs": Attempt(ADMINISTRATION),
    "list_tasks": Attempt(ADMINISTRATION),
    "get_job": Attempt(ADMINISTRATION),
    "retry_job": Attempt(ADMINISTRATION),
    "drop_job": Attempt(ADMINISTRATION),
    "list_audit": Attempt(ADMINISTRATION),
    "list_books": Attempt(OWN),
    "get_book": Attempt(FOREIGN),
    "update_book": Attempt(FOREIGN, lambda _: {"name": "Mine now"}, write=True),
    "lock_book": Attempt(FOREIGN, lambda _: {"locked_until": "2026-01-31"}, write=True),
    "create_book": Attempt(OWN, lambda _: {"name": "B"}, viewer=201),
    "delete_book": Attempt(FOREIGN, params={"name": "Personal"}, write=True),
    "list_members": Attempt(FOREIGN),
    "set_member_role": Attempt(FOREIGN, lambda _: {"role": "owner"}, write=True),
    "remove_member": Attempt(FOREIGN, write=True),
    "leave_book": Attempt(FOREIGN, write=True, apart=True),
    "transfer_ownership": Attempt(FOREIGN, lambda ids: {"user_id": ids["user_id"]}, write=True),
    "invite_member": Attempt(FOREIGN, lambda _: {"role": "owner"}, write=True),
    "list_book_invitations": Attempt(FOREIGN, viewer=403),
    "revoke_book_invitation": Attempt(FOREIGN, write=True),
    "list_invitations_to_me": Attempt(OWN),
    "accept_invitation_token": Attempt(FOREIGN, lambda _: {"token": "x"}, viewer=404),
    "accept_invitation": Attempt(FOREIGN, viewer=404),
    "decline_invitation": Attempt(FOREIGN, viewer=404),
    "export_everything": Attempt(OWN, viewer=403, confirmed=True),
    "delete_me": Attempt(OWN, viewer=403, confirmed=True),
    "check_integrity": Attempt(FOREIGN, viewer=403),
    "change_base_currency": Attempt(FOREIGN, lambda _: {"currency": "CHF", "convert_budgets": True}, write=True),
    "get_base_currency_change": Attempt(FOREIGN, viewer=404),
    "list_currencies": Attempt(OWN),
    "get_currency": Attempt(OWN),
    "create_currency": Attempt(
        ADMINISTRATION, lambda ids: {"code": f"N{ids['currency_code']}", "name": "New", "exponent": 0}
    ),
    "update_currency": Attempt(ADMINISTRATION, lambda _: {"name": "Mine now"}),
    "delete_currency": Attempt(ADMINISTRATION),
    "list_rates": Attempt(OWN, params={"base": "EUR", "quote": "KWD"}),
    "list_rate_providers": Attempt(OWN),
    "convert_amount": Attempt(OWN, params={"from": "EUR", "to": "EUR", "amount": "1"}),
    "set_rate": Attempt(
        OWN, lambda _: {"base": "EUR", "quote": "ISK", "date": "2026-01-02", "rate": "140"}, write=True
    ),
    "get_rate": Attempt(FOREIGN),
    "delete_rate": Attempt(FOREIGN, write=True),
    "import_rates": Attempt(OWN, form=lambda _: {}, write=True),
    "refresh_rates": Attempt(ADMINISTRATION),
    "get_book_rate_history": Attempt(FOREIGN),
    "create_account": Attempt(OWN, new_account, write=True),
    "list_accounts": Attempt(OWN),
    "get_account": Attempt(FOREIGN),
    "replace_account": Attempt(FOREIGN, lambda _: {"name": "Mine now", "type": "cash"}, write=True),
    "update_account": Attempt(FOREIGN, lambda _: {"name": "Mine now"}, write=True),
    "delete_account": Attempt(FOREIGN, write=True),
    "get_account_balance": Attempt(FOREIGN, params={"at": "2026-01-31"}),
    "list_account_transactions": Attempt(FOREIGN),
    "reconcile_account": Attempt(
        FOREIGN, lambda _: {"statement_date": "2026-01-31", "statement_balance": "0", "adjust": True}, write=True
    ),
    "list_reconciliations": Attempt(FOREIGN),
    "create_category": Attempt(
        FOREIGN, lambda ids: {"name": "C", "kind": "expense", "parent_id": ids["category_id"]}, write=True
    ),
    "list_categories": Attempt(OWN),
    "get_category": Attempt(FOREIGN),
    "replace_category": Attempt(FOREIGN, lambda _: {"name": "Mine now"}, write=True),
    "update_category": Attempt(FOREIGN, lambda _: {"name": "Mine now"}, write=True),
    "move_category": Attempt(FOREIGN, lambda _: {"parent_id": None}, write=True),
    "delete_category": Attempt(FOREIGN, write=True),
    "create_transaction": Attempt(FOREIGN, expense, write=True),
    "list_transactions": Attempt(OWN, params={"q": "secret"}),
    "get_transaction": Attempt(FOREIGN),
    "replace_transaction": Attempt(FOREIGN, expense, write=True),
    "update_transaction": Attempt(FOREIGN, lambda _: {"notes": "Mine now"}, write=True),
    "delete_transaction": Attempt(FOREIGN, write=True),
    "create_budget": Attempt(FOREIGN, new_budget, write=True),
    "list_budgets": Attempt(OWN),
    "get_budget": Attempt(FOREIGN),
    "replace_budget": Attempt(FOREIGN, lambda _: {**MONTHLY, "name": "Mine now"}, write=True),
    "update_budget": Attempt(FOREIGN, lambda _: {"name": "Mine now"}, write=True),
    "delete_budget": Attempt(FOREIGN, write=True),
    "list_budget_statuses": Attempt(OWN),
    "get_budget_status": Attempt(FOREIGN),
    "get_budget_periods": Attempt(FOREIGN),
    "list_budget_amounts": Attempt(FOREIGN),
    "set_budget_amount": Attempt(FOREIGN, lambda _: {"from": "2026-02-01", "amount": "5"}, write=True),
    "delete_budget_amount": Attempt(FOREIGN, write=True),
    "list_envelopes": Attempt(OWN),
    "list_assignments": Attempt(FOREIGN),
    "assign_to_envelope": Attempt(FOREIGN, lambda _: {"amount": "1", "date": "2026-01-01"}, write=True),
    "move_between_envelopes": Attempt(
        FOREIGN,
        lambda ids: {"from": ids["budget_id"], "to": ids["other_budget_id"], "amount": "1", "date": "2026-01-01"},
        write=True,
    ),
    "create_budget_group": Attempt(OWN, lambda _: {"name": "G"}, write=True),
    "list_budget_groups": Attempt(OWN),
    "get_budget_group": Attempt(FOREIGN),
    "replace_budget_group": Attempt(FOREIGN, lambda _: {"name": "Mine now"}, write=True),
    "update_budget_group": Attempt(FOREIGN, lambda _: {"name": "Mine now"}, write=True),
    "delete_budget_group": Attempt(FOREIGN, write=True),
    "get_budget_group_status": Attempt(FOREIGN),
    "report_budgets": Attempt(OWN),
    "create_payee": Attempt(FOREIGN, lambda ids: {"name": "P", "default_category_id": ids["category_id"]}, write=True),
    "create_attachment": Attempt(FOREIGN, form=lambda _: {}, write=True),
    "list_attachments": Attempt(FOREIGN),
    "get_attachment": Attempt(FOREIGN),
    "get_attachment_content": Attempt(FOREIGN),
    "delete_attachment": Attempt(FOREIGN, write=True),
    "list_transfer_matches": Attempt(OWN, params={"date_to": "2026-01-31"}),
    "accept_transfer_match": Attempt(FOREIGN, pair, write=True),
    "reject_transfer_match": Attempt(FOREIGN, pair, write=True),
    "unseal_transaction": Attempt(FOREIGN, lambda _: {"reason": "Mine now"}, write=True),
    "list_payees": Attempt(OWN),
    "get_payee": Attempt(FOREIGN),
    "replace_payee": Attempt(FOREIGN, lambda _: {"name": "Mine now"}, write=True),
    "update_payee": Attempt(FOREIGN, lambda _: {"name": "Mine now"}, write=True),
    "merge_payees": Attempt(FOREIGN, lambda ids: {"payee_ids": [ids["other_payee_id"]]}, write=True),
    "delete_payee": Attempt(FOREIGN, write=True),
    "get_payee_statistics": Attempt(FOREIGN),
    "create_tag": Attempt(OWN, lambda _: {"name": "T"}, write=True),
    "list_tags": Attempt(OWN),
    "get_tag": Attempt(FOREIGN),
    "replace_tag": Attempt(FOREIGN, lambda _: {"name": "Mine now"}, write=True),
    "update_tag": Attempt(FOREIGN, lambda _: {"name": "Mine now"}, write=True),
    "merge_tags": Attempt(FOREIGN, lambda ids: {"tag_ids": [ids["other_tag_id"]]}, write=True),
    "delete_tag": Attempt(FOREIGN, write=True),
    "get_tag_statistics": Attempt(FOREIGN),
    "autocomplete_payees": Attempt(OWN, params={"q": "secret"}),
    "autocomplete_tags": Attempt(OWN, params={"q": "secret"}),
    "autocomplete_categories": Attempt(OWN, params={"q": "secret"}),
    "autocomplete_accounts": Attempt(OWN, params={"q": "secret"}),
    "create_import": Attempt(FOREIGN, form=lambda ids: {"account_id": ids["account_id"]}, write=True, viewer=403),
    "list_imports": Attempt(OWN),
    "get_import": Attempt(FOREIGN),
    "list_import_rows": Attempt(FOREIGN),
    "commit_import": Attempt(FOREIGN, lambda _: {}, write=True),
    "undo_import": Attempt(FOREIGN, lambda _: {}, write=True),
    "discard_import": Attempt(FOREIGN, write=True),
    "bulk_transactions": Attempt(
        OWN,
        lambda ids: {"mode": "per_item", "operations": [{"op": "delete", "id": ids["transaction_id"]}]},
        write=True,
    ),
    "recategorise_transactions": Attempt(
        FOREIGN, lambda ids: {"filter": {"uncategorised": True}, "category_id": ids["category_id"]}, write=True
    ),
    "create_schedule": Attempt(FOREIGN, monthly, write=True),
    "list_schedules": Attempt(OWN),
    "list_upcoming": Attempt(OWN, params={"from": "2090-01-01"}),
    "preview_schedule": Attempt(OWN, params={"rrule": "FREQ=WEEKLY"}),
    "get_schedule": Attempt(FOREIGN),
    "replace_schedule": Attempt(FOREIGN, monthly, write=True),
    "update_schedule": Attempt(FOREIGN, lambda _: {"name": "Mine now"}, write=True),
    "delete_schedule": Attempt(FOREIGN, write=True),
    "change_following": Attempt(FOREIGN, lambda ids: {"from": ids["due_on"], "changes": {"amount": "2"}}, write=True),
    "list_occurrences": Attempt(FOREIGN),
    "get_occurrence": Attempt(FOREIGN),
    "update_occurrence": Attempt(FOREIGN, lambda _: {"amount": "2"}, write=True),
    "confirm_occurrence": Attempt(FOREIGN, lambda _: {}, write=True),
    "skip_occurrence": Attempt(FOREIGN, write=True),
    "unskip_occurrence": Attempt(FOREIGN, write=True),
    "list_bills": Attempt(OWN),
    "match_bill": Attempt(FOREIGN, lambda ids: {"transaction_id": ids["transaction_id"]}, write=True),
    "unmatch_bill": Attempt(FOREIGN, write=True),
    "list_subscriptions": Attempt(OWN),
    "summarise_subscriptions": Attempt(OWN),
    "accept_subscription": Attempt(FOREIGN, lambda _: {"key": "0" * 32}, write=True),
    "dismiss_subscription": Attempt(FOREIGN, lambda _: {"key": "0" * 32}, write=True),
    "create_rule": Attempt(FOREIGN, lambda ids: rule_about(ids["category_id"]), write=True),
    "list_rules": Attempt(OWN),
    "get_rule": Attempt(FOREIGN),
    "replace_rule": Attempt(FOREIGN, lambda ids: rule_about(ids["category_id"]), write=True),
    "update_rule": Attempt(FOREIGN, lambda _: {"name": "Mine now"}, write=True),
    "delete_rule": Attempt(FOREIGN, write=True),
    "reorder_rules": Attempt(FOREIGN, lambda ids: {"ids": [ids["rule_id"]]}, write=True),
    "test_rule": Attempt(
        FOREIGN,
        lambda ids: {
            "rule": rule_about(ids["category_id"]),
            "transaction": {
                "type": "expense",
                "date": "2026-01-15",
                "amount": "10.00",
                "account_id": ids["account_id"],
            },
        },
    ),
    "run_rules": Attempt(FOREIGN, lambda ids: {"rule_ids": [ids["rule_id"]]}, write=True),
    "list_rule_history": Attempt(OWN),
    "get_rule_history": Attempt(FOREIGN),
    "suggest_category": Attempt(OWN, params={"payee": "secret"}),
    "get_suggestion_settings": Attempt(OWN),
    "replace_suggestion_settings": Attempt(OWN, lambda _: {"auto_categorise": False}, write=True),
    "list_changes": Attempt(FOREIGN),
    "list_activity": Attempt(FOREIGN),
    "undo": Attempt(FOREIGN, lambda ids: {"revision": int(ids["revision"])}, write=True),
    "get_account_history": Attempt(FOREIGN),
    "get_attachment_history": Attempt(FOREIGN),
    "get_category_history": Attempt(FOREIGN),
    "get_import_history": Attempt(FOREIGN),
    "get_payee_history": Attempt(FOREIGN),
    "get_reconciliation_history": Attempt(FOREIGN),
    "get_budget_changes": Attempt(FOREIGN),
    "get_budget_group_history": Attempt(FOREIGN),
    "get_rule_changes": Attempt(FOREIGN),
    "get_schedule_history": Attempt(FOREIGN),
    "get_tag_history": Attempt(FOREIGN),
    "get_transaction_history": Attempt(FOREIGN),
    "export_transactions": Attempt(OWN, params={"format": "json"}),
    "export_report": Attempt(OWN, params={"report": "monthly", "year": "2026", "month": "1"}),
    "export_year": Attempt(OWN, params={"year": "2026"}),
    "draw_report_svg": Attempt(OWN, params={"year": "2026", "month": "1"}),
    "draw_report_png": Attempt(OWN),
    "export_saved_report": Attempt(FOREIGN),
    "draw_saved_report_svg": Attempt(FOREIGN),
    "draw_saved_report_png": Attempt(FOREIGN),
    "export_hledger": Attempt(OWN),
    "export_beancount": Attempt(OWN),
    "report_weekly": Attempt(OWN, params={"week": "2026-01-15"}),
    "send_weekly_report": Attempt(OWN, lambda _: {"week": "2026-01-15"}, answer=409),
    "get_valuation": Attempt(OWN),
    "get_portfolio_dashboard": Attempt(OWN),
    "get_portfolio_history": Attempt(OWN),
    "get_allocation": Attempt(OWN, params={"by": "asset"}),
    "get_portfolio_performance": Attempt(OWN),
    "list_allocation_targets": Attempt(OWN),
    "replace_allocation_targets": Attempt(
        FOREIGN,
        lambda ids: {"by": "account", "targets": [{"key": ids["account_id"], "target_percent": "5"}]},
        write=True,
    ),
    "get_forecast": Attempt(OWN),
    "forecast_what_if": Attempt(FOREIGN, what_if),
    "list_price_providers": Attempt(OWN),
    "create_asset": Attempt(OWN, lambda _: ASSET, write=True),
    "list_assets": Attempt(OWN),
    "get_asset": Attempt(FOREIGN),
    "replace_asset": Attempt(FOREIGN, lambda _: ASSET, write=True),
    "update_asset": Attempt(FOREIGN, lambda _: {"name": "Mine now"}, write=True),
    "delete_asset": Attempt(FOREIGN, write=True),
    "refresh_asset": Attempt(FOREIGN, write=True),
    "get_asset_price": Attempt(FOREIGN),
    "list_asset_prices": Attempt(FOREIGN),
    "set_asset_price": Attempt(FOREIGN, lambda _: {"price": "1"}, write=True),
    "delete_asset_price": Attempt(FOREIGN, write=True),
    "import_asset_prices": Attempt(OWN, form=lambda _: {}, write=True),
    "get_asset_history": Attempt(FOREIGN),
    "create_goal": Attempt(FOREIGN, goal, write=True),
    "list_goals": Attempt(OWN),
    "plan_goal": Attempt(OWN, lambda _: {"amount": "10", "currency": "EUR", "monthly_amount": "5"}, viewer=200),
    "get_goal": Attempt(FOREIGN),
    "replace_goal": Attempt(
        FOREIGN, lambda ids: {k: v for k, v in goal(ids).items() if k not in {"kind", "currency"}}, write=True
    ),
    "update_goal": Attempt(FOREIGN, lambda _: {"name": "Mine now"}, write=True),
    "delete_goal": Attempt(FOREIGN, write=True),
    "get_goal_history": Attempt(FOREIGN),
    "create_loan": Attempt(FOREIGN, lambda ids: {**LOAN, "account_id": ids["debt_id"]}, write=True),
    "list_loans": Attempt(OWN),
    "calculate_loan": Attempt(OWN, lambda _: {**LOAN, "principal": "10", "currency": "EUR"}, viewer=200),
    "get_loan": Attempt(FOREIGN),
    "get_loan_schedule": Attempt(FOREIGN),
    "replace_loan": Attempt(FOREIGN, lambda _: LOAN, write=True),
    "update_loan": Attempt(FOREIGN, lambda _: {"notes": "Mine now"}, write=True),
    "delete_loan": Attempt(FOREIGN, write=True),
    "get_loan_history": Attempt(FOREIGN),
    "create_trade": Attempt(FOREIGN, trade, write=True),
    "list_trades": Attempt(OWN),
    "get_trade": Attempt(FOREIGN),
    "replace_trade": Attempt(FOREIGN, trade, write=True),
    "update_trade": Attempt(FOREIGN, lambda _: {"notes": "Mine now"}, write=True),
    "delete_trade": Attempt(FOREIGN, write=True),
    "get_trade_history": Attempt(FOREIGN),
    "list_gains": Attempt(OWN),
    "get_cost_method": Attempt(FOREIGN),
    "set_cost_method": Attempt(FOREIGN, lambda _: {"method": "average"}, write=True),
    "get_cost_method_history": Attempt(FOREIGN),
    "get_allocation_target_history": Attempt(FOREIGN),
    "create_holding": Attempt(OWN, lambda _: HOLDING, write=True),
    "list_holdings": Attempt(OWN),
    "get_holding": Attempt(FOREIGN),
    "replace_holding": Attempt(FOREIGN, lambda _: {**HOLDING, "symbol": "secret"}, write=True),
    "delete_holding": Attempt(FOREIGN, write=True),
    "plan_debts": Attempt(
        OWN,
        lambda _: {
            "strategy": "snowball",
            "debts": [{"name": "D", "balance": "9", "annual_rate": "1", "minimum_payment": "5"}],
        },
        viewer=200,
    ),
    "report_monthly": Attempt(OWN, params={"year": "2026", "month": "1"}),
    "report_trends": Attempt(OWN, params=JANUARY),
    "report_categories": Attempt(OWN, params=JANUARY),
    "analyse_categories": Attempt(OWN),
    "report_networth": Attempt(OWN, params=JANUARY),
    "report_cashflow": Attempt(OWN, params=JANUARY),
    "report_income_statement": Attempt(OWN, params=JANUARY),
    "report_balance_sheet": Attempt(OWN, params={"at": "2026-01-31"}),
    "report_savings_rate": Attempt(OWN, params=JANUARY),
    "report_payees": Attempt(OWN, params=JANUARY),
    "report_tags": Attempt(OWN, params=JANUARY),
    "report_weekdays": Attempt(OWN, params=JANUARY),
    "report_largest": Attempt(OWN, params=JANUARY),
    "create_saved_report": Attempt(FOREIGN, saved, write=True),
    "list_saved_reports": Attempt(OWN),
    "get_saved_report": Attempt(FOREIGN),
    "replace_saved_report": Attempt(FOREIGN, saved, write=True),
    "update_saved_report": Attempt(FOREIGN, lambda _: {"name": "Mine now"}, write=True),
    "delete_saved_report": Attempt(FOREIGN, write=True),
    "run_saved_report": Attempt(FOREIGN),
    "get_saved_report_history": Attempt(FOREIGN),
}


UPLOADS = {
    "create_import": ("bank.csv", b"Date,Amount\n2026-01-25,-10.00\n", "text/csv"),
    "create_attachment": ("receipt.png", png(), "image/png"),
    "import_asset_prices": ("prices.csv", b"GOLD,2026-01-01,1\n", "text/csv"),
    "import_rates": ("rates.csv", b"2026-01-02,EUR,ISK,141\n", "text/csv"),
}


def operations(app: FastAPI) -> dict[str, tuple[str, str]]:
    """Method and path of each operation of the contract."""
    return {
        operation["operationId"]: (method.upper(), path)
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
    }


@pytest.fixture
async def ids(kim: Person, owner_database: Database) -> dict[str, str]:
    return await rows_of(kim, owner_database)


async def rows_of(kim: Person, owner_database: Database) -> dict[str, str]:
    """Kim's rows, whose texts say what nobody else may read."""
    account = await kim.account("secret account", opening_balance="4242.42", opening_date="2026-01-01")
    category = await kim.category("secret category")
    transaction = await kim.add(
        account_id=account["id"], category_id=category["id"], payee="secret payee", tags=["secret tag"], notes="secret"
    )
    other_payee = expect(
        await kim.http.post("/payees", json={"name": "secret other", "aliases": ["secret alias"]}), 201
    )
    other_tag = expect(await kim.http.post("/tags", json={"name": "secret other"}), 201)
    file = {"file": ("secret.csv", b"Date,Amount,Payee\n2026-01-25,-10.00,secret\n", "text/csv")}
    imported = expect(await kim.http.post("/imports", files=file, data={"account_id": account["id"]}), 201)
    # Its history begins with its commit.
    expect(await kim.http.post(f"/imports/{imported['id']}/commit", json={}), 200)
    tag = next(tag for tag in (await kim.read("/tags"))["items"] if tag["id"] != other_tag["id"])
    planned = await budgets_of(kim, tag["id"])
    (session,) = (await kim.read("/auth/sessions"))["items"]
    personal = {"name": "secret token", "scopes": ["tags:read"]}
    await confirm(kim)
    token = expect(await kim.http.post("/auth/tokens", json=personal), 201)
    rule = expect(await kim.http.post("/rules", json=rule_about(category["id"])), 201)
    statement = {"statement_date": "2020-01-01", "statement_balance": "0.00"}
    reconciled = expect(await kim.http.post(f"/accounts/{account['id']}/reconcile", json=statement), 201)
    invited = expect(
        await kim.http.post(
            f"/books/{kim.book_id}/invitations", json={"role": "viewer", "email": "secret@example.com"}
        ),
        201,
    )
    named = {"account_id": account["id"], "category_id": category["id"]}
    schedule = expect(await kim.http.post("/schedules", json=monthly(named)), 201)
    expect(await kim.http.post(f"/schedules/{schedule['id']}/occurrences/2090-03-01/skip"), 200)
    wanted = {**goal({"account_id": account["id"]}), "name": "secret goal"}
    owed = await kim.account("secret loan", type="loan")
    lent = {**LOAN, "account_id": owed["id"], "notes": "secret"}
    held = {**ASSET, "symbol": "secret", "name": "secret asset"}
    asset = expect(await kim.http.post("/portfolio/assets", json=held), 201)
    priced = await kim.http.put(f"/portfolio/assets/{asset['id']}/prices/2026-01-01", json={"price": "1"})
    expect(priced, 200)
    rate = {"base": "EUR", "quote": "KWD", "date": "2026-01-02", "rate": "4242.42"}
    chf = {"base": "EUR", "quote": "CHF", "date": str(now().date()), "rate": "0.93"}
    expect(await kim.http.put("/rates", json=chf), 200)
    bought = {**HOLDING, "symbol": "secret", "account_id": account["id"], "notes": "secret"}
    holding = expect(await kim.http.post("/portfolio", json=bought), 201)
    method = f"/portfolio/accounts/{account['id']}/cost-method"
    aimed = {"by": "account", "targets": [{"key": account["id"], "target_percent": "42"}]}
    return {
        "cost_method_id": expect(await kim.http.put(method, json={"method": "lifo"}), 200)["id"],
        "allocation_target_id": expect(await kim.http.put("/portfolio/targets", json=aimed), 200)["items"][0]["id"],
        "asset_id": asset["id"],
        "day": "2026-01-01",
        **dict.fromkeys(("rate_id", "book_rate_id"), expect(await kim.http.put("/rates", json=rate), 200)["id"]),
        "currency_code": await own_currency(owner_database),
        "holding_id": holding["id"],
        "trade_id": holding["lots"][0]["trade_id"],
        "goal_id": expect(await kim.http.post("/goals", json=wanted), 201)["id"],
        "saved_report_id": expect(
            await kim.http.post("/reports/saved", json=saved({"account_id": account["id"]})), 201
        )["id"],
        "loan_id": expect(await kim.http.post("/loans", json=lent), 201)["id"],
        "debt_id": (await kim.account("secret debt", type="loan"))["id"],
        **planned,
        "schedule_id": schedule["id"],
        "due_on": "2090-02-01",
        "skipped_on": "2090-03-01",
        "user_id": kim.user["id"],
        "report": "monthly",
        "role": "user",
        "book_id": kim.book_id,
        "session_id": session["id"],
        "token_id": token["id"],
        "invitation_id": invited["id"],
        "account_id": account["id"],
        "category_id": category["id"],
        "transaction_id": transaction["id"],
        "import_id": imported["id"],
        "payee_id": transaction["payee_id"],
        "rule_id": rule["id"],
        "other_payee_id": other_payee["id"],
        "tag_id": tag["id"],
        "other_tag_id": other_tag["id"],
        "reconciliation_id": reconciled["id"],
        "notification_id": await notification_of(owner_database, kim),
        "revision": str((await kim.read(f"/books/{kim.book_id}"))["revision"]),
        "job_id": await failed_job(owner_database),
        "passkey_id": (await add_passkey(kim, "secret passkey"))[1]["id"],
        "identity_id": await identity_of(owner_database, kim),
        "attachment_id": (await attach(kim, transaction, png("secret"), "secret.png"))["id"],
    }


async def notification_of(database: Database, person: Person) -> str:
    statement = text(
        "INSERT INTO notifications (user_id, source_book_id, kind, key, title, body, data, settled_at) VALUES "
        "(CAST(:user AS uuid), CAST(:book AS uuid), 'bill_due', 'secret', 'secret', 'secret', '{}', now()) "
        "RETURNING CAST(id AS text)"
    )
    async with database.begin() as connection:
        return str(await connection.scalar(statement, {"user": person.user["id"], "book": person.book_id}))


async def own_currency(database: Database) -> str:
    """A currency of the server's own that nothing uses."""
    code = f"M{new_id().hex[-9:].upper()}"
    statement = text("INSERT INTO currencies (code, name, exponent, kind) VALUES (:code, 'Miles', 0, 'custom')")
    async with database.begin() as connection:
        await connection.execute(statement, {"code": code})
    return code


async def failed_job(database: Database) -> str:
    """A dead letter of the server."""
    async with database.begin() as connection:
        insert = text(
            "INSERT INTO jobs.procrastinate_jobs (queue_name, task_name) VALUES ('test', 'test') RETURNING id"
        )
        made = await connection.scalar(insert)
        for status in ("doing", "failed"):
            change = text(f"UPDATE jobs.procrastinate_jobs SET status = '{status}' WHERE id = :id")
            await connection.execute(change, {"id": made})
    return str(made)


async def identity_of(database: Database, person: Person) -> str:
    statement = text(
        "INSERT INTO identities (user_id, issuer, subject) "
        "VALUES (CAST(:user AS uuid), 'secret', :user) RETURNING CAST(id AS text)"
    )
    async with database.begin() as connection:
        return str(await connection.scalar(statement, {"user": person.user["id"]}))


async def call(
    client: AsyncClient, app: FastAPI, name: str, ids: dict[str, str], headers: dict[str, str] | None = None
) -> Response:
    method, path = operations(app)[name]
    attempt = ATTEMPTS[name]
    extra: dict[str, Any] = {}
    if attempt.body is not None:
        extra["json"] = attempt.body(ids)
    if attempt.form is not None:
        extra["data"] = attempt.form(ids)
        if name in UPLOADS:
            extra["files"] = {"file": UPLOADS[name]}
    url = f"http://test{path.format(**ids)}"
    return await client.request(method, url, params=attempt.params, headers=headers, **extra)


def test_every_operation_has_an_attempt(app: FastAPI) -> None:
    assert set(operations(app)) == set(ATTEMPTS)


async def test_nobody_else_sees_or_changes_anything(
    app: FastAPI, kim: Person, robin: Person, ids: dict[str, str], unchanged: Unchanged
) -> None:
    await robin.account("Robin's own")
    async with unchanged(kim):
        for name, attempt in ATTEMPTS.items():
            answer = await call(robin.http, app, name, ids)
            if attempt.expected == FOREIGN:
                wanted_status = attempt.answer or 404
                assert answer.status_code == wanted_status, f"{name}: {answer.text}"
                problem(answer, wanted_status, answer.json()["code"])
            elif attempt.expected == ADMINISTRATION:
                problem(answer, 403, "missing_permission")
            elif attempt.confirmed:
                problem(answer, 403, "confirmation_required")
            elif not attempt.public:
                wanted = {attempt.answer} if attempt.answer else {200, 201}
                assert answer.status_code in wanted, f"{name}: {answer.text}"
            # What an authenticator app gets is called so, and is the caller's own.
            assert "secret" not in answer.text.replace('{"secret":', "").replace("?secret=", ""), name
            assert '"4242.42"' not in answer.text, name
            assert not attempt.params.keys() & {"q"} or answer.json()["items"] == []


async def test_the_book_of_somebody_else_cannot_be_named(
    app: FastAPI, kim: Person, robin: Person, ids: dict[str, str], unchanged: Unchanged
) -> None:
    headers = {"X-Book-Id": kim.book_id}
    async with unchanged(kim):
        for name, attempt in ATTEMPTS.items():
            if not attempt.public:
                answer = await call(robin.http, app, name, ids, headers)
                wanted = 403 if attempt.expected == ADMINISTRATION else 404
                assert answer.status_code == wanted, f"{name}: {answer.text}"


@pytest.mark.parametrize("token", [None, "Bearer garbage", "Bearer a.b.c", "Basic a2ltOmtpbQ=="])
async def test_returns_401_without_a_token_of_ours(
    app: FastAPI, anonymous: AsyncClient, kim: Person, ids: dict[str, str], unchanged: Unchanged, token: str | None
) -> None:
    headers = {"Authorization": token} if token else {}
    async with unchanged(kim):
        for name, attempt in ATTEMPTS.items():
            if attempt.public:
                continue
            answer = await call(anonymous, app, name, ids, headers)
            assert answer.status_code == 401, f"{name}: {answer.text}"
            problem(answer, 401, "unauthenticated")
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_foreign_id_in_a_body_or_query_does_not_exist(
    kim: Person, robin: Person, ids: dict[str, str], unchanged: Unchanged
) -> None:
    account, category = await robin.account(), await robin.category()
    other = await robin.account("Other")
    made = await robin.add(account_id=account["id"])
    split = [{"amount": "10", "category_id": ids["category_id"]}]
    payee = expect(await robin.http.post("/payees", json={"name": "Robin's"}), 201)
    tag = expect(await robin.http.post("/tags", json={"name": "robins"}), 201)
    journal = {"type": "journal", "date": "2026-01-01"}
    line = {"account_id": account["id"], "role": "flow", "amount": "1"}
    adjustment = {"type": "adjustment", "date": "2026-01-01", "balance": "1"}
    async with unchanged(kim), unchanged(robin):
        for answer in (
            await robin.try_add(account_id=account["id"], category_id=ids["category_id"]),
            await robin.try_add(account_id=account["id"], splits=split),
            await robin.try_add(type="transfer", account_id=account["id"], to_account_id=ids["account_id"]),
            await robin.try_add(type="transfer", account_id=ids["account_id"], to_account_id=account["id"]),
            await robin.try_add(type="income", account_id=account["id"], refund_of_id=ids["transaction_id"]),
            await robin.http.post(
                "/transactions", json={**journal, "postings": [{**line, "account_id": ids["account_id"]}]}
            ),
            await robin.http.post(
                "/transactions", json={**journal, "postings": [{**line, "category_id": ids["category_id"]}]}
            ),
            await robin.http.post("/transactions", json={**adjustment, "account_id": ids["account_id"]}),
            await robin.http.patch(f"/transactions/{made['id']}", json={"account_id": ids["account_id"]}),
            await robin.http.patch(f"/transactions/{made['id']}", json={"category_id": ids["category_id"]}),
            await robin.http.patch(f"/categories/{category['id']}", json={"parent_id": ids["category_id"]}),
            await robin.http.post(f"/categories/{category['id']}/move", json={"parent_id": ids["category_id"]}),
            await robin.http.delete(f"/categories/{category['id']}", params={"reassign_to": ids["category_id"]}),
            await robin.http.delete(f"/accounts/{other['id']}", params={"reassign_to": ids["account_id"]}),
            await robin.http.patch(f"/payees/{payee['id']}", json={"default_category_id": ids["category_id"]}),
            await robin.http.post(f"/payees/{payee['id']}/merge", json={"payee_ids": [ids["payee_id"]]}),
            await robin.http.delete(f"/payees/{payee['id']}", params={"reassign_to": ids["payee_id"]}),
            await robin.http.post(f"/tags/{tag['id']}/merge", json={"tag_ids": [ids["tag_id"]]}),
        ):
            assert answer.status_code == 404, answer.text
        for name in ("account_id", "category_id", "import_id", "payee_id"):
            assert (await robin.read("/transactions", **{name: ids[name]}))["items"] == []


async def test_a_viewer_reads_and_does_not_write(
    app: FastAPI, kim: Person, robin: Person, ids: dict[str, str], unchanged: Unchanged, owner_database: Database
) -> None:
    member = text("INSERT INTO book_members (book_id, user_id, role) VALUES (:book, :user, 'viewer')")
    async with owner_database.begin() as connection:
        await connection.execute(member, {"book": kim.book_id, "user": robin.user["id"]})
    headers = {"X-Book-Id": kim.book_id}
    async with unchanged(kim):
        for name, attempt in ATTEMPTS.items():
            if attempt.public or attempt.apart:
                continue
            answer = await call(robin.http, app, name, ids, headers)
            refused = attempt.write or attempt.expected == ADMINISTRATION
            wanted = attempt.viewer or attempt.answer or (403 if refused else 200)
            assert answer.status_code == wanted, f"{name}: {answer.text}"
    async with owner_database.begin() as connection:
        leave = text("DELETE FROM book_members WHERE book_id = :book AND user_id = :user")
        await connection.execute(leave, {"book": kim.book_id, "user": robin.user["id"]})
    problem(await robin.http.get("/accounts", headers=headers), 404, "not_found")


async def test_an_editor_writes_but_does_not_change_the_book_itself(
    kim: Person, robin: Person, ids: dict[str, str], owner_database: Database
) -> None:
    member = text("INSERT INTO book_members (book_id, user_id, role) VALUES (:book, :user, 'editor')")
    async with owner_database.begin() as connection:
        await connection.execute(member, {"book": kim.book_id, "user": robin.user["id"]})
    headers = {"X-Book-Id": kim.book_id}
    expect(await robin.http.post("/transactions", json=expense(ids), headers=headers), 201)
    problem(await robin.http.patch(f"/books/{kim.book_id}", json={"name": "Mine now"}), 403, "forbidden")
    locked = await robin.http.put(f"/books/{kim.book_id}/lock", json={"locked_until": "2026-01-31"})
    problem(locked, 403, "forbidden")
    assert [book["role"] for book in (await robin.read("/books"))["items"]] == ["editor", "owner"]
    async with owner_database.begin() as connection:
        leave = text("DELETE FROM book_members WHERE book_id = :book AND user_id = :user")
        await connection.execute(leave, {"book": kim.book_id, "user": robin.user["id"]})
        actors = text("SELECT DISTINCT actor_id::text FROM events WHERE book_id = :book")
        assert set((await connection.execute(actors, {"book": kim.book_id})).scalars()) == {
            kim.user["id"],
            robin.user["id"],
        }


def test_the_prefix_of_the_api_is_the_one_tests_use(app: FastAPI) -> None:
    outside = {path for _, path in operations(app).values() if not path.startswith(f"{API}/")}
    assert outside == {"/health", "/health/detailed", "/metrics", "/.well-known/jwks.json"}
