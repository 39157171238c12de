"""Times work beside a fixed loop of integer arithmetic: what slows down both cancels out.

A duration is also given in turns of that loop, which compare across machines and busy moments.
"""

import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

T = TypeVar("T")

_TURNS = 1_000


class Sample(NamedTuple):
    """How long something took, in seconds and in turns of the calibration loop."""

    seconds: float
    turns: float

    def shared_by(self, count: int) -> "Sample":
        """Return the share of one of `count`."""
        return Sample(self.seconds / count, self.turns / count)


def calibrate(turns: int) -> int:
    """Swap `turns` times on one range of liquidity, and return what that bought."""
    liquidity, price, amount, bought = 0x1D3F5B79_97B5F3D1, 0x6_89ABCDEF_01234567, 10**9, 0
    shifted = liquidity << 64
    for turn in range(turns):
        # A fee, then P' = ⌈L·P/(L + x·P)⌉ and y = ⌊L·(P - P')⌋ in Q64.64, as on the curves.
        net = (amount + turn) * 997_500 // 1_000_000
        after = -(-shifted * price // (shifted + net * price))
        bought += liquidity * (price - after) >> 64
    return bought


def timed(work: Callable[[], T]) -> tuple[T, Sample]:
    """Do the work between two calibration loops, and return its result and its duration."""
    before = _seconds_of(lambda: calibrate(_TURNS))[1]
    result, seconds = _seconds_of(work)
    after = _seconds_of(lambda: calibrate(_TURNS))[1]
    return result, Sample(seconds, seconds * 2 * _TURNS / (before + after))


def _seconds_of(work: Callable[[], T]) -> tuple[T, float]:
    started_at = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started_at
