"""A process that guesses at one account's password, no faster than it is told; it prints what it was answered.

python -m tests.stress.guesser URL EMAIL TRIES PER_SECOND ADDRESSES
"""

import asyncio
import json
import sys
import time
from collections import Counter

import httpx

AT_ONCE = 30


async def guess(url: str, email: str, tries: int, per_second: float, addresses: int) -> Counter[str]:
    answers: Counter[str] = Counter()
    slots = asyncio.Semaphore(AT_ONCE)
    started = time.monotonic()

    async def once(http: httpx.AsyncClient, number: int) -> None:
        address = f"10.{number % addresses >> 16}.{number % addresses >> 8 & 255}.{number % addresses & 255}"
        body = {"email": email, "password": f"guess {number}"}
        try:
            answer = await http.post("/api/v1/auth/login", json=body, headers={"X-Forwarded-For": address})
            answers[str(answer.status_code)] += 1
        finally:
            slots.release()

    client = httpx.AsyncClient(base_url=url, timeout=60, limits=httpx.Limits(max_connections=AT_ONCE))
    async with client as http, asyncio.TaskGroup() as tasks:
        for number in range(tries):
            await asyncio.sleep(max(0.0, started + number / per_second - time.monotonic()))
            await slots.acquire()
            tasks.create_task(once(http, number))
    answers["milliseconds"] = round((time.monotonic() - started) * 1000)
    return answers


if __name__ == "__main__":
    given = sys.argv[1:]
    found = asyncio.run(guess(given[0], given[1], int(given[2]), float(given[3]), int(given[4])))
    print(json.dumps(found))
