"""Which questions of many rules are answered with yes, found for all of them at once."""

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable
from typing import Any

import re2

from app.core.text import folded
from app.rules.patterns import options

SET_MEMORY = 64 << 20
"""What the automaton of many patterns may take while it runs; it is thrown away and built anew beyond."""
SET_SIZE = 500

Number = int


class Equals:
    """Questions that a value answers by being the one they ask for."""

    def __init__(self) -> None:
        self._by_value: dict[Hashable, list[Number]] = {}

    def add(self, values: Iterable[Hashable], number: Number) -> None:
        for value in values:
            self._by_value.setdefault(value, []).append(number)

    def find(self, value: Hashable, found: set[Number]) -> None:
        numbers = self._by_value.get(value)
        if numbers is not None:
            found.update(numbers)


class Ordered:
    """Questions that a value answers by where it lies: bounds in order, so that a value finds its place among them."""

    def __init__(self) -> None:
        self.equals = Equals()
        self._less: list[tuple[Any, Number]] = []
        self._greater: list[tuple[Any, Number]] = []
        self._between: list[tuple[Any, Any, Number]] = []

    def add(self, op: str, values: list[Any], number: Number) -> None:
        if op == "less":
            self._less.append((values[0], number))
        elif op == "greater":
            self._greater.append((values[0], number))
        elif op == "between":
            self._between.append((values[0], values[1], number))
        else:
            self.equals.add(values, number)

    def close(self) -> None:
        self._less.sort()
        self._greater.sort()
        self._between.sort()

    def find(self, value: Any, found: set[Number]) -> None:
        self.equals.find(value, found)
        if self._less:
            start = bisect_right(self._less, value, key=lambda bound: bound[0])
            found.update(number for _, number in self._less[start:])
        if self._greater:
            end = bisect_left(self._greater, value, key=lambda bound: bound[0])
            found.update(number for _, number in self._greater[:end])
        if self._between:
            end = bisect_right(self._between, value, key=lambda bound: bound[0])
            found.update(number for _, high, number in self._between[:end] if high >= value)


class Patterns:
    """Patterns that are looked for in one pass over a text, however many they are."""

    def __init__(self, memory: int = SET_MEMORY) -> None:
        self._memory = memory
        self._wanted: list[tuple[str, Number]] = []
        self._sets: list[tuple[Any, list[Number]]] = []

    def add(self, pattern: str, number: Number) -> None:
        self._wanted.append((pattern, number))

    def close(self) -> None:
        for start in range(0, len(self._wanted), SET_SIZE):
            self._build(self._wanted[start : start + SET_SIZE])
        self._wanted = []

    def _build(self, wanted: list[tuple[str, Number]]) -> None:
        patterns = re2.Set.SearchSet(options(self._memory))
        for pattern, _ in wanted:
            patterns.Add(pattern)
        try:
            patterns.Compile()
        except re2.error:
            half = len(wanted) // 2
            if not half:  # each pattern was compiled with a smaller budget before
                raise
            self._build(wanted[:half])
            self._build(wanted[half:])
            return
        self._sets.append((patterns, [number for _, number in wanted]))

    def find(self, text: str, found: set[Number]) -> None:
        for patterns, numbers in self._sets:
            matches = patterns.Match(text)
            if matches:
                found.update(numbers[match] for match in matches)

    def __bool__(self) -> bool:
        return bool(self._sets or self._wanted)


class Texts:
    """Questions about one text: folded ones by hash and in one pass, patterns of people in another."""

    def __init__(self) -> None:
        self._equals = Equals()
        self._parts = Patterns()
        self._written = Patterns()
        self._has_equals = False

    def add(self, op: str, values: list[str], number: Number) -> None:
        if op == "regex":
            self._written.add(values[0], number)
        elif op in {"equals", "one_of"}:
            self._has_equals = True
            self._equals.add((folded(value) for value in values), number)
        else:
            part = re2.escape(folded(values[0]))
            self._parts.add({"starts_with": f"^{part}", "ends_with": f"{part}$"}.get(op, part), number)

    def close(self) -> None:
        self._parts.close()
        self._written.close()

    def find(self, text: str, found: set[Number]) -> None:
        if self._has_equals or self._parts:
            plain = folded(text)
            if self._has_equals:
                self._equals.find(plain, found)
            self._parts.find(plain, found)
        self._written.find(text, found)
