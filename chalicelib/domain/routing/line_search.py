"""Searching whole numbers for the greatest value of a function that is concave but for small steps.

Values below 0 mean "not possible". A value is asked for only where it may matter.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator

Value = Callable[[int], int]
Point = tuple[int, int]

# `splitting.py` says how these were measured.

# Parts in which peaks are looked for. 8: 10 % fewer quotes of pairs, 20 % over several hops, no
# plan 0.0001 bp worse; 32: 21 % and 42 % more, some 0.06 bp better.
_SHARES = 16
# Places that a climb asks for. 32: three plans a few hundred units worse; 16: 36 of 800 pairs worse
# by more than two units, and exact outputs of nearly empty pools fail their tests; 128: the same
# plans.
_ROUNDS_MAX = 64
# How fast a bracket grows until it holds the peak. 2: up to 3 % more quotes; 8: up to 2 % fewer;
# plans differ by 0.014 bp at most.
_GROWTH = 4


def scan(value: Value, high: int) -> Iterator[tuple[int, int]]:
    """Yield a start and a step for each peak of a coarse look at 0 to `high`, best first."""
    step = max(1, high // _SHARES)
    starts = sorted({high * share // _SHARES for share in range(_SHARES + 1)})
    seen = [-1, *map(value, starts), -1]
    peaks = [
        (out, start)
        for before, out, after, start in zip(seen, seen[1:], seen[2:], starts, strict=False)
        if out >= 0 and before < out >= after
    ]
    for _, start in sorted(peaks, reverse=True):
        yield start, step


def climb(value: Value, start: int, step: int, low: int, high: int, gain_min: float = 1) -> int:
    """Return the place of the peak next to `start`, first looked for `step` away.

    It stops where no place can be better by `gain_min`.
    """
    points = _bracket(value, start, step, low, high)
    best = _best(points)
    for turn in range(_ROUNDS_MAX):
        place = _next_place(points, best, turn, gain_min)
        if place is None:
            break
        best = _insert(points, best, (place, value(place)))
    return points[best][0]


def level(value: Value, best: int, noise: int, low: int, high: int) -> tuple[int, int]:
    """Return the places around `best` between which values differ by little more than `noise`."""
    value_min = value(best) - noise
    below = above = 1
    while best - below > low and value(best - below) >= value_min:
        below *= 2
    while best + above < high and value(best + above) >= value_min:
        above *= 2
    return max(low, best - below), min(high, best + above)


def nudge(value: Value, best: int, low: int, high: int) -> int:
    """Return the best place found by halving moves either way."""
    step = max(1, (high - low) // 4)
    while step:
        places = [place for place in (best - step, best, best + step) if low <= place <= high]
        best = max(places, key=value)
        step //= 2
    return best


def _bracket(value: Value, start: int, step: int, low: int, high: int) -> list[Point]:
    places = sorted({max(low, start - step), start, min(high, start + step)})
    points = [(place, value(place)) for place in places]
    best = _best(points)
    while True:
        step *= _GROWTH
        if best == 0 and points[0][0] > low:
            place = max(low, points[0][0] - step)
        elif best == len(points) - 1 and points[-1][0] < high:
            place = min(high, points[-1][0] + step)
        else:
            return points
        best = _insert(points, best, (place, value(place)))


def _best(points: list[Point]) -> int:
    return max(range(len(points)), key=lambda i: points[i][1])


def _insert(points: list[Point], best: int, point: Point) -> int:
    """Put the point in its place; return where the best one is then."""
    best_value = points[best][1]
    index = bisect_left(points, point)
    points.insert(index, point)
    if point[1] > best_value or (point[1] == best_value and index <= best):
        return index
    return best + (index <= best)


def _next_place(points: list[Point], best: int, turn: int, gain_min: float) -> int | None:
    tips = [_tip(points, left) for left in (best - 1, best) if 0 <= left < len(points) - 1]
    bound, place = max(tips, default=(0.0, 0))
    # A concave function cannot rise above its tips.
    if bound < gain_min:
        return None
    vertex = _vertex(points, best) if turn % 3 == 1 else None
    return place if vertex is None else vertex


def _tip(points: list[Point], left: int) -> tuple[float, int]:
    """Return how far above the best the function may rise in the gap right of `left`, and where."""
    (start, low_value), (end, high_value) = points[left : left + 2]
    width, best = end - start, max(low_value, high_value)
    if width < 2:
        return 0.0, start
    middle = start + width // 2
    rising = _slope(points, left - 1)
    falling = _slope(points, left + 1)
    if rising is None:
        return float("inf") if falling is None else high_value - best - falling * width, middle
    if falling is None:
        return low_value - best + rising * width, middle
    if rising <= falling:
        return 0.0, middle
    offset = (high_value - low_value - falling * width) / (rising - falling)
    place = start + min(width - 1, max(1, round(offset)))
    return low_value - best + rising * offset, place


def _slope(points: list[Point], left: int) -> float | None:
    if left < 0 or left + 1 >= len(points):
        return None
    (start, low_value), (end, high_value) = points[left : left + 2]
    if low_value < 0 or high_value < 0:
        return None
    return (high_value - low_value) / (end - start)


def _vertex(points: list[Point], best: int) -> int | None:
    """Return the peak of the parabola through the best point and its neighbours."""
    before, after = _slope(points, best - 1), _slope(points, best)
    if before is None or after is None or before <= after:
        return None
    start, place, end = (points[i][0] for i in (best - 1, best, best + 1))
    # The slopes hold in the middles of the two gaps; the peak is where the slope is 0.
    share = before / (before - after)
    vertex = round((start + place) / 2 + share * (end - start) / 2)
    return vertex if start < vertex < end and vertex != place else None
