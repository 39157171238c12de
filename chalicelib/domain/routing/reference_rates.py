"""What pairs are worth at one moment: the rates of their best routes, after fees.

A rate is that of the best path that visits no mint twice, one pool a hop, for an amount too small
to move a price: what an order of that size gets, and what a larger one falls short of.
"""

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise

from chalicelib.domain.pools.pool import Moment, Pool, Price
from chalicelib.domain.routing.curves import Curve
from chalicelib.domain.routing.paths import Path, neighbours, paths_between, paths_from
from chalicelib.domain.routing.prices import marginal_price
from chalicelib.domain.routing.rules import HOPS_MAX
from chalicelib.domain.tokens import Mint


class ReferenceRates:
    """The rates of a snapshot of pools; asks each pool when it is needed, and once.

    `probe` is a mint and an amount of it; of the others as much is paid as that is worth. A dollar
    is large enough for the rounding to base units, and small enough for the curves.
    """

    def __init__(
        self,
        pools: Sequence[Pool],
        at: Moment,
        probe: tuple[Mint, int],
        *,
        hops_max: int = HOPS_MAX,
    ) -> None:
        self._hops_max = hops_max
        self._curves: dict[tuple[Mint, Mint], list[Curve]] = {}
        for pool in pools:
            for pair in ((pool.mint_a, pool.mint_b), (pool.mint_b, pool.mint_a)):
                self._curves.setdefault(pair, []).append(Curve(pool, pair[0], at))
        self._neighbours = neighbours(self._curves)
        self._probes = self._probes_from(*probe)
        self._hop_rates: dict[tuple[Mint, Mint], Price | None] = {}

    def rate(self, input_mint: Mint, output_mint: Mint) -> Price | None:
        """Return the rate of one pair in this direction; None when no pools lead there."""
        paths = paths_between(input_mint, output_mint, self._neighbours, self._hops_max)
        return reduce(_better, map(self._path_rate, paths), None)

    def rates(self) -> dict[tuple[Mint, Mint], Price]:
        """Return the rates of all pairs, in both directions, that pools connect."""
        found: dict[tuple[Mint, Mint], Price] = {}
        for start in self._neighbours:
            for path in paths_from(start, self._neighbours, self._hops_max):
                pair = start, path[-1]
                if best := _better(found.get(pair), self._path_rate(path)):
                    found[pair] = best
        return found

    def venue_rates(self, input_mint: Mint, output_mint: Mint) -> dict[str, Price]:
        """Return what the best pool of the pair pays at each venue that has one."""
        found: dict[str, Price] = {}
        for curve in self._curves.get((input_mint, output_mint), ()):
            if best := _better(found.get(curve.pool.venue), self._pool_rate(curve)):
                found[curve.pool.venue] = best
        return found

    def _path_rate(self, path: Path) -> Price | None:
        numerator = denominator = 1
        for hop in pairwise(path):
            if (rate := self._hop_rate(hop)) is None:
                return None
            numerator, denominator = numerator * rate.numerator, denominator * rate.denominator
        return Price(numerator, denominator)

    def _hop_rate(self, hop: tuple[Mint, Mint]) -> Price | None:
        if hop not in self._hop_rates:
            rates = (self._pool_rate(curve) for curve in self._curves[hop])
            self._hop_rates[hop] = reduce(_better, rates, None)
        return self._hop_rates[hop]

    def _pool_rate(self, curve: Curve) -> Price | None:
        amount_in = self._probes.get(curve.input_mint, 0)
        amount_out = curve.out(amount_in)
        return Price(amount_out, amount_in) if amount_out > 0 else None

    def _probes_from(self, mint: Mint, amount: int) -> dict[Mint, int]:
        """Return what the amount is worth in each mint that it reaches, at marginal prices."""
        probes, reached = {mint: amount}, [mint]
        for paid in reached:
            for received in self._neighbours.get(paid, ()):
                if received not in probes and (price := self._marginal_price(paid, received)):
                    probes[received] = probes[paid] * price.numerator // price.denominator
                    reached.append(received)
        return probes

    def _marginal_price(self, paid: Mint, received: Mint) -> Price | None:
        curves = self._curves[paid, received]
        prices = (marginal_price(curve.pool, curve.input_mint) for curve in curves)
        return reduce(_better, prices, None)


def _better(one: Price | None, other: Price | None) -> Price | None:
    if one is None or other is None:
        return one or other
    is_one = one.numerator * other.denominator >= other.numerator * one.denominator
    return one if is_one else other
