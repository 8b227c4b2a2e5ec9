"""A category learned from words: naive Bayes over what the book itself has put where.

Each transaction is a set of features: its payee as a whole, the words of payee and description, its account, its
direction and the size of its amount. For a category c with n(c) transactions, of which n(f, c) have the feature f,

    score(c) = log n(c) + sum over f of log((n(f, c) + a) / (n(c) + 2a))

(Bernoulli naive Bayes over the features that are there, with additive smoothing a; see Manning, Raghavan and Schütze,
Introduction to Information Retrieval, 13.3.) Words of one text are far from independent, so the sum is divided by the
square root of the number of features before it becomes a probability: otherwise every answer would be certain.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from app.core.text import folded

SMOOTHING = 0.1
MOST_WORDS = 30
MOST_ALTERNATIVES = 5
HUNDREDTH = Decimal("0.01")
_WORD = re.compile(r"[^\W\d_]{2,}")
"""Two letters or more: numbers of receipts and dates say nothing about the next one."""


@dataclass(frozen=True, slots=True)
class Example:
    """What is known of a transaction before it has a category."""

    type: str
    payee: str | None = None
    description: str | None = None
    amount: Decimal | None = None
    account_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Guess:
    """A category, and how likely it is in percent, to 2 decimals."""

    category_id: UUID
    confidence: Decimal


def features(example: Example) -> tuple[set[str], set[str]]:
    """The words of an example, and what else there is to it."""
    payee, description = folded(example.payee or ""), folded(example.description or "")
    words = {f"w {word}" for word in _WORD.findall(f"{payee} {description}")[:MOST_WORDS]}
    if payee:
        words.add(f"p {payee}")
    rest = {f"t {example.type}"}
    if example.account_id is not None:
        rest.add(f"a {example.account_id}")
    if example.amount is not None and example.amount > 0:
        rest.add(f"s {round(math.log2(float(example.amount)))}")
    return words, rest


@dataclass
class Model:
    """Counts of what was seen; `count` is of how many transactions."""

    count: int = 0
    of_category: dict[UUID, int] = field(default_factory=dict)
    of_feature: dict[str, dict[UUID, int]] = field(default_factory=dict)

    def learn(self, example: Example, category_id: UUID) -> None:
        self.count += 1
        self.of_category[category_id] = self.of_category.get(category_id, 0) + 1
        for found in features(example):
            for name in found:
                counts = self.of_feature.setdefault(name, {})
                counts[category_id] = counts.get(category_id, 0) + 1

    def guess(self, example: Example, kinds: Mapping[UUID, str]) -> list[Guess]:
        """The likeliest categories, of those that may be used; none where no word of it was seen before.

        `kinds` has the kind of each category in use; an expense is never put into an income category.
        """
        words, rest = features(example)
        known = [self.of_feature[name] for name in words if name in self.of_feature]
        if not known:
            return []
        known += [self.of_feature[name] for name in rest if name in self.of_feature]
        scale = math.sqrt(len(known))
        scores: dict[UUID, float] = {}
        for category, count in self.of_category.items():
            kind = kinds.get(category)
            if kind is None or (example.type == "expense" and kind == "income"):
                continue
            below = math.log(count + 2 * SMOOTHING)
            likelihood = sum(math.log(seen.get(category, 0) + SMOOTHING) - below for seen in known)
            scores[category] = math.log(count / self.count) + likelihood / scale * 2
        return _likeliest(scores)


def _likeliest(scores: Mapping[UUID, float]) -> list[Guess]:
    if not scores:
        return []
    best = max(scores.values())
    weights = {category: math.exp(score - best) for category, score in scores.items()}
    whole = sum(weights.values())
    order = sorted(weights, key=lambda category: (-weights[category], category))[: MOST_ALTERNATIVES + 1]
    return [Guess(category, Decimal(100 * weights[category] / whole).quantize(HUNDREDTH)) for category in order]


def learned(rows: Iterable[tuple[Example, UUID]]) -> Model:
    model = Model()
    for example, category_id in rows:
        model.learn(example, category_id)
    return model
