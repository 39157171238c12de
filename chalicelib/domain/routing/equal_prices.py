"""Where the marginal prices of several pools meet: the start of a good split.

Around an amount a pool is read as a constant product: there 1/√(marginal price) is linear in the
input, so two quotes beside the amount tell what the pool takes at any price.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import partial
from math import sqrt
from typing import NamedTuple

# `splitting.py` says how these were measured.

# The least part of itself by which slowness grows with each unit paid, so that no price has every
# amount. 1e-9: 11 % more quotes in groups; 1e-15: 4 % fewer, 20 % of eight pools, and as good.
_GROWTH_MIN = 1e-12
# The slowness of a pool that gives nothing more. 1e10 to 1e60: the same plans.
_SLOWNESS_MAX = 1e30
# A pool at an end of what it takes is read within an eighth of the step. 4 or 16: 8 % more quotes
# in groups; 64: the worst plan 0.24 bp worse.
_NEAR_END = 8

Output = Callable[[int], int]


class Reading(NamedTuple):
    """What a pool takes near an amount, and at which price."""

    #: The inputs between which it holds, in base units.
    lower: int
    upper: int
    #: The input at which the pool was read, and 1/√(marginal price) there.
    middle: float
    slowness: float
    #: What a unit of input adds to the slowness.
    growth: float

    @classmethod
    def of(cls, out: Output, amount: int, step: int) -> "Reading":
        """Read a pool that gives `out` within `step` of an amount; it may refuse beyond it."""
        lower, upper = max(0, amount - step), amount + step
        if out(upper) < 0:
            upper = amount
        width = upper - lower
        if width < 2:
            return cls(lower, upper, upper, 0.0, _GROWTH_MIN)
        # At an end of what it takes, a pool is read on one side, near that end.
        between = amount
        if amount == lower:
            between += max(1, width // _NEAR_END)
        elif amount == upper:
            between -= max(1, width // _NEAR_END)
        before = _slowness(out(between) - out(lower), between - lower)
        after = _slowness(out(upper) - out(between), upper - between)
        growth = max(_GROWTH_MIN * before, 2 * (after - before) / width)
        return cls(lower, upper, (lower + between) / 2, before, growth)

    @property
    def ends(self) -> tuple[float, float]:
        """Return the slownesses between which the pool goes from `lower` to `upper`."""
        return (
            self.slowness - (self.middle - self.lower) * self.growth,
            self.slowness + (self.upper - self.middle) * self.growth,
        )

    def amount_at(self, slowness: float) -> float:
        """Return the input that brings the pool to that marginal price."""
        amount = self.middle + (slowness - self.slowness) / self.growth
        return min(self.upper, max(self.lower, amount))


def amounts_at_one_price(readings: Sequence[Reading], amount_in: int) -> list[int]:
    """Return inputs that add up to `amount_in` at one marginal price, as far as the readings go."""
    # Between two neighbouring ends every reading is a straight line, and so is their sum.
    ends = sorted([end for reading in readings for end in reading.ends])
    taken = partial(_taken, readings)
    upper = bisect_left(ends, float(amount_in), 1, len(ends) - 1, key=taken)
    low, high = ends[upper - 1], ends[upper]
    # Where a price holds for a range of inputs, the two sides of it differ.
    below = [reading.amount_at(low) for reading in readings]
    above = [reading.amount_at(high) for reading in readings]
    room = sum(above) - sum(below)
    share = (amount_in - sum(below)) / room if room > 0 else 0.0
    return _whole([a + share * (b - a) for a, b in zip(below, above, strict=True)], amount_in)


def _taken(readings: Sequence[Reading], slowness: float) -> float:
    return sum([reading.amount_at(slowness) for reading in readings])


def _whole(amounts: list[float], amount_in: int) -> list[int]:
    whole = [max(0, int(amount)) for amount in amounts]
    largest = whole.index(max(whole))
    whole[largest] = max(0, whole[largest] + amount_in - sum(whole))
    return whole


def _slowness(gain: int, width: int) -> float:
    return sqrt(width / gain) if gain > 0 else _SLOWNESS_MAX
