"""How to divide an amount over pools of one pair so that together they give the most.

Every move is judged by exact quotes. Outputs are concave but for small steps: a greedy division
shows where to look, a search of quotes ends it.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from chalicelib.domain.amounts import ceil_div
from chalicelib.domain.routing.curves import REFUSED, Curve, total_out
from chalicelib.domain.routing.line_search import climb, level, nudge, scan

# What a constant trades, here and in the files beside this one, was measured by varying it alone:
# over 800 pairs and 500 groups of 3 to 8 random pools as in tests/unit/domain/routing_pools.py, 240
# trades of up to three hops over such pools, 150 exact outputs of pairs, 112 trades of the
# simulated market, the requests of infra/verify/bench, and 154 pairs of which a unit of input buys
# hundreds and all splits were tried. Quotes are those a plan asks for; bp are how far it falls
# short of the best plan that any setting found.

# Parts of the first division. 16: 11 % fewer quotes in groups, but 35 % more for exact outputs of
# eight pools; 64: 22 % more in groups, the worst 3.3 bp short.
_PARTS = 32
# How fast steps shrink. 4: 20 % more quotes, mean 0.0020 bp short instead of 0.0027; 16: the worst
# whole market 0.08 bp short instead of 0.004.
_SHRINK = 8
# A move gains at least 2⁻²⁷ of the output. 24: 8 % fewer quotes in groups, the worst whole market
# 0.07 bp short instead of 0.004; 30: 7 % more to be 0.014 bp better at most.
_PRECISION_BITS = 27
# Moves for each pool. 2: plans are 0.0002 bp worse at most; 1: 39 bp; 8: the same plans.
_MOVES_MAX = 4
# At so many shares of the amount rounding is looked at. 500: a third fewer quotes of those 154, and
# 8 of them instead of 4 short by more than two units; 2000: 67 % more quotes, and 3.
_SHARES = 1000
# Elsewhere about so many of them are enough. 32: 7 % fewer quotes of pairs, 0.005 bp short at the
# 99th percentile instead of 0.004; 128: 12 % more, 0.003 bp.
_SAMPLES = 64
# Units looked at on both sides of the best share. 0: 3 % fewer quotes of those 154, and 13 of them
# instead of 4 short by more than two units; 128: 1 % more quotes and nothing gained.
_NEAR_UNITS = 64
# From so many units of noise on, all shares are looked at. 400: 5 % fewer quotes, 0.15 bp short at
# the 99th percentile of those 154 instead of 0.05; 100: 1 % more and nothing gained.
_COARSE_NOISE = 200

# What is left to gain at last is looked for at such a part of the amount. 10: a tenth slower over
# 3,000 trades; 18: as fast; the same plans but for some units.
_POLISH_BITS = 14

# The part of the amount that a pool's best price is told from: smaller ones drown in rounding.
_PROBE_BITS = 12

Amounts = list[int]


def split(
    curves: Sequence[Curve],
    amount_in: int,
    legs_max: int,
    cost_per_leg: int = 0,
    *,
    to_last_unit: bool = True,
) -> Amounts | None:
    """Return the input of each pool, adding up to `amount_in`, or None when they cannot take it.

    Each leg beyond the first earns more than `cost_per_leg` base units of output. Two pools are
    searched `to_last_unit` of output, which takes many quotes where rounding decides.
    """

    def worth(amounts: Amounts) -> int:
        return total_out(curves, amounts) - cost_per_leg * _leg_count(amounts)

    best = max(
        _candidates(curves, amount_in, to_last_unit), key=lambda amounts: total_out(curves, amounts)
    )
    while _leg_count(best) > 1:
        weakest, taker, earned = _weakest(curves, best)
        must_drop = _leg_count(best) > legs_max or earned <= cost_per_leg
        if not must_drop and cost_per_leg == 0:
            break
        fewer = max(_without(curves, best, weakest, taker), key=worth)
        if not must_drop and worth(fewer) < worth(best):
            break
        best = fewer
    best = max([*_singles(len(curves), amount_in), best], key=worth)
    return best if total_out(curves, best) > 0 else None


def _candidates(curves: Sequence[Curve], amount_in: int, to_last_unit: bool) -> list[Amounts]:
    candidates = _singles(len(curves), amount_in)
    if len(curves) == 2:
        candidates.append(_split_pair(curves, amount_in, to_last_unit))
    elif len(curves) > 2:
        kept = _rivals(curves, amount_in)
        if len(kept) > 1:
            for found in _split_many([curves[i] for i in kept], amount_in):
                candidates.append(_spread(kept, found, len(curves)))
    return [_without_dust(curves, amounts) for amounts in candidates]


def _rivals(curves: Sequence[Curve], amount_in: int) -> list[int]:
    """Return the pools that may be paid something: all but those whose best price is below the
    price that the best pool still pays beyond the whole amount."""
    alone = [curve.out(amount_in) for curve in curves]
    most = max(alone)
    best = alone.index(most)
    probe = max(1, amount_in >> _PROBE_BITS)
    beyond = curves[best].out(amount_in + probe)
    if most < 0 or beyond < 0:
        return [*range(len(curves))]
    least = beyond - most - _noise(most, amount_in)
    # What does not take so much may still take less.
    return [i for i, c in enumerate(curves) if i == best or not 0 <= c.out(probe) < least]


def _noise(out: int, amount_in: int) -> int:
    # Rounding, of fees above all, is worth up to a unit of input and one of output for each pool.
    return 2 * out // amount_in + 4


def _weakest(curves: Sequence[Curve], amounts: Amounts) -> tuple[int, int, int]:
    """Return the leg to drop, the one that best takes its amount, and what that loses."""
    used = [i for i, amount in enumerate(amounts) if amount]
    losses = [
        (
            curves[i].out(amounts[i])
            + curves[taker].out(amounts[taker])
            - curves[taker].out(amounts[taker] + amounts[i]),
            i,
            taker,
        )
        for i in used
        for taker in used
        if taker != i
    ]
    lost, weakest, taker = min(losses)
    return weakest, taker, lost


def _without(
    curves: Sequence[Curve], amounts: Amounts, dropped: int, taker: int
) -> Iterator[Amounts]:
    """Yield splits without one leg: its amount given to `taker`, and all divided again."""
    left = list(amounts)
    left[dropped], left[taker] = 0, amounts[taker] + amounts[dropped]
    yield left
    kept = [i for i, amount in enumerate(left) if amount]
    for found in _candidates([curves[i] for i in kept], sum(amounts), False):
        yield _spread(kept, found, len(amounts))


def _spread(kept: Sequence[int], found: Amounts, count: int) -> Amounts:
    """Return what all `count` pools are paid when those that were `kept` are paid this."""
    amounts = [0] * count
    for i, amount in zip(kept, found, strict=True):
        amounts[i] = amount
    return amounts


def _leg_count(amounts: Amounts) -> int:
    return sum(1 for amount in amounts if amount)


def pour(curves: Sequence[Curve], amount_in: int, parts: int = _PARTS) -> Amounts | None:
    """Divide greedily, part by part, each to the pool that gives most for it."""
    amounts = [0] * len(curves)
    left, step = amount_in, max(1, amount_in // parts)
    # A gain stays what it is until the pool is paid or the step shrinks.
    gains = [curve.out(step) for curve in curves]
    while left:
        gain = max(gains)
        if gain < 0 and step == 1:
            return None
        if gain < 0:
            step //= 2
            gains = _gains(curves, amounts, step)
            continue
        taker = gains.index(gain)
        amounts[taker] += step
        left -= step
        if left >= step:
            curve, amount = curves[taker], amounts[taker]
            gains[taker] = curve.out(amount + step) - curve.out(amount)
        elif left:
            step = left
            gains = _gains(curves, amounts, step)
    return amounts


def polish(curves: Sequence[Curve], amounts: Amounts, amount_in: int) -> Amounts:
    """Divide `amount_in` to the last unit of output, given `amounts` that divide it, or a little
    less, to the precision that plans are compared in."""
    surplus = amount_in - sum(amounts)
    starts = [
        [amount + surplus * (i == taker) for i, amount in enumerate(amounts)]
        for taker in range(len(amounts))
    ]
    best = max(starts, key=lambda start: total_out(curves, start))
    for giver, taker in pairwise(range(len(best))):
        _move(curves, best, (giver, taker), max(1, amount_in >> _POLISH_BITS), 1)
    return best


def _gains(curves: Sequence[Curve], amounts: Amounts, step: int) -> list[int]:
    return [c.out(x + step) - c.out(x) for c, x in zip(curves, amounts, strict=True)]


def _losses(curves: Sequence[Curve], amounts: Amounts, step: int) -> list[int]:
    return [
        c.out(x) - c.out(x - step) if x >= step else -REFUSED
        for c, x in zip(curves, amounts, strict=True)
    ]


def _singles(count: int, amount_in: int) -> list[Amounts]:
    return [[amount_in if i == single else 0 for i in range(count)] for single in range(count)]


def _without_dust(curves: Sequence[Curve], amounts: Amounts) -> Amounts:
    largest = amounts.index(max(amounts))
    kept = list(amounts)
    for i, amount in enumerate(amounts):
        if amount and i != largest and curves[i].out(amount) == 0:
            kept[i] = 0
            kept[largest] += amount
    return kept


def _split_pair(curves: Sequence[Curve], amount_in: int, to_last_unit: bool) -> Amounts:
    first, second = curves

    def out(amount: int) -> int:
        return first.out(amount) + second.out(amount_in - amount)

    starts = list(scan(out, amount_in))
    if not starts:
        poured = pour(curves, amount_in)
        if poured is None:
            return [amount_in, 0]
        starts = [(poured[0], max(1, amount_in // _PARTS))]
    best = max((climb(out, *start, 0, amount_in) for start in starts), key=out)
    if to_last_unit:
        best = _settle_rounding(out, best, amount_in)
    return [best, amount_in - best]


def _settle_rounding(out: Callable[[int], int], best: int, amount_in: int) -> int:
    noise = _noise(out(best), amount_in)
    low, high = level(out, best, noise, 0, amount_in)
    best = nudge(out, best, low, high)
    first, last = ceil_div(low * _SHARES, amount_in), high * _SHARES // amount_in
    # Where a unit of input is worth many of output, rounding decides: look at every share.
    samples = _SAMPLES if noise < _COARSE_NOISE else _SHARES
    stride = max(1, (last - first) // samples)
    places = [k * amount_in // _SHARES for k in range(first, last + 1, stride)]
    best = max([best, *places], key=out)
    return nudge(out, best, max(0, best - _NEAR_UNITS), min(amount_in, best + _NEAR_UNITS))


def _split_many(curves: Sequence[Curve], amount_in: int) -> list[Amounts]:
    amounts = pour(curves, amount_in)
    if amounts is None:
        return []
    return [_exchange(curves, amounts, max(1, amount_in // _PARTS))]


def _exchange(curves: Sequence[Curve], amounts: Amounts, step: int) -> Amounts:
    """Move amounts from the pool that loses least by it to the one that gains most."""
    amounts = list(amounts)
    gain_min = max(1, total_out(curves, amounts) >> _PRECISION_BITS)
    moves = _MOVES_MAX * len(curves)
    gains, losses = _gains(curves, amounts, step), _losses(curves, amounts, step)
    while step and moves:
        moves -= 1
        taker, giver = gains.index(max(gains)), losses.index(min(losses))
        if taker != giver and gains[taker] - losses[giver] >= gain_min:
            _move(curves, amounts, (giver, taker), step, gain_min)
            for i in (giver, taker):
                [gains[i]] = _gains(curves[i : i + 1], amounts[i : i + 1], step)
                [losses[i]] = _losses(curves[i : i + 1], amounts[i : i + 1], step)
        else:
            step //= _SHRINK
            gains, losses = _gains(curves, amounts, step), _losses(curves, amounts, step)
    return amounts


def _move(
    curves: Sequence[Curve], amounts: Amounts, way: tuple[int, int], step: int, gain_min: int
) -> None:
    giver, taker = way
    both = amounts[giver] + amounts[taker]

    def out(amount: int) -> int:
        return curves[taker].out(amount) + curves[giver].out(both - amount)

    start = min(both, amounts[taker] + step)
    amounts[taker] = climb(out, start, step, 0, both, gain_min)
    amounts[giver] = both - amounts[taker]
