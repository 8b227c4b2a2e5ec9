"""What a report is asked for where the path or a parameter says which report it is."""

from typing import Any, get_origin

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from starlette.datastructures import QueryParams

from app.core.errors import NotFoundError
from app.reports.registry import REPORTS, Report

PLAIN = {"type", "format", "pattern", "minimum", "maximum", "enum", "items", "anyOf", "minLength", "maxLength"}


class ReportNotFoundError(NotFoundError):
    """There is no such report."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no report {name[:50]}; there are {', '.join(REPORTS)}.")


def report_named(name: str) -> Report:
    """Raises `ReportNotFoundError`."""
    if name not in REPORTS:
        raise ReportNotFoundError(name)
    return REPORTS[name]


def asked_of(report: Report, query: QueryParams) -> BaseModel:
    """The report's own parameters, checked as its own route checks them; others are left alone."""
    given: dict[str, Any] = {}
    for name, field in report.asked.model_fields.items():
        key = field.alias or name
        if key in query:
            given[key] = query.getlist(key) if _is_list(field) else query[key]
    try:
        return report.asked.model_validate(given)
    except ValidationError as error:
        found = [{**each, "loc": ("query", *each["loc"])} for each in error.errors(include_url=False)]
        raise RequestValidationError(found) from None


def _is_list(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is list


def parameters() -> list[dict[str, Any]]:
    """The parameters of all reports for the OpenAPI, each once, with the names of the reports that take it."""
    takers: dict[str, list[str]] = {}
    schemas: dict[str, dict[str, Any]] = {}
    for report in REPORTS.values():
        for key, schema in report.asked.model_json_schema(by_alias=True)["properties"].items():
            takers.setdefault(key, []).append(report.name)
            schemas.setdefault(key, schema)
    return [
        {
            "name": key,
            "in": "query",
            "required": False,
            "description": f"{schema.get('description', '')} Of {_names(takers[key])}.".strip(),
            "schema": {part: value for part, value in schema.items() if part in PLAIN},
        }
        for key, schema in schemas.items()
    ]


def _names(names: list[str]) -> str:
    return "every report" if len(names) == len(REPORTS) else ", ".join(names)
