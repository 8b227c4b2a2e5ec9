"""Whether two kinds of request can be told apart by how long they take."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, sqrt
from statistics import median

DEVIATIONS = 5
"""How far from a coin's 0.5 the chance may lie, in standard deviations of what chance alone does: so far that a noisy
machine does not fail a test. For 200 tries of each that is 0.145, for 60 it is 0.27."""


@dataclass(frozen=True)
class Comparison:
    """Two samples of seconds; `chance` is that of a value of the first to be above one of the second (0.5: alike)."""

    chance: float
    deviations: float
    medians: tuple[float, float]

    @property
    def tellable(self) -> bool:
        return self.deviations > DEVIATIONS

    @property
    def probability(self) -> float:
        """Of a chance so far from 0.5 where there is no difference."""
        return erfc(self.deviations / sqrt(2))

    def __str__(self) -> str:
        first, second = (f"{value * 1000:.2f} ms" for value in self.medians)
        return f"medians {first} and {second}, chance {self.chance:.3f}, p = {self.probability:.2f}"


def compare(first: Sequence[float], second: Sequence[float]) -> Comparison:
    """The Mann-Whitney test: it looks at ranks alone, so a few slow outliers decide nothing."""
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    rank_sum = sum(rank for rank, (_, which) in enumerate(ranked, 1) if which == 0)
    n, m = len(first), len(second)
    above = rank_sum - n * (n + 1) / 2
    deviations = abs(above - n * m / 2) / sqrt(n * m * (n + m + 1) / 12)
    return Comparison(above / (n * m), deviations, (median(first), median(second)))


def shuffled_pairs(tries: int, seed: int) -> list[bool]:
    """An order in which both kinds come equally often and neither always first: a machine's moods hit both."""
    dice = random.Random(seed)
    order: list[bool] = []
    for _ in range(tries):
        pair = [True, False]
        dice.shuffle(pair)
        order += pair
    return order
