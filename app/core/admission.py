"""Waiting for one's turn before anything scarce is taken: a flood queues at the door, not inside."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.core.errors import BusyError


class Admission:
    """At most `at_once` inside, and at most `waiting` at the door; beyond that `BusyError`, at once."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._inside = asyncio.Semaphore(at_once)
        self._most_waiting = waiting
        self.present = 0
        self._at_once = at_once

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        if self.present >= self._at_once + self._most_waiting:
            raise BusyError("Too many requests of this kind are waiting at this moment; try again in a moment.")
        self.present += 1
        try:
            async with self._inside:
                yield
        finally:
            self.present -= 1


class AdmissionEach:
    """An `Admission` for each key, such as a user, kept only while somebody is present."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._at_once = at_once
        self._waiting = waiting
        self._doors: dict[object, Admission] = {}

    @asynccontextmanager
    async def turn(self, key: object) -> AsyncIterator[None]:
        door = self._doors.setdefault(key, Admission(self._at_once, self._waiting))
        try:
            async with door.turn():
                yield
        finally:
            if not door.present:
                self._doors.pop(key, None)
