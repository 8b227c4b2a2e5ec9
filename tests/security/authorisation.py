"""Who may do what: a row for each route, in groups whose columns say what must happen to each kind of caller."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.factors import code
from tests.people import PASSWORD

NEXT_PASSWORD = "seven gentle otters paint at noon"


@dataclass(frozen=True)
class Refusal:
    """The status and the code that a caller gets."""

    status: int
    code: str


OK = None
"""A success: 2xx, or what `DOMAIN_ANSWERS` says."""
UNAUTHENTICATED = Refusal(401, "unauthenticated")
NOT_THERE = Refusal(404, "not_found")
NO_INVITATION = Refusal(404, "invitation_not_found")
READS_ONLY = Refusal(403, "forbidden")
MISSING = Refusal(403, "missing_permission")
NO_SCOPE = Refusal(403, "insufficient_scope")
UNCONFIRMED = Refusal(403, "confirmation_required")

NOBODY = ("anonymous", "expired token", "revoked session", "banned")
"""Callers of whom it is not known who they are, whatever they were; what they ask for would be theirs."""
PEOPLE = ("stranger", "viewer", "editor", "owner", "moderator", "admin")
"""Sessions: those who are no members of the book are `stranger`, `moderator` and `admin`."""
UNPROVEN = ("unconfirmed session",)
"""A session of somebody who may do everything, and has not proved again who they are."""
TOKENS = ("token without the scope", "token with only the scope")
"""Personal access tokens of somebody who may do everything."""


@dataclass(frozen=True)
class Group:
    """Routes of which the same is true."""

    name: str
    stranger: Refusal | None
    viewer: Refusal | None
    editor: Refusal | None
    owner: Refusal | None
    moderator: Refusal | None
    admin: Refusal | None
    in_book: bool = False
    """The caller names Kim's book with `X-Book-Id`."""
    of_kim: bool = False
    """What is named is Kim's, who is `owner`, and her tokens are those of the last columns."""

    def __str__(self) -> str:
        return self.name


#                                          stranger   viewer      editor      owner      moderator  admin
PUBLIC = Group("public", OK, OK, OK, OK, OK, OK)
OWN_ACCOUNT = Group("own account", OK, OK, OK, OK, OK, OK)
OWN_ROW = Group("own row", NOT_THERE, NOT_THERE, NOT_THERE, OK, NOT_THERE, NOT_THERE, of_kim=True)
OWN_INVITATION = Group(
    "own invitation", NO_INVITATION, NO_INVITATION, NO_INVITATION, OK, NO_INVITATION, NO_INVITATION, of_kim=True
)
BOOK_READ = Group("book read", NOT_THERE, OK, OK, OK, NOT_THERE, NOT_THERE, in_book=True)
BOOK_WRITE = Group("book write", NOT_THERE, READS_ONLY, OK, OK, NOT_THERE, NOT_THERE, in_book=True)
OWNER_ONLY = Group("owner only", NOT_THERE, READS_ONLY, READS_ONLY, OK, NOT_THERE, NOT_THERE, in_book=True)
MODERATION = Group("moderation", MISSING, MISSING, MISSING, MISSING, OK, OK)
ADMINISTRATION = Group("administration", MISSING, MISSING, MISSING, MISSING, MISSING, OK)

# To add a route: put its operation id into the line of its group and permission, or add such a line. It needs a row in
# ATTEMPTS of test_tenancy.py too; where the body there is not one that succeeds, put another into VALID, and where the
# row there is not one with which it succeeds, name another in OTHER_IDS.
TABLE: dict[tuple[Group, str | None], str] = {
    (PUBLIC, None): """
        register get_token login refresh logout forgot_password reset_password verify_email resend_verification
        get_passkey_login_options login_with_passkey get_single_sign_on start_single_sign_on finish_single_sign_on
        exchange_code show_unsubscribe unsubscribe get_public_keys health health_detailed metrics
    """,
    (OWN_ACCOUNT, "profile:read"): "get_me list_own_audit",
    (OWN_ACCOUNT, "profile:write"): "update_me",
    (OWN_ACCOUNT, "identity:manage"): """
        confirm get_confirm_options confirm_by_single_sign_on
        get_second_factor start_totp verify_totp remove_totp replace_recovery_codes
        get_passkey_options create_passkey list_passkeys
        list_sessions logout_all list_scopes create_personal_token list_personal_tokens
        change_password change_email verify_own_email link_identity list_identities export_everything delete_me
    """,
    (OWN_ACCOUNT, "notifications:read"): "list_notifications count_unread_notifications get_notification_settings",
    (OWN_ACCOUNT, "notifications:write"): "read_notifications replace_notification_settings",
    (OWN_ROW, "notifications:write"): "read_notification unread_notification dismiss_notification",
    (OWN_ROW, "identity:manage"): """
        update_passkey delete_passkey delete_session get_personal_token delete_personal_token unlink_identity
    """,
    (OWN_ACCOUNT, "books:read"): "list_books list_invitations_to_me",
    (OWN_ACCOUNT, "books:write"): "create_book",
    (OWN_ACCOUNT, "members:manage"): "accept_invitation_token",
    (OWN_INVITATION, "members:manage"): "accept_invitation decline_invitation",
    (OWN_ACCOUNT, "currencies:read"): "list_currencies get_currency",
    (ADMINISTRATION, "currencies:write"): "create_currency update_currency delete_currency",
    (OWN_ACCOUNT, "rates:read"): "list_rate_providers",
    (BOOK_READ, "rates:read"): "list_rates get_rate convert_amount",
    (BOOK_WRITE, "rates:write"): "set_rate delete_rate import_rates",
    (BOOK_READ, "books:read"): "get_book list_members get_base_currency_change",
    (BOOK_READ, "members:manage"): "leave_book",
    (OWNER_ONLY, "books:write"): "update_book lock_book delete_book change_base_currency",
    (OWNER_ONLY, "members:manage"): """
        set_member_role remove_member transfer_ownership invite_member list_book_invitations revoke_book_invitation
    """,
    (BOOK_READ, "accounts:read"): """
        list_accounts get_account get_account_balance list_account_transactions list_reconciliations
        autocomplete_accounts
    """,
    (BOOK_WRITE, "accounts:write"): """
        create_account replace_account update_account delete_account reconcile_account
    """,
    (BOOK_READ, "categories:read"): "list_categories get_category autocomplete_categories",
    (BOOK_WRITE, "categories:write"): """
        create_category replace_category update_category move_category delete_category
    """,
    (BOOK_READ, "transactions:read"): "list_transactions get_transaction list_transfer_matches",
    (BOOK_WRITE, "transactions:write"): """
        create_transaction replace_transaction update_transaction delete_transaction unseal_transaction
        bulk_transactions recategorise_transactions accept_transfer_match reject_transfer_match
    """,
    (BOOK_READ, "budgets:read"): """
        list_budgets get_budget list_budget_statuses get_budget_status get_budget_periods list_budget_amounts
        list_envelopes list_assignments list_budget_groups get_budget_group get_budget_group_status
    """,
    (BOOK_WRITE, "budgets:write"): """
        create_budget replace_budget update_budget delete_budget set_budget_amount delete_budget_amount
        assign_to_envelope move_between_envelopes
        create_budget_group replace_budget_group update_budget_group delete_budget_group
    """,
    (BOOK_READ, "payees:read"): "list_payees get_payee get_payee_statistics autocomplete_payees",
    (BOOK_WRITE, "payees:write"): "create_payee replace_payee update_payee merge_payees delete_payee",
    (BOOK_READ, "tags:read"): "list_tags get_tag get_tag_statistics autocomplete_tags",
    (BOOK_WRITE, "tags:write"): "create_tag replace_tag update_tag merge_tags delete_tag",
    (BOOK_READ, "rules:read"): """
        list_rules get_rule list_rule_history get_rule_history test_rule suggest_category get_suggestion_settings
    """,
    (BOOK_WRITE, "rules:write"): """
        create_rule replace_rule update_rule delete_rule reorder_rules run_rules replace_suggestion_settings
    """,
    (BOOK_READ, "attachments:read"): "list_attachments get_attachment get_attachment_content",
    (BOOK_WRITE, "attachments:write"): "create_attachment delete_attachment",
    (BOOK_READ, "imports:read"): "list_imports get_import list_import_rows",
    (BOOK_WRITE, "imports:write"): "create_import commit_import undo_import discard_import",
    (BOOK_READ, "goals:read"): """
        list_goals get_goal plan_goal list_loans get_loan get_loan_schedule calculate_loan plan_debts
    """,
    (BOOK_WRITE, "goals:write"): """
        create_goal replace_goal update_goal delete_goal create_loan replace_loan update_loan delete_loan
    """,
    (BOOK_READ, "portfolio:read"): """
        list_assets get_asset get_asset_price list_asset_prices list_price_providers
        list_trades get_trade list_gains get_cost_method list_holdings get_holding
        get_valuation get_portfolio_dashboard get_portfolio_history get_allocation list_allocation_targets
        get_portfolio_performance
    """,
    (BOOK_WRITE, "portfolio:write"): """
        create_asset replace_asset update_asset delete_asset refresh_asset
        set_asset_price delete_asset_price import_asset_prices
        create_trade replace_trade update_trade delete_trade set_cost_method
        create_holding replace_holding delete_holding replace_allocation_targets
    """,
    (OWN_ACCOUNT, "schedules:read"): "preview_schedule",
    (BOOK_READ, "schedules:read"): """
        list_schedules list_upcoming get_schedule list_occurrences get_occurrence
        list_bills list_subscriptions summarise_subscriptions
    """,
    (BOOK_WRITE, "schedules:write"): """
        create_schedule replace_schedule update_schedule delete_schedule change_following
        update_occurrence confirm_occurrence skip_occurrence unskip_occurrence
        match_bill unmatch_bill accept_subscription dismiss_subscription
    """,
    (BOOK_READ, "reports:send"): "send_weekly_report",
    (BOOK_READ, "reports:read"): """
        draw_report_svg draw_report_png draw_saved_report_svg draw_saved_report_png
        report_monthly report_weekly report_budgets report_trends report_categories analyse_categories report_networth
        report_cashflow report_income_statement report_balance_sheet report_savings_rate report_payees report_tags
        report_weekdays report_largest list_saved_reports get_saved_report run_saved_report
    """,
    (BOOK_WRITE, "reports:write"): """
        create_saved_report replace_saved_report update_saved_report delete_saved_report
    """,
    (BOOK_READ, "forecast:read"): "get_forecast forecast_what_if",
    (BOOK_READ, "exports:read"): """
        export_hledger export_beancount export_transactions export_report export_saved_report export_year
    """,
    (BOOK_READ, "history:read"): """
        list_changes list_activity get_account_history get_attachment_history get_category_history get_import_history
        get_payee_history get_reconciliation_history get_schedule_history get_tag_history get_transaction_history
        get_goal_history get_loan_history get_asset_history get_trade_history get_saved_report_history
        get_budget_changes get_budget_group_history get_rule_changes get_book_rate_history
        get_allocation_target_history get_cost_method_history
    """,
    (BOOK_WRITE, "history:undo"): "undo",
    (OWNER_ONLY, "integrity:read"): "check_integrity",
    (MODERATION, "users:read"): "list_users get_user list_permissions list_roles",
    (MODERATION, "users:invite"): "create_invitation list_invitations revoke_invitation",
    (MODERATION, "users:ban"): "ban_user unban_user",
    (ADMINISTRATION, "users:role"): "set_user_role",
    (ADMINISTRATION, "users:delete"): "delete_user",
    (ADMINISTRATION, "permissions:manage"): "set_role_permissions",
    (MODERATION, "statistics:read"): "get_statistics",
    (MODERATION, "audit:read"): "list_audit",
    (ADMINISTRATION, "jobs:read"): "list_jobs list_tasks get_job",
    (ADMINISTRATION, "jobs:manage"): "retry_job drop_job refresh_rates",
}

CONFIRMED = {
    *("delete_user", "set_role_permissions", "delete_book", "delete_me", "export_everything"),
    *("remove_totp", "replace_recovery_codes", "get_passkey_options", "create_passkey", "delete_passkey"),
    *("change_email", "link_identity", "start_totp", "create_personal_token", "set_user_role"),
}
"""They ask for a confirmation moments before, which the sessions here have and a personal access token never has."""

VALID: dict[str, Callable[[dict[str, Any]], Any]] = {
    "register": lambda ids: {"email": "somebody-new@example.com", "password": PASSWORD},
    "get_token": lambda ids: {"username": ids["email"], "password": PASSWORD},
    "login": lambda ids: {"email": ids["email"], "password": PASSWORD},
    "refresh": lambda ids: {"refresh_token": ids["refresh_token"]},
    "reorder_rules": lambda ids: {"ids": [ids["rule_id"]]},
    "accept_transfer_match": lambda ids: {"outgoing_id": ids["outgoing_id"], "incoming_id": ids["incoming_id"]},
    "reject_transfer_match": lambda ids: {"outgoing_id": ids["outgoing_id"], "incoming_id": ids["incoming_id"]},
    "confirm": lambda _: {"password": PASSWORD},
    "verify_totp": lambda ids: {"otp": code(ids["totp_secret"])},
    "create_passkey": lambda ids: {"name": "Key", "credential": ids["new_credential"]},
    "login_with_passkey": lambda ids: {"credential": ids["assertion"]},
    "change_password": lambda _: {"current_password": PASSWORD, "new_password": NEXT_PASSWORD},
    "forgot_password": lambda ids: {"email": ids["email"]},
    "reset_password": lambda ids: {"token": ids["reset_token"], "new_password": NEXT_PASSWORD},
    "verify_email": lambda ids: {"token": ids["verify_token"], "password": PASSWORD},
    "resend_verification": lambda ids: {"email": ids["email"]},
    "change_email": lambda _: {"email": "another-address@example.com"},
    "exchange_code": lambda ids: {"code": ids["code"]},
    "accept_invitation_token": lambda ids: {"token": ids["invitation_token"]},
}
"""Bodies that succeed, where those of ATTEMPTS are not to."""

IN_BROWSER: dict[str, Callable[[dict[str, Any]], dict[str, str]]] = {
    "finish_single_sign_on": lambda ids: ids["back"],
    "exchange_code": lambda _: {},
}
"""What comes with the cookie of the browser in which the log-in at the provider was begun, and its parameters."""

OTHER_IDS = {
    "delete_account": {"account_id": "unused_account_id"},
    "delete_category": {"category_id": "unused_category_id"},
    "delete_payee": {"payee_id": "other_payee_id"},
    "delete_tag": {"tag_id": "other_tag_id"},
    "unseal_transaction": {"transaction_id": "sealed_id"},
    "unskip_occurrence": {"due_on": "skipped_on"},
    "commit_import": {"import_id": "previewed_import_id"},
    "discard_import": {"import_id": "previewed_import_id"},
    "set_member_role": {"user_id": "member_id"},
    "remove_member": {"user_id": "member_id"},
    "transfer_ownership": {"user_id": "member_id"},
    "accept_invitation": {"invitation_id": "invitation_to_owner_id"},
    "decline_invitation": {"invitation_id": "invitation_to_owner_id"},
    "revoke_invitation": {"invitation_id": "registration_invitation_id"},
}
"""Rows with which it succeeds, where the row of ATTEMPTS is in use or in another state."""

DOMAIN_ANSWERS: dict[str, Refusal] = {
    # The schedule is no bill, and nothing comes again in the book.
    **dict.fromkeys(("match_bill", "unmatch_bill"), Refusal(404, "bill_not_found")),
    **dict.fromkeys(("accept_subscription", "dismiss_subscription"), Refusal(404, "subscription_not_found")),
    # The server's settings name nobody to ask for rates, nor has anybody asked for another base currency.
    "refresh_rates": Refusal(409, "no_rate_provider"),
    "delete_asset": Refusal(409, "asset_in_use"),
    "get_base_currency_change": Refusal(404, "base_currency_change_not_found"),
    # A token is good for the one it was mailed to, and none of these was mailed one.
    "verify_own_email": Refusal(422, "token_not_valid"),
    # The asset follows no provider, and the file names none of the book's.
    "refresh_asset": Refusal(409, "provider_off"),
    "import_asset_prices": Refusal(422, "invalid_input"),
    # Nor is there a mail whose link it would be.
    "show_unsubscribe": Refusal(422, "token_not_valid"),
    "unsubscribe": Refusal(422, "token_not_valid"),
}
"""What those get who may, where the state of the book refuses; it must not look like a refusal of theirs."""


@dataclass(frozen=True)
class Row:
    """A route's group and permission."""

    operation: str
    group: Group
    permission: str | None

    def expected(self, column: str) -> Refusal | None:
        """What happens to a caller of this column."""
        if column in PEOPLE:
            wanted: Refusal | None = getattr(self.group, column)
            return wanted
        if self.permission is None:
            return OK
        if column in NOBODY:
            return UNAUTHENTICATED
        if column == "token without the scope":
            return NO_SCOPE
        # An unconfirmed session, or a token with the scope.
        return UNCONFIRMED if self.operation in CONFIRMED else OK


ROWS = [
    Row(operation, group, permission)
    for (group, permission), operations in TABLE.items()
    for operation in operations.split()
]
