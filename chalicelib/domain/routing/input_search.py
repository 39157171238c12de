"""The least input whose best plan gives a wanted output."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from chalicelib.domain.amounts import U64_MAX, ceil_div
from chalicelib.domain.pools.rejections import QuoteError
from chalicelib.domain.routing.curves import Curve
from chalicelib.domain.routing.paths import Path
from chalicelib.domain.routing.planning import Plan, Planner, Share

# `splitting.py` says how these were measured, here on 400 exact outputs.

# Inputs tried until one gives enough: doubling a unit beyond u64 takes 64. 48: the same plans; 8:
# what two pools hold together is not found.
_TURNS_MAX = 96
# After so many inputs that gave too little, a plan for all of u64 tells whether to go on. 0: 40 to
# 80 % more quotes; 6: refusals take a tenth more, but one of 120 outputs over several hops is
# filled that 3 refuses.
_CAPACITY_ASKED_AFTER = 3
# By about so much an estimate of what a path gives may fall short of its plan.
_ESTIMATE_BITS = 5
# Inputs tried between too little and enough. 12: the same plans; 6: four are dearer, by less than
# 0.0001 bp.
_REFINEMENTS_MAX = 24
# Rounding takes up to a unit of each leg, and a plan has eight. 0: what two pools hold together is
# not found; 4 to 64: the same plans.
_ROUNDING_MAX = 8
# Legs are filled again for the exact output: what is left here only blurs how they are divided. 14:
# 7 to 16 % fewer quotes, the worst 0.15 bp dearer; 24: 11 to 26 % more, 0.002 bp cheaper at most.
_PRECISION_BITS = 18


def least_input(planner: Planner, paths: Sequence[Path], amount_out: int) -> Plan | None:
    """Return the plan of least input found that gives at least `amount_out`, or None."""
    plan = _Search(planner, paths, amount_out).run()
    if plan is None:
        return None
    trimmed = [_trimmed(each, amount_out) for each in (plan, planner.polished(plan))]
    return min(trimmed, key=lambda each: each.amount_in)


class _Search:
    """Plans that gave too little and enough, closing in on the input between them."""

    def __init__(self, planner: Planner, paths: Sequence[Path], amount_out: int) -> None:
        self._planner = planner
        self._paths = paths
        self._wanted = amount_out
        self._low, self._low_out = 0, 0
        self._high, self._high_out = U64_MAX + 1, 0
        self._found: Plan | None = None

    def run(self) -> Plan | None:
        self._reach()
        for turn in range(_REFINEMENTS_MAX):
            if self._found is None or self._high - self._low <= 1:
                break
            if self._high_out - self._wanted <= self._wanted >> _PRECISION_BITS:
                break
            self._try(self._between(turn))
        return self._found

    def _reach(self) -> None:
        amount_in, stride = self._first_input(), 1
        for turn in range(_TURNS_MAX):
            low_out = self._low_out
            self._try(amount_in)
            if self._found:
                return
            if turn == _CAPACITY_ASKED_AFTER or self._low_out < low_out:
                self._try_fullest()
                if self._found or self._exceeds_all_pools():
                    return
            if self._high - self._low <= 1 or self._is_out_of_reach():
                return
            needed = self._low * self._wanted // self._low_out if self._low_out else 2 * self._low
            # Prices fall with size: go twice as far as the price so far says, and ever farther.
            stride = 2 * max(stride, needed - self._low)
            amount_in = self._low + stride
            if amount_in >= self._high:
                amount_in = (self._low + self._high) // 2

    def _is_out_of_reach(self) -> bool:
        # Prices fall with size, so that all below `high` give no more than in proportion to `low`,
        # of whose output rounding may have taken a unit for each leg.
        low_out = self._low_out + _ROUNDING_MAX
        return self._low_out > 0 and low_out * self._high < self._wanted * self._low

    def _exceeds_all_pools(self) -> bool:
        plan = self._planner.best(self._paths, U64_MAX)
        return plan is not None and plan.amount_out < self._wanted

    def _try_fullest(self) -> None:
        """Try all that each path takes: for more it drops out, and what is left may give less."""
        for path in self._paths:
            amount_in, amount_out = self._planner.fullest(path)
            if amount_out + (amount_out >> _ESTIMATE_BITS) < self._wanted:
                continue
            plan = self._planner.best(self._paths, amount_in)
            if plan and plan.amount_out >= self._wanted:
                self._keep(amount_in, plan)

    def _first_input(self) -> int:
        rates = [rate for path in self._paths if (rate := _rate(self._planner, path))]
        best = max(rates, default=Fraction(1))
        return min(U64_MAX, max(1, int(self._wanted / best)))

    def _try(self, amount_in: int) -> None:
        plan = self._planner.best(self._paths, amount_in)
        if plan and plan.amount_out >= self._wanted:
            self._keep(amount_in, plan)
        elif plan or self._planner.is_too_small(self._paths, amount_in):
            self._low, self._low_out = amount_in, plan.amount_out if plan else 0
        else:
            self._high = amount_in

    def _keep(self, amount_in: int, plan: Plan) -> None:
        if amount_in <= self._low:
            self._low = self._low_out = 0
        self._high, self._high_out, self._found = amount_in, plan.amount_out, plan

    def _between(self, turn: int) -> int:
        """Return the next input: on the chord, which gives enough, and just below it in turn."""
        width = self._high - self._low
        rise = self._high_out - self._low_out
        if turn % 3 == 2 or rise <= 0:
            return self._low + width // 2
        offset = ceil_div(width * (self._wanted - self._low_out), rise)
        if turn % 3 == 1:
            offset -= max(1, width >> 12)
        return self._low + min(width - 1, max(1, offset))


def _rate(planner: Planner, path: Path) -> Fraction:
    rate = Fraction(1)
    for input_mint, output_mint in pairwise(path):
        best = Fraction(0)
        for curve in planner.curves(input_mint, output_mint):
            try:
                best = max(best, Fraction(*curve.pool.marginal_price(input_mint)))
            except (QuoteError, ZeroDivisionError):
                continue
        rate *= best
    return rate


def _trimmed(plan: Plan, amount_out: int) -> Plan:
    """Take from each leg, last hop first, what the wanted output does not need."""
    shares: list[Share] = []
    needed = amount_out
    for mint in reversed(plan.path[:-1]):
        hop = [share for share in plan.shares if share.input_mint == mint]
        surplus = max(0, sum(share.amount_out for share in hop) - needed)
        for i, share in enumerate(hop):
            least_out = max(1, share.amount_out - surplus)
            amount_in = _least_for(share.curve, least_out, share.amount_in)
            hop[i] = share._replace(amount_in=amount_in)
            surplus -= share.amount_out - hop[i].amount_out
        shares[:0] = hop
        needed = sum(share.amount_in for share in hop)
    final = [share.amount_out for share in shares if share.input_mint == plan.path[-2]]
    return Plan(plan.path, tuple(shares), sum(final))


def _least_for(curve: Curve, amount_out: int, enough: int) -> int:
    """Return an input that just gives `amount_out`: one less does not. `enough` does."""
    step = 1
    while step <= enough and curve.out(enough - step) >= amount_out:
        step *= 2
    low, high = max(0, enough - step), enough - step // 2
    while high - low > 1:
        middle = (low + high) // 2
        if curve.out(middle) >= amount_out:
            high = middle
        else:
            low = middle
    return high
