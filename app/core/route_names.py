"""The name of a route for logs and metrics."""

from starlette.types import Scope

UNMATCHED = "unmatched"


def route_of(scope: Scope) -> str:
    """The path with its parameters' names in place of their values, such as `/api/v1/accounts/{account_id}`.

    The matched route itself knows its path without the prefixes it was included under. Unknown paths share one name,
    so that a scanner cannot grow the metrics.
    """
    if "route" not in scope:
        return UNMATCHED
    names = {str(value): f"{{{name}}}" for name, value in scope.get("path_params", {}).items()}
    return "/".join(names.get(part, part) for part in scope["path"].split("/"))
