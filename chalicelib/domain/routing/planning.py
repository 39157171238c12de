"""Which mints an order goes through, and how each hop is divided over the pools of its pair.

The whole output of a hop is the input of the next. Paths visit no mint twice, so no pool either.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from chalicelib.domain.amounts import U64_MAX, ceil_div
from chalicelib.domain.pools.pool import Moment, Pool
from chalicelib.domain.pools.rejections import (
    AmountOverflowError,
    QuoteError,
    ZeroOutputError,
)
from chalicelib.domain.routing.curves import Curve, total_out
from chalicelib.domain.routing.paths import Path, neighbours, paths_from
from chalicelib.domain.routing.rules import RoutingRules
from chalicelib.domain.routing.splitting import polish, pour, split
from chalicelib.domain.tokens import Mint

# `splitting.py` says how these were measured.

# Parts in which a hop is estimated. 4: 3 to 10 % fewer quotes and the same plans; 2: one trade of
# 120 over several hops 159 bp short; 16: up to 17 % more quotes, one plan 0.002 bp better.
_ESTIMATE_PARTS = 8
# Paths that are planned beside the direct one. 2: 12 % fewer quotes over several hops, 4: 12 %
# more, both with the same plans; 1: one exact output of 56 is 32 bp dearer.
_PATHS_MAX = 3
# A path is planned if its estimate is such a share of the best. 0.98: 6 to 17 % more quotes and the
# same plans; 0.999: 20 % fewer, one exact output of 56 is 32 bp dearer.
_ESTIMATE_SHARE_MIN = 0.99

# What a path takes at most is looked for at such a ratio, then by halves to 2⁻¹⁰ of it.
_CAPACITY_STRIDE = 16
_CAPACITY_BITS = 10


class Share(NamedTuple):
    """What one pool is paid in a hop."""

    curve: Curve
    amount_in: int

    @property
    def input_mint(self) -> Mint:
        return self.curve.input_mint

    @property
    def amount_out(self) -> int:
        return self.curve.out(self.amount_in)


class Plan(NamedTuple):
    """The shares in execution order, and the output of the last hop."""

    path: Path
    shares: tuple[Share, ...]
    amount_out: int

    @property
    def amount_in(self) -> int:
        return sum(share.amount_in for share in self.shares if share.input_mint == self.path[0])

    def worth(self, cost_per_leg: int) -> int:
        """Return the output less what the legs cost."""
        return self.amount_out - cost_per_leg * len(self.shares)


class Filled(NamedTuple):
    """What a path takes and what it gives, about."""

    amount_in: int
    amount_out: int


class Planner:
    """Plans over one set of pools at one moment; remembers what they have quoted."""

    def __init__(self, pools: Sequence[Pool], at: Moment, rules: RoutingRules) -> None:
        self._rules = rules
        self._curves: dict[tuple[Mint, Mint], list[Curve]] = {}
        self._estimates: dict[tuple[tuple[Mint, Mint], int], int] = {}
        by_address = {pool.address: pool for pool in pools}
        for address in sorted(by_address):
            pool = by_address[address]
            for pair in ((pool.mint_a, pool.mint_b), (pool.mint_b, pool.mint_a)):
                curve = Curve(pool, pair[0], at, rules.headroom_of(pool))
                self._curves.setdefault(pair, []).append(curve)

    def curves(self, input_mint: Mint, output_mint: Mint) -> Sequence[Curve]:
        """Return the pools of a pair, by address."""
        return self._curves.get((input_mint, output_mint), ())

    def paths(self, input_mint: Mint, output_mint: Mint) -> list[Path]:
        """Return every way of at most `hops_max` hops, shortest first."""
        paths = paths_from(input_mint, neighbours(self._curves), self._rules.hops_max)
        found = (path for path in paths if path[-1] == output_mint)
        return sorted(found, key=lambda path: (len(path), path))

    def best(self, paths: Sequence[Path], amount_in: int) -> Plan | None:
        """Return the plan of most worth, on the shorter path when two are equal."""
        cost = self._rules.cost_per_leg
        plans = [
            plan
            for path, estimate in self._promising(paths, amount_in)
            if (plan := self._plan(path, amount_in, estimate))
        ]
        return max(plans, key=lambda plan: plan.worth(cost), default=None)

    def polished(self, plan: Plan) -> Plan:
        """Return the plan with every hop divided to the last unit, which takes too many quotes for
        each of those that are compared."""
        shares: list[Share] = []
        amount = plan.amount_in
        for input_mint in plan.path[:-1]:
            hop = [share for share in plan.shares if share.input_mint == input_mint]
            curves, amounts = [share.curve for share in hop], [share.amount_in for share in hop]
            amounts = polish(curves, amounts, amount)
            shares.extend(map(Share, curves, amounts))
            amount = total_out(curves, amounts)
            if amount > U64_MAX or not all(share.amount_out > 0 for share in shares):
                return plan
        return Plan(plan.path, tuple(shares), amount)

    def fullest(self, path: Path) -> Filled:
        """Return about the most that a path takes and what it gives for it; zeros when nothing."""
        # Upwards: of absurd amounts, badly divided, a path takes again what it refused of less.
        low, high = 0, 1
        while high <= U64_MAX:
            if self._estimate(path, high):
                low = high
            elif low:
                break
            high *= _CAPACITY_STRIDE
        while high - low > low >> _CAPACITY_BITS:
            middle = low + (high - low) // 2
            low, high = (middle, high) if self._estimate(path, middle) else (low, middle)
        return Filled(low, self._estimate(path, low)[-1] if low else 0)

    def refusals(self, path: Path, amount_in: int) -> list[QuoteError]:
        """Return why the pools of the first hop that fails on a path refuse."""
        for pair in pairwise(path):
            amount_out = self._estimated_out(pair, amount_in)
            if not 0 < amount_out <= U64_MAX:
                errors = (curve.refusal(amount_in) for curve in self.curves(*pair))
                return [error for error in errors if error] or [AmountOverflowError()]
            amount_in = amount_out
        return []

    def is_too_small(self, paths: Sequence[Path], amount_in: int) -> bool:
        """Tell whether some path fails only because the amount buys nothing there."""
        refusals = (self.refusals(path, amount_in) for path in paths)
        return any(
            all(isinstance(refusal, ZeroOutputError) for refusal in found)
            for found in refusals
            if found
        )

    def _promising(
        self, paths: Sequence[Path], amount_in: int
    ) -> list[tuple[Path, tuple[int, ...]]]:
        estimates = [
            (path, estimate)
            for path in paths
            if len(path) - 1 <= self._rules.legs_max
            and (estimate := self._estimate(path, amount_in))
        ]
        if not estimates:
            return []
        cost = self._rules.cost_per_leg
        ranked = sorted(estimates, key=lambda found: len(found[1]) * cost - found[1][-1])
        estimate_min = ranked[0][1][-1] * _ESTIMATE_SHARE_MIN
        near = [found for found in ranked[:_PATHS_MAX] if found[1][-1] >= estimate_min]
        # The single pool that the plan is compared with must not be missed.
        direct = [found for found in estimates if len(found[0]) == 2 and found not in near]
        return sorted(near + direct, key=lambda found: len(found[0]))

    def _estimate(self, path: Path, amount_in: int) -> tuple[int, ...]:
        """Return about what each hop gives, or nothing when a hop cannot be filled."""
        outs: list[int] = []
        for pair in pairwise(path):
            amount_in = self._estimated_out(pair, amount_in)
            if not 0 < amount_in <= U64_MAX:
                return ()
            outs.append(amount_in)
        return tuple(outs)

    def _estimated_out(self, pair: tuple[Mint, Mint], amount_in: int) -> int:
        """Return about what the pools give together; not above 0 when they cannot take it."""
        # Paths begin alike.
        known = self._estimates.get((pair, amount_in))
        if known is None:
            curves = self.curves(*pair)
            amounts = pour(curves, amount_in, _ESTIMATE_PARTS)
            known = total_out(curves, amounts) if amounts else 0
            # Parts of a small amount may buy nothing where the whole of it does.
            known = known or max(curve.out(amount_in) for curve in curves)
            self._estimates[pair, amount_in] = known
        return known

    def _plan(self, path: Path, amount_in: int, estimate: tuple[int, ...]) -> Plan | None:
        shares: list[Share] = []
        for hop, pair in enumerate(pairwise(path)):
            hops_left = len(path) - 1 - hop
            legs_max = ceil_div(self._rules.legs_max - len(shares), hops_left)
            # What a leg costs, in the output of this hop, at the price of the hops after it.
            cost = ceil_div(self._rules.cost_per_leg * estimate[hop], estimate[-1])
            curves = self.curves(*pair)
            amounts = split(curves, amount_in, legs_max, cost, to_last_unit=len(path) == 2)
            if amounts is None:
                return None
            shares.extend(
                Share(curve, amount)
                for curve, amount in zip(curves, amounts, strict=True)
                if amount
            )
            amount_in = total_out(curves, amounts)
            if amount_in > U64_MAX:
                return None
        return Plan(path, tuple(shares), amount_in)
