"""The contract: what FastAPI derives from the routes, with the few things it cannot know."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.core.problems import Problem, problems
from app.core.rate_limits.middleware import LIMITED_PATHS
from app.core.version import VERSION

DESCRIPTION = """
A personal-finance ledger that is exact to the cent.

* **Log in** with the Authorize button: the user name is your e-mail address.
* **Amounts** are decimal strings (`"12.50"`), dates are civil dates (`2026-01-31`), instants are RFC 3339 in UTC.
* **Errors** are `application/problem+json`; branch on `code`. A request that fails changes nothing.
* **Repeat safely**: a POST with an `Idempotency-Key` happens once and answers the same.
* **Limits**: answers tell in `RateLimit-Remaining` how many requests are left, a 429 in `Retry-After` when to go on.
* **Change safely**: send the `ETag` you read as `If-Match`; another revision by now answers 412.
"""

LIMIT_HEADERS = {
    name: {"description": description, "schema": {"type": kind}}
    for name, kind, description in (
        ("Retry-After", "integer", "Seconds until the next try is good."),
        ("RateLimit-Policy", "string", 'Each limit that counted: `"user";q=100;w=60` is 100 requests in 60 seconds.'),
        ("RateLimit", "string", 'How they stand: `"user";r=0;t=17` is none left, and all again in 17 seconds.'),
        ("RateLimit-Limit", "integer", "Requests that the nearest limit allows."),
        ("RateLimit-Remaining", "integer", "How many of them are left."),
        ("RateLimit-Reset", "integer", "Seconds until all of them are there again."),
    )
}

TAGS = [
    {
        "name": "auth",
        "description": "Register, log in, log out: passwords, second factors, passkeys, sessions, personal tokens.",
    },
    {"name": "users", "description": "Yourself, and whom you invite."},
    {"name": "books", "description": "Sets of books; `X-Book-Id` picks one."},
    {"name": "members", "description": "Who shares a book with you: invitations, roles, leaving."},
    {"name": "accounts", "description": "Where money is, and what was there when."},
    {"name": "categories", "description": "What money is for: a tree."},
    {"name": "budgets", "description": "What a period may cost, what is set aside, and what is left."},
    {"name": "transactions", "description": "Expenses, income, transfers, splits."},
    {"name": "payees", "description": "Who is paid or pays: aliases, default categories, merging."},
    {"name": "tags", "description": "Words to find transactions by: renaming, merging."},
    {"name": "bills", "description": "What is to be paid or to come, by when, and which transaction it was."},
    {"name": "subscriptions", "description": "What comes again in the book's history: to accept, or to dismiss."},
    {"name": "rules", "description": "What to do with transactions that a condition holds for, now and in the past."},
    {"name": "suggestions", "description": "Categories learned from the book's own past."},
    {"name": "attachments", "description": "Receipts: PDF, PNG and JPEG files on transactions."},
    {"name": "imports", "description": "Bank exports: preview, commit, undo."},
    {"name": "exports", "description": "The whole book for other programs."},
    {"name": "schedules", "description": "What comes again, posted by itself or waiting for you."},
    {"name": "notifications", "description": "What you are told, and how: the inbox, mail, digests."},
    {"name": "forecast", "description": "Where balances go, why, and what would be if."},
    {"name": "goals", "description": "What to save up, and which debts to pay down."},
    {"name": "loans", "description": "Terms of loans, their payments, plans out of debt."},
    {"name": "assets", "description": "What can be held beside money, its prices, and who is asked for them."},
    {"name": "portfolio", "description": "What is held: trades, lots, realised gains."},
    {"name": "reports", "description": "What came in and went out."},
    {"name": "currencies", "description": "Which there are, and their decimals."},
    {
        "name": "rates",
        "description": "Exchange rates: those of a book, those of providers, and what an amount comes to.",
    },
    {"name": "administration", "description": "Users, roles, permissions, statistics, the audit."},
    {"name": "system", "description": "Health, metrics and public keys."},
]


def describe(app: FastAPI) -> None:
    """Replace the app's `openapi` by one with descriptions, and with problem+json as the only error body."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title, version=VERSION, description=DESCRIPTION, routes=app.routes, tags=TAGS
            )
            components = schema["components"]["schemas"]
            components.setdefault("Problem", Problem.model_json_schema(ref_template="#/components/schemas/{model}"))
            for path, methods in schema["paths"].items():
                for operation in methods.values():
                    _declare_what_any_route_can_answer(operation)
                    if path.startswith(LIMITED_PATHS):
                        _declare_limits(operation)
                    _say_what_it_needs(operation)
                    _only_problems(operation["responses"])
            for unused in ("HTTPValidationError", "ValidationError"):
                components.pop(unused, None)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the documented way to extend it


def _declare_what_any_route_can_answer(operation: dict[str, Any]) -> None:
    """The errors that follow from what an operation takes: a body, a book, an idempotency key."""
    headers = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "header"}
    statuses = [400, 413, 415] if "requestBody" in operation else []
    statuses += [404] if "X-Book-Id" in headers else []
    statuses += [409] if "Idempotency-Key" in headers else []
    for status, response in problems(*statuses).items():
        response.pop("model")
        operation["responses"].setdefault(str(status), response)


def _declare_limits(operation: dict[str, Any]) -> None:
    """Any operation of the API may be asked too often."""
    refusal = problems(429)[429]
    refusal.pop("model")
    operation["responses"].setdefault("429", refusal)["headers"] = LIMIT_HEADERS
    operation["responses"]["429"] = {**refusal, "headers": LIMIT_HEADERS}


def _say_what_it_needs(operation: dict[str, Any]) -> None:
    """The permission that the caller's role needs, which is the scope that a personal access token needs."""
    if permission := operation.get("x-permission"):
        operation["description"] = f"{operation.get('description', '')}\n\nPermission: `{permission}`.".strip()


def _only_problems(responses: dict[str, Any]) -> None:
    """FastAPI adds its own JSON content beside the declared one; an error here never has it."""
    for response in responses.values():
        content = response.get("content", {})
        if "application/problem+json" in content:
            content.pop("application/json", None)
