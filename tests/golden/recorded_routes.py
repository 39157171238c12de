"""3,000 trades over the simulated market, and what their best routes gave when they were recorded.

`python -m tests.golden.recorded_routes` records them anew, in tests/golden/vectors/routes.csv.
"""

import csv
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import NamedTuple

from chalicelib.domain.errors import OrderError
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.routing.best_route import leg_cost
from chalicelib.domain.routing.fillable import route_of
from chalicelib.domain.routing.rules import RoutingRules
from chalicelib.domain.token_list import SOL, TOKENS, find_pair
from chalicelib.simulation.market import Market, moment_at_slot
from chalicelib.simulation.pool_states import SimulatedPool
from infra.verify.bench.buckets import amount_worth

FILE = Path(__file__).parent / "vectors" / "routes.csv"
MARKET = Market(seed="recorded")
SLOTS = range(3_000, 60_000_000, 2_000_000)
TRADES_PER_SLOT = 100
LEG_COST_LAMPORTS = 5_000
EXPONENT_MIN, EXPONENT_MAX = 1.0, 7.0


class Recorded(NamedTuple):
    """A trade, and the amount that its best route gave or took; or the code of its refusal."""

    slot: int
    token_in: str
    token_out: str
    mode: str
    amount: int
    outcome: str

    @property
    def trade(self) -> Trade:
        return Trade(
            pair=find_pair(self.token_in, self.token_out),
            mode=SwapMode(self.mode),
            amount=self.amount,
        )


def recorded() -> list[Recorded]:
    """Return the recorded trades."""
    with FILE.open(newline="") as file:
        return [
            Recorded(int(slot), token_in, token_out, mode, int(amount), outcome)
            for slot, token_in, token_out, mode, amount, outcome in csv.reader(file)
        ]


def outcome_of(trade: Trade, slot: int) -> str:
    """Return what today's code makes of the trade."""
    pools, at = _pools(slot), moment_at_slot(slot)
    cost = leg_cost(pools, SOL.mint, trade.pair.token_out.mint, LEG_COST_LAMPORTS)
    try:
        route = route_of(pools, trade, at, RoutingRules(cost_per_leg=cost))
    except OrderError as refusal:
        return refusal.code
    is_exact_in = trade.mode is SwapMode.EXACT_IN
    # What the legs cost is part of what is best.
    legs = cost * len(route.legs)
    return str(route.amount_out - legs if is_exact_in else route.amount_in)


@lru_cache(maxsize=1)
def _pools(slot: int) -> list[SimulatedPool]:
    return MARKET.pools(slot)


def _trades() -> Iterator[Recorded]:
    """Yield any pair and direction, from ten dollars to ten millions."""
    random = Random(MARKET.seed)
    for slot in SLOTS:
        for _ in range(TRADES_PER_SLOT):
            token_in, token_out = random.sample(TOKENS, 2)
            mode = random.choice([*SwapMode])
            dollars = int(10 ** random.uniform(EXPONENT_MIN, EXPONENT_MAX))
            given = token_in if mode is SwapMode.EXACT_IN else token_out
            amount = amount_worth(MARKET, dollars, given, slot) + random.randrange(1_000)
            yield Recorded(slot, token_in.symbol, token_out.symbol, mode, amount, "")


def main() -> None:
    """Record what today's code makes of all trades."""
    with FILE.open("w", newline="") as file:
        for each in _trades():
            row = each._replace(outcome=outcome_of(each.trade, each.slot))
            csv.writer(file, lineterminator="\n").writerow(row)


if __name__ == "__main__":
    main()
