"""What the ledger should have of a swap: its bytes, verified, read, and executed once more on the
pools of their slot. And what a trigger should have seen: the rate of its slot."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from chalicelib.adapters.clock import SystemClock
from chalicelib.domain.errors import OrderError
from chalicelib.domain.orders.guards import refusal_of_pool
from chalicelib.domain.orders.order import Order
from chalicelib.domain.orders.triggers import Trigger, TriggerKind, Watch, watches_of
from chalicelib.settings import SimulationSettings
from chalicelib.simulation.execution import execute_swap, read_signed_swap, total_in, total_out
from chalicelib.simulation.launches import launch_of_pool
from chalicelib.simulation.market import Market, time_of_slot
from chalicelib.simulation.pool_feed import new_pool
from chalicelib.simulation.rates import SimulatedRates
from chalicelib.worlds import market_of

Row = Mapping[str, Any]


def deployed_market(*, seed: str | None = None, venue_gap_bps: str | None = None) -> Market:
    """Return the market of a deployment with these settings; None stands for the default.

    The gap is text as in a deployment: "350", or "200-500".
    """
    named = {"market_seed": seed, "venue_gap_bps": venue_gap_bps}
    chosen: dict[str, Any] = {name: text for name, text in named.items() if text is not None}
    # Not from the environment: that is the caller's, not the deployment's.
    return market_of(SimulationSettings(**chosen))


class Observed:
    """Recomputes what triggers saw, in the market that they saw it in."""

    def __init__(self, market: Market) -> None:
        self._market = market
        rates = SimulatedRates(market=market, clock=SystemClock())
        # Orders of a batch are often triggered in one slot.
        self._observe = lru_cache(maxsize=16)(rates.observe)

    def confirms(self, order: Order, trigger: Trigger) -> bool:
        """Tell whether the slot had this rate, after the order was placed and before its time was
        up, and a price or a time that was waited for was met. Whom a time has triggered may have
        seen no rate; whom a pool has triggered, a pool that passed."""
        if trigger.kind is TriggerKind.POOL:
            return self._passes(order, trigger)
        pair = order.pair.mints
        observation = self._observe(trigger.slot, ())
        if pair not in observation.rates:
            observation = self._observe(trigger.slot, (pair,))
        is_in_time = trigger.slot > (order.armed_slot or 0) and not order.is_over(observation.at)
        # How high a trailing stop's price had been, no slot alone can tell.
        watches = [w for w in watches_of(order.terms, order.trade) if w.kind is trigger.kind]
        is_met = bool(watches) and all(_is_met(w, trigger, observation.at) for w in watches)
        is_known = trigger.rate is not None or trigger.kind is not TriggerKind.MAX_HOLD
        is_right = not is_known or observation.rates.get(pair) == trigger.rate
        return is_in_time and is_met and is_right

    def _passes(self, order: Order, trigger: Trigger) -> bool:
        """Tell whether the pool could be seen to pass in that slot."""
        slot = trigger.slot
        launch = launch_of_pool(self._market.seed, trigger.pool_address or "")
        if launch is None or not launch.is_created(slot):
            return False
        is_in_time = slot >= (order.armed_slot or 0) and not order.is_over(time_of_slot(slot))
        return is_in_time and refusal_of_pool(order, new_pool(launch, slot)) is None


def _is_met(watch: Watch, trigger: Trigger, at: datetime) -> bool:
    if watch.fires_at is not None:
        return watch.is_due(at)
    return watch.mark is not None or (trigger.rate is not None and watch.is_met(trigger.rate))


@dataclass(frozen=True, slots=True)
class Recomputation:
    """Recomputes swaps in the market that they were made in."""

    market: Market

    def confirms(self, swap: Row) -> bool:
        """Tell whether the ledger's row of a swap equals what its bytes do in its slot."""
        try:
            recomputed = self._recompute(swap["wire_bytes"], swap["landing_slot"])
        except (ArithmeticError, IndexError, OrderError, ValueError):
            # The bytes are no signed swap, or one that the pools of that slot refuse.
            return False
        return recomputed == {name: swap[name] for name in recomputed}

    def _recompute(self, wire_bytes: bytes, slot: int) -> Row:
        transaction, swap = read_signed_swap(wire_bytes)
        legs = execute_swap(self.market, swap, slot)
        return {
            "signature": str(transaction.signatures[0]),
            "memo": swap.memo,
            "input_mint": swap.input_mint,
            "output_mint": swap.output_mint,
            "amount_in": total_in(legs, swap),
            "amount_out": total_out(legs, swap),
            "legs": [asdict(leg) for leg in legs],
        }
