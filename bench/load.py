"""The load generator: a process of its own, so that it shares neither a loop nor a lock with what it measures.

Reads jobs from stdin, one JSON object a line, and answers each with a line of JSON on stdout. Only loopback addresses
are asked. A job's `requests` are shared out over its connections in order; connection 1 keeps to the first, and so on.
"""

import asyncio
import json
import statistics
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import uvloop

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Ask:
    """One request, repeated as it is."""

    path: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None

    def encode(self, port: int) -> bytes:
        """The bytes that go over the wire."""
        body = (self.body or "").encode()
        headers = {"Host": f"{LOOPBACK}:{port}", **self.headers}
        if self.body is not None:
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True)
class Job:
    """How hard and how long to ask; it ends at `count` requests or after `seconds`, whichever comes first.

    An answer that takes longer than `patience` (seconds) is an error and ends its connection.
    """

    port: int
    requests: tuple[Ask, ...]
    connections: int = 8
    seconds: float = 1.0
    count: int | None = None
    patience: float = 20.0

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Job":
        values: dict[str, Any] = json.loads(text)
        return cls(**{**values, "requests": tuple(Ask(**ask) for ask in values["requests"])})


@dataclass(frozen=True)
class Result:
    """What came of a job; the times are of a request, in milliseconds."""

    requests: int
    per_second: float
    median_ms: float
    p99_ms: float
    errors: dict[str, int]


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> int:
    """One request and its answer; returns the status."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    lowered = head.lower()
    start = lowered.find(b"\r\ncontent-length:")
    if start >= 0:
        start += len(b"\r\ncontent-length:")
        await reader.readexactly(int(lowered[start : lowered.index(b"\r\n", start)]))
    elif b"\r\ntransfer-encoding:" in lowered:
        raise ValueError("an answer in chunks, which this client does not read")
    return int(head[9:12])


async def perform(job: Job) -> Result:
    """Do the job; whatever is not 2xx, and whatever goes wrong, is an error and counted by what it was."""
    times: list[float] = []
    errors: Counter[str] = Counter()
    left = job.count if job.count is not None else sys.maxsize

    async def connection(request: bytes, deadline: float) -> None:
        nonlocal left
        reader, writer = await asyncio.open_connection(LOOPBACK, job.port)
        try:
            while left > 0 and (started := time.perf_counter()) < deadline:
                left -= 1
                async with asyncio.timeout(job.patience):
                    status = await _exchange(reader, writer, request)
                times.append(time.perf_counter() - started)
                if not 200 <= status < 300:
                    errors[f"status {status}"] += 1
        except (OSError, EOFError, ValueError) as error:
            errors[type(error).__name__] += 1
        finally:
            writer.close()

    requests = [ask.encode(job.port) for ask in job.requests]
    started = time.perf_counter()
    deadline = started + job.seconds
    await asyncio.gather(*(connection(requests[i % len(requests)], deadline) for i in range(job.connections)))
    seconds = time.perf_counter() - started
    ordered = sorted(times) or [0.0]
    return Result(
        requests=len(times),
        per_second=round(len(times) / seconds, 1),
        median_ms=round(statistics.median(ordered) * 1000, 3),
        p99_ms=round(ordered[int(len(ordered) * 0.99)] * 1000, 3),
        errors=dict(errors),
    )


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(asdict(uvloop.run(perform(Job.from_json(line))))), flush=True)


if __name__ == "__main__":
    main()
