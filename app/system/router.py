"""Health and metrics, outside of `/api/v1`: they need no log-in."""

from typing import Any, Literal

import orjson
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.core.problems import problems

router = APIRouter(tags=["system"])


class Health(BaseModel):
    """The server runs."""

    status: Literal["ok"] = "ok"


class DetailedHealth(BaseModel):
    """What was checked and found."""

    status: Literal["ok", "broken"]
    version: str
    checks: dict[str, dict[str, Any]] = Field(
        examples=[{"database": {"ok": True, "milliseconds": 0.8}, "disk": {"ok": True, "free_bytes": 53687091200}}]
    )


@router.get("/health", operation_id="health", summary="Is the server up", responses=problems(500))
async def health() -> Health:
    """Answers as long as the process serves, without asking the database: for a load balancer's liveness check."""
    return Health()


@router.get(
    "/health/detailed",
    response_model=DetailedHealth,
    operation_id="health_detailed",
    summary="Can the server do its work",
    responses={**problems(500), 503: {"description": "Something is broken.", "model": DetailedHealth}},
)
async def health_detailed(request: Request) -> object:
    """Checks the database, its migrations and the disk. 503 when one of them is broken; `checks` says which.

    It looks once a second at most, whoever asks.
    """
    state = request.app.state
    healthy, report = await state.health.result(state.database, state.settings)
    if healthy:
        return report
    return Response(orjson.dumps(report), 503, media_type="application/json")


@router.get(
    "/metrics",
    operation_id="metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **problems(500)},
)
async def metrics(request: Request) -> Response:
    """Requests by route and status, their duration, jobs, and the process's memory and processor time."""
    await request.app.state.backlog.refresh()
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
