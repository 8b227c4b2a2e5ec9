"""The rules of a book compiled into one matcher: every question is asked once, and only rules that may hold are."""

import pickle  # nosec B403  # between processes of one server
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

import re2

from app.rules.actions import Action, MakeTransfer, SetCategory, Split
from app.rules.conditions import All, AnyOf, Not, Question, TextQuestion
from app.rules.drafts import Draft
from app.rules.indexes import Equals, Ordered, Texts
from app.rules.patterns import SMALL, options

RULE_SECONDS = 1.0
"""How long the large patterns of one rule may take in one run before it is asked no further."""

KEPT = 4
"""Of how many books a process that reads files keeps the rules compiled."""

Node = tuple[Any, ...]
_ATTRIBUTES = {
    "tag": "tags",
    "account": "account_id",
    "import_source": "source",
    "day_of_month": "date",
    "weekday": "date",
}
"""What a field is called in a draft, where that is another name."""
# How likely a question is answered with yes, roughly: that part of a conjunction is looked for that seldom holds.
_WEIGHTS = {"text": 1, "amount": 4, "account": 20, "day": 20, "date": 50, "type": 100, "import_source": 100}


@dataclass(frozen=True)
class Compiled:
    """A rule ready to be asked. Without an id it is one that is only tried."""

    id: UUID | None
    name: str
    revision: int
    condition: Any
    actions: tuple[Action, ...]
    account_ids: tuple[UUID, ...] = ()
    written_by: UUID | None = None
    """Who said what it asks and does; None for one that is only tried."""


@dataclass
class Budget:
    """What a run has spent on the large patterns of each rule, and which rules it asks no further."""

    seconds: float = RULE_SECONDS
    spent: dict[int, float] = field(default_factory=dict)
    cut_off: set[int] = field(default_factory=set)

    def charge(self, rule: int, seconds: float) -> None:
        self.spent[rule] = self.spent.get(rule, 0.0) + seconds
        if self.spent[rule] > self.seconds:
            self.cut_off.add(rule)


class Matcher:
    """Finds, for a draft, which rules' conditions hold. It changes nothing and may be shared."""

    def __init__(self, rules: Sequence[Compiled]) -> None:
        self.rules = tuple(rules)
        self._pickled: bytes | None = None
        self._texts: dict[str, Texts] = {}
        self._ordered: dict[str, Ordered] = {}
        self._equals: dict[str, Equals] = {}
        self._large: dict[int, tuple[str, Any]] = {}
        self._by_question: dict[int, list[int]] = {}
        self._always: list[int] = []
        self._trees: list[Node] = []
        self._numbers: dict[tuple[Any, ...], int] = {}
        for place, rule in enumerate(self.rules):
            tree, trigger, _ = self._compile(rule.condition)
            self._trees.append(tree)
            if trigger is None:
                self._always.append(place)
            else:
                for number in trigger:
                    self._by_question.setdefault(number, []).append(place)
        for texts in self._texts.values():
            texts.close()
        for ordered in self._ordered.values():
            ordered.close()
        every = (*self._texts, *self._ordered, *self._equals)
        pulling = {key[0] for key, number in self._numbers.items() if number in self._by_question}
        self._first = tuple(name for name in every if name in pulling)
        """The fields whose questions decide which rules may hold; the others are asked about those rules alone."""
        self._later = tuple(name for name in every if name not in pulling)
        self.asked = {_ATTRIBUTES.get(name, name) for name in (*every, *(name for name, _ in self._large.values()))}
        """What of a draft any rule asks about: a change of anything else changes no answer."""

    def __reduce__(self) -> tuple[Any, ...]:
        """To another process go the rules; it compiles them itself, once as long as they stay as they are."""
        if self._pickled is None:
            self._pickled = pickle.dumps(self.rules)
        return _compiled, (self._pickled,)

    @property
    def category_ids(self) -> set[UUID]:
        """Every category that an action names."""
        found = {a.category_id for rule in self.rules for a in rule.actions if isinstance(a, SetCategory)}
        parts = (part for rule in self.rules for a in rule.actions if isinstance(a, Split) for part in a.shares)
        return found | {part.category_id for part in parts if part.category_id is not None}

    @property
    def account_ids(self) -> set[UUID]:
        """Every account that an action names."""
        return {a.account_id for rule in self.rules for a in rule.actions if isinstance(a, MakeTransfer)}

    def may_hold(self, draft: Draft) -> bool:
        """Whether any rule may hold; no large pattern is searched for to say so."""
        return bool(self._places(self._hits(draft, self._first)))

    def holding(self, draft: Draft, budget: Budget, start: int = 0) -> Iterator[int]:
        """The places, from `start` on and in order, of the rules that hold for the draft as it is now."""
        hits = self._hits(draft, self._first)
        places = self._places(hits)
        return self._asked(draft, budget, start, hits, places) if places else iter(())

    def _asked(self, draft: Draft, budget: Budget, start: int, hits: set[int], places: set[int]) -> Iterator[int]:
        hits |= self._hits(draft, self._later)
        for place in sorted(places):
            if place >= start and place not in budget.cut_off and self._holds(place, hits, draft, budget):
                yield place

    def _places(self, hits: set[int]) -> set[int]:
        places = set(self._always)
        for number in hits:
            places.update(self._by_question.get(number, ()))
        return places

    def _hits(self, draft: Draft, names: Sequence[str]) -> set[int]:
        found: set[int] = set()
        for name in names:
            texts = self._texts.get(name)
            if texts is None:
                (self._ordered.get(name) or self._equals[name]).find(_value(name, draft), found)
            elif name == "tag":
                for tag in draft.tags:
                    texts.find(tag, found)
            else:
                text = getattr(draft, name)
                if text:
                    texts.find(text, found)
        return found

    def _holds(self, place: int, hits: set[int], draft: Draft, budget: Budget) -> bool:
        # A rule that is cut off in the middle of its condition does not hold, whatever stands around the pattern.
        return self._ask(self._trees[place], place, hits, draft, budget) and place not in budget.cut_off

    # No function within a function: one that calls itself is garbage that only a walk through the whole heap finds.
    def _ask(self, node: Node, place: int, hits: set[int], draft: Draft, budget: Budget) -> bool:
        kind, rest = node
        if kind == "is":
            return rest in hits
        if kind == "large":
            return self._search(place, rest, draft, budget)
        if kind == "not":
            return not self._ask(rest, place, hits, draft, budget)
        answers = (self._ask(part, place, hits, draft, budget) for part in rest)
        return all(answers) if kind == "and" else any(answers)

    def _search(self, place: int, number: int, draft: Draft, budget: Budget) -> bool:
        name, pattern = self._large[number]
        texts = draft.tags if name == "tag" else (getattr(draft, name) or "",)
        began = time.perf_counter()
        found = any(pattern.search(text) is not None for text in texts if text)
        budget.charge(place, time.perf_counter() - began)
        return found

    def _compile(self, condition: Any) -> tuple[Node, frozenset[int] | None, int]:
        """The tree to ask, the questions of which one must hold for it to (None: none need to), and how likely."""
        if isinstance(condition, Not):
            return ("not", self._compile(condition.none_of)[0]), None, 0
        if isinstance(condition, All):
            parts = [self._compile(part) for part in condition.all_of]
            # Cheap questions go before patterns that are searched for one by one.
            parts.sort(key=lambda part: part[0][0] == "large")
            known = [part for part in parts if part[1] is not None]
            best = min(known, key=lambda part: part[2]) if known else (None, None, 0)
            return ("and", tuple(part[0] for part in parts)), best[1], best[2]
        if isinstance(condition, AnyOf):
            parts = [self._compile(part) for part in condition.any_of]
            tree = ("or", tuple(part[0] for part in parts))
            if any(part[1] is None for part in parts):
                return tree, None, 0
            return tree, frozenset().union(*(part[1] or () for part in parts)), sum(part[2] for part in parts)
        return self._question(condition)

    def _question(self, question: Question) -> tuple[Node, frozenset[int] | None, int]:
        key = (question.field, question.op, tuple(question.values))
        number = self._numbers.setdefault(key, len(self._numbers))
        weight = _WEIGHTS.get(question.field, 1)
        if isinstance(question, TextQuestion):
            if question.op == "regex":
                pattern = re2.compile(question.values[0], options())
                if pattern.programsize > SMALL:
                    self._large[number] = (question.field, pattern)
                    return ("large", number), None, 0
            if number == len(self._numbers) - 1:
                self._texts.setdefault(question.field, Texts()).add(question.op, question.values, number)
        elif question.field in {"amount", "date", "day_of_month", "weekday"}:
            weight += 40 * (question.op in {"less", "greater", "between"})
            if number == len(self._numbers) - 1:
                self._ordered.setdefault(question.field, Ordered()).add(question.op, question.values, number)
        else:
            self._equals.setdefault(question.field, Equals()).add(question.values, number)
        return ("is", number), frozenset((number,)), weight


@lru_cache(maxsize=KEPT)
def _compiled(rules: bytes) -> Matcher:
    return Matcher(pickle.loads(rules))  # noqa: S301  # nosec B301  # written by this program's own server


def _value(name: str, draft: Draft) -> Any:
    if name == "day_of_month":
        return draft.date.day
    if name == "weekday":
        return draft.date.isoweekday()
    if name == "account":
        return draft.account_id
    if name == "import_source":
        return draft.source
    return getattr(draft, name)
