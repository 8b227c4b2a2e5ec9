"""Jobs as administrators see them: what waits, what failed and why, running it again, dropping it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI

from app.core.clock import now
from app.core.database import Database
from app.core.jobs.queue import defer
from app.jobs import TASKS
from tests.people import Person, expect, problem
from tests.staff import run

NOBODYS = 9_000_000_000


@pytest.fixture
async def dead_letter(owner_database: Database) -> AsyncIterator[int]:
    """A job that failed for the last time; it and what tests defer are gone at the end."""
    made = await run(
        owner_database,
        "INSERT INTO jobs.procrastinate_jobs (queue_name, task_name, args, attempts, lock) VALUES ('default', "
        """'test.dead', '{"payload": {"book_id": "b"}}', 7, 'test:dead') RETURNING id""",
    )
    for status in ("doing", "failed"):
        await run(
            owner_database,
            "UPDATE jobs.procrastinate_jobs SET status = CAST(:status AS jobs.procrastinate_job_status), attempts = 8 "
            "WHERE id = :id",
            status=status,
            id=made,
        )
    await run(
        owner_database,
        "INSERT INTO jobs.runs (job_id, token, error) VALUES (:id, uuidv7(), 'ValueError: no')",
        id=made,
    )
    yield int(made)
    await run(owner_database, "DELETE FROM jobs.procrastinate_jobs")


async def test_they_are_listed_the_newest_first(
    admin: Person, dead_letter: int, app_database: Database, owner_database: Database
) -> None:
    async with app_database.begin() as connection:
        for number in range(3):
            await defer(connection, "test.waiting", {"number": number}, at=now())
    assert (await admin.read("/jobs", status="running"))["items"] == []
    first = await admin.read("/jobs", limit="2", include_total="true", task="test.waiting")
    assert ([job["payload"] for job in first["items"]], first["total"]) == ([{"number": 2}, {"number": 1}], 3)
    second = await admin.read("/jobs", limit="2", task="test.waiting", cursor=first["next_cursor"])
    assert ([job["payload"] for job in second["items"]], second["next_cursor"]) == ([{"number": 0}], None)
    skipped = await admin.read("/jobs", task="test.waiting", skip="2")
    assert skipped["items"] == second["items"]
    (waiting,) = second["items"]
    assert (waiting["status"], waiting["key"], waiting["attempts"]) == ("waiting", None, 0)
    assert waiting["due_at"] is not None
    (failed,) = (await admin.read("/jobs", status="failed", task="test.dead"))["items"]
    assert failed == await admin.read(f"/jobs/{dead_letter}")
    assert {
        name: failed[name] for name in ("id", "task", "status", "key", "payload", "attempts", "due_at", "error")
    } == {
        "id": dead_letter,
        "task": "test.dead",
        "status": "failed",
        "key": "test:dead",
        "payload": {"book_id": "b"},
        "attempts": 8,
        "due_at": None,
        "error": "ValueError: no",
    }
    assert failed["created_at"] <= failed["started_at"] <= failed["finished_at"]
    await run(owner_database, "DELETE FROM jobs.runs WHERE job_id = :id", id=dead_letter)
    assert "no such task" in (await admin.read(f"/jobs/{dead_letter}"))["error"]


async def test_a_dead_letter_is_run_again(admin: Person, dead_letter: int) -> None:
    key = {"Idempotency-Key": "again"}
    again = expect(await admin.http.post(f"/jobs/{dead_letter}/retry", headers=key), 200)
    assert (again["status"], again["attempts"], again["finished_at"]) == ("waiting", 0, None)
    assert expect(await admin.http.post(f"/jobs/{dead_letter}/retry", headers=key), 200) == again
    problem(await admin.http.post(f"/jobs/{dead_letter}/retry"), 409, "job_not_failed")
    problem(await admin.http.delete(f"/jobs/{dead_letter}"), 409, "job_not_failed")
    (told,) = (await admin.read("/audit", action="job_retried", limit="1"))["items"]
    assert (told["actor"]["id"], told["details"]) == (admin.user["id"], {"job_id": dead_letter, "task": "test.dead"})


async def test_a_dead_letter_is_dropped(admin: Person, dead_letter: int) -> None:
    expect(await admin.http.delete(f"/jobs/{dead_letter}"), 204)
    problem(await admin.get(f"/jobs/{dead_letter}"), 404, "not_found")
    problem(await admin.http.delete(f"/jobs/{dead_letter}"), 404, "not_found")
    (told,) = (await admin.read("/audit", action="job_dropped", limit="1"))["items"]
    assert told["details"] == {"job_id": dead_letter, "task": "test.dead"}


async def test_tasks_tell_when_the_clock_asks_for_them(admin: Person, app_database: Database, dead_letter: int) -> None:
    async with app_database.begin() as connection:
        await defer(connection, "housekeeping.forget", {})
    answer = await admin.read("/jobs/tasks")
    found: dict[str, Any] = {task["task"]: task for task in answer["items"]}
    assert found.keys() == {task.name for task in TASKS}
    house = found["housekeeping.forget"]
    assert (house["every"], house["waiting"], house["running"], house["failed"]) == ("7 * * * *", 1, 0, 0)
    assert house["next_run_at"][14:] == "07:00Z"
    assert house["last_started_at"] is None


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"/jobs/{NOBODYS}", 404, "not_found"),
        ("/jobs/0", 422, "invalid_input"),
        ("/jobs/-1", 422, "invalid_input"),
        (f"/jobs/{2**63}", 422, "invalid_input"),
        ("/jobs/one", 422, "invalid_input"),
        ("/jobs?status=todo", 422, "invalid_input"),
        ("/jobs?task=%00", 422, "invalid_input"),
        (f"/jobs?task={'x' * 129}", 422, "invalid_input"),
        ("/jobs?cursor=nonsense", 422, "invalid_input"),
        ("/jobs?cursor=WyItaWQiLCJ4Il0", 422, "invalid_input"),
        ("/jobs?cursor=WyItaWQiLHRydWVd", 422, "invalid_input"),
        ("/jobs?limit=0", 422, "invalid_input"),
    ],
)
async def test_what_makes_no_sense_is_refused(admin: Person, path: str, status: int, code: str) -> None:
    problem(await admin.http.get(path), status, code)


async def test_they_are_for_admins_alone(
    kim: Person, moderator: Person, admin: Person, dead_letter: int, app: FastAPI
) -> None:
    problem(await admin.http.post(f"/jobs/{NOBODYS}/retry"), 404, "not_found")
    problem(await admin.http.delete("/jobs/tasks"), 405, "method_not_allowed")
    for person in (kim, moderator):
        for method, path in (
            ("GET", "/jobs"),
            ("GET", "/jobs/tasks"),
            ("GET", f"/jobs/{dead_letter}"),
            ("POST", f"/jobs/{dead_letter}/retry"),
            ("DELETE", f"/jobs/{dead_letter}"),
        ):
            problem(await person.http.request(method, path), 403, "missing_permission")
    assert (await admin.read(f"/jobs/{dead_letter}"))["status"] == "failed"


async def test_metrics_tell_how_much_waits(app: FastAPI, kim: Person, dead_letter: int) -> None:
    app.state.backlog._looked_at = None
    told = (await kim.http.get("http://test/metrics")).text
    assert "finance_jobs_dead 1.0" in told
    assert "finance_jobs_oldest_waiting_seconds" in told
    again = (await kim.http.get("http://test/metrics")).text  # without asking the database
    assert "finance_jobs_dead 1.0" in again
