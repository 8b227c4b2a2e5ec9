"""The way to a route: routers that have none for a path are passed over, and the same route is found."""

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.routing import Match

from app.core.routing import _Router

PATHS = (
    *(
        "/health",
        "/accounts",
        "/api/v1",
        "/api/v1/nowhere",
        "/api/v1/accounts",
        "/api/v1/accounts/",
        "/x/api/v1/accounts",
    ),
    *(
        "/api/v1/users/me/email",
        "/api/v1/users/me",
        "/api/v1/users/x",
        "/api/v1/books/x/base-currency",
        "/api/v1/roles",
    ),
    *("/api/v1/schedules/x/occurrences/y/match", "/api/v1/attachments/x/content", "/api/v1/payees/autocomplete"),
    *("/api/v1/portfolio/trades", "/api/v1/reports/monthly", "/api/v1/reports/weekly", "/api/v1/accounts/x/history"),
    *(
        "/api/v1/accounts//",
        "/api/v1/budgets/x/amounts",
        "/api/v1/auth/passkeys/login/options",
        "/.well-known/jwks.json",
    ),
)


def test_each_path_finds_the_same_without_the_shortcut(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> list[tuple[str, str, list[Match]]]:
        matches = []
        for path in PATHS:
            for method in ("GET", "DELETE"):
                scope: dict[str, Any] = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
                matches.append((path, method, [route.matches(scope)[0] for route in app.router.routes]))
        return matches

    quick = found()
    monkeypatch.setattr(_Router, "matches", APIRouter.matches)
    assert found() == quick
    assert {match for _, _, tried in quick for match in tried} == {Match.NONE, Match.PARTIAL, Match.FULL}
