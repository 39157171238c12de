"""Bitmaps that tell which arrays of ticks or bins of a pool exist, and which of them are known."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

ROW_BITS = 512
ROW_BYTES = ROW_BITS // 8

ArrayT = TypeVar("ArrayT")


class Bitmap(NamedTuple):
    """Which arrays exist, by index; of those outside its range nothing is known."""

    lowest: int
    #: Bit k stands for the array of index `lowest` + k.
    bits: int
    size: int

    def from_index(self, index: int, is_down: bool) -> Iterator[int]:
        """Yield the indices of the arrays that a price comes to, its own first."""
        offset = index - self.lowest
        if not 0 <= offset < self.size:
            return
        if is_down:
            below = self.bits & ((1 << offset + 1) - 1)
            while below:
                highest = below.bit_length() - 1
                yield self.lowest + highest
                below ^= 1 << highest
        else:
            above = self.bits >> offset << offset
            while above:
                bit = above & -above
                yield self.lowest + bit.bit_length() - 1
                above ^= bit


def extended(default: bytes, below: bytes, above: bytes) -> Bitmap:
    """Join a pool's own bitmap, around index 0, and what comes below and above it in ascending
    order."""
    joined = below + default + above
    lowest = -len(default) * 4 - len(below) * 8
    return Bitmap(lowest, int.from_bytes(joined, "little"), len(joined) * 8)


def known_arrays(
    bitmap: Bitmap, index: int, read: Callable[[int], ArrayT | None]
) -> dict[int, ArrayT]:
    """Return the arrays around a price by index, in both directions as far as they were read:
    what lies beyond one that exists and was not is not known either."""
    known: dict[int, ArrayT] = {}
    for is_down in (True, False):
        for each in bitmap.from_index(index, is_down):
            array = known[each] if each in known else read(each)
            if array is None:
                break
            known[each] = array
    return dict(sorted(known.items()))


def nearest(bitmap: Bitmap, index: int, count: int) -> list[int]:
    """Return the indices of the nearest arrays around a price, so many in each direction."""
    chosen = set()
    for is_down in (True, False):
        chosen |= {
            each for each, _ in zip(bitmap.from_index(index, is_down), range(count), strict=False)
        }
    return sorted(chosen)
