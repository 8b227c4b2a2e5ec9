"""The contract says everything a client must know, about every operation."""

import re
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import TypeAdapter

from app.transactions.schemas import TransactionIn

PUBLIC = {
    *("register", "get_token", "login", "refresh", "logout", "get_public_keys"),
    *("health", "health_detailed", "metrics"),
    *("show_unsubscribe", "unsubscribe"),
    *("get_passkey_login_options", "login_with_passkey"),
    *("forgot_password", "reset_password", "verify_email", "resend_verification"),
    *("get_single_sign_on", "start_single_sign_on", "finish_single_sign_on", "exchange_code"),
}
NOT_A_PROBLEM = {("health_detailed", "503")}
"""It answers with its report, whose checks say what is broken."""


@pytest.fixture
def schema(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def operations(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: {**operation, "method": method, "path": path}
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    }


def test_every_operation_has_an_id_of_its_own(schema: dict[str, Any]) -> None:
    count = sum(len(methods) for methods in schema["paths"].values())
    assert len(operations(schema)) == count
    assert [name for name in operations(schema) if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)] == []


def test_every_operation_is_described(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema).items():
        assert operation["summary"], name
        assert operation["description"].strip(), name
        assert operation["tags"], name
    names = [tag["name"] for tag in schema["tags"]]
    known = set(names)
    assert len(names) == len(known)
    assert {tag for operation in operations(schema).values() for tag in operation["tags"]} <= known


def test_every_error_is_a_problem(schema: dict[str, Any]) -> None:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for name, operation in operations(schema).items():
        for status, response in operation["responses"].items():
            if status >= "400" and (name, status) not in NOT_A_PROBLEM:
                assert response["content"] == problem, (name, status)
    assert "HTTPValidationError" not in schema["components"]["schemas"]


def test_every_operation_declares_what_it_can_answer(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema).items():
        declared = set(operation["responses"])
        assert {"500"} <= declared, name
        if name not in PUBLIC:
            assert {"401", "403", "404", "422", "503"} <= declared, name
        if "requestBody" in operation:
            assert {"400", "413", "415", "422"} <= declared, name
        parameters = {parameter["name"] for parameter in operation.get("parameters", [])}
        assert ("Idempotency-Key" not in parameters) or "409" in declared, name
        assert ("if-match" not in parameters) or "412" in declared, name
        assert ("if-none-match" in parameters) == ("304" in declared), name
        assert operation["method"] != "delete" or "204" in declared, name


def test_every_operation_says_how_to_authenticate(schema: dict[str, Any]) -> None:
    assert set(schema["components"]["securitySchemes"]) == {"Password"}
    without = {name for name, operation in operations(schema).items() if "security" not in operation}
    assert without == PUBLIC


def test_every_parameter_and_body_is_explained(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema).items():
        for parameter in operation.get("parameters", []):
            explained = parameter.get("description") or parameter["schema"].get("examples") or parameter["in"] == "path"
            assert explained, (name, parameter["name"])
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert explains_itself(schema, content["schema"]), name


def test_every_shape_of_a_transaction_has_an_example_that_can_be_sent(schema: dict[str, Any]) -> None:
    for name in ("create_transaction", "replace_transaction"):
        content = operations(schema)[name]["requestBody"]["content"]["application/json"]
        examples = [example["value"] for example in content["examples"].values()]
        assert {example["type"] for example in examples} == set(content["schema"]["discriminator"]["mapping"])
        for example in examples:
            TypeAdapter(TransactionIn).validate_python(example)


def explains_itself(schema: dict[str, Any], part: dict[str, Any]) -> bool:
    """Whether a body has an example, a description, or is one of several that have."""
    if "$ref" in part:
        return explains_itself(schema, schema["components"]["schemas"][part["$ref"].rsplit("/", 1)[1]])
    several = [item for key in ("oneOf", "anyOf") for item in part.get(key, []) if item.get("type") != "null"]
    if several:
        return all(explains_itself(schema, item) for item in several)
    return bool(part.get("example") or part.get("examples") or part.get("description") or part.get("title"))


def test_amounts_are_decimal_strings(schema: dict[str, Any]) -> None:
    shapes = schema["components"]["schemas"]
    assert shapes["TransactionOut"]["properties"]["amount"]["type"] == "string"
    inputs = shapes["FlowIn"]["properties"]["amount"]["anyOf"]
    assert {item["type"] for item in inputs} == {"string", "number"}
    everywhere = str({name: shape for name, shape in shapes.items() if name.endswith("Out")})
    assert "'type': 'number'" not in everywhere
