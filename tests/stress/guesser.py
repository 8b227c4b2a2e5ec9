"""A process that guesses at one account's password, no faster than it is told; it prints what it was answered.

It writes HTTP by hand: beside a server on the same machine, a client's own work must not be what is measured.

python -m tests.stress.guesser HOST PORT EMAIL TRIES PER_SECOND ADDRESSES
"""

import asyncio
import json
import sys
import time
from collections import Counter

AT_ONCE = 30


class Guesser:
    """Connections that share the numbers of the tries; each try has its moment."""

    def __init__(self, host: str, port: int, email: str, tries: int, per_second: float, addresses: int) -> None:
        self._host, self._port = host, port
        self._email = email
        self._numbers = iter(range(tries))
        self._per_second = per_second
        self._addresses = addresses
        self._started = time.monotonic()
        self.answers: Counter[str] = Counter()

    def _request(self, number: int) -> bytes:
        place = number % self._addresses
        body = json.dumps({"email": self._email, "password": f"guess {number}"})
        return (
            f"POST /api/v1/auth/login HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
            f"X-Forwarded-For: 10.0.{place >> 8}.{place & 255}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    async def _connection(self) -> None:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        for number in self._numbers:
            await asyncio.sleep(max(0.0, self._started + number / self._per_second - time.monotonic()))
            writer.write(self._request(number))
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = next(line for line in head.lower().splitlines() if line.startswith("content-length:"))
            await reader.readexactly(int(length.partition(":")[2]))
            self.answers[head.split(" ", 2)[1]] += 1
        writer.close()
        await writer.wait_closed()

    async def run(self) -> float:
        """Returns how many seconds it took."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(self._connection())
        return time.monotonic() - self._started


if __name__ == "__main__":
    host, port, email, tries, per_second, addresses = sys.argv[1:]
    guesser = Guesser(host, int(port), email, int(tries), float(per_second), int(addresses))
    seconds = asyncio.run(guesser.run())
    print(json.dumps({"answers": guesser.answers, "seconds": seconds}))
