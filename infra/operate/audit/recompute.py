"""What a swap in the ledger should say: its own bytes, verified, read, and filled once more by the
pools of its slot."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from solders.transaction import VersionedTransaction

from chalicelib.domain.errors import OrderError
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.pools.pool import Pool
from chalicelib.domain.routing.fills import Leg, fill
from chalicelib.settings import SimulationSettings
from chalicelib.simulation.market import Market, PoolNotListedError, moment_at_slot
from chalicelib.solana.transactions import RequestedLeg, RequestedSwap, read_swap
from chalicelib.worlds import market_of

Row = Mapping[str, Any]


def deployed_market(*, seed: str | None = None, venue_gap_bps: str | None = None) -> Market:
    """Return the market of a deployment with these settings, or its defaults where they are None.

    The gap is written as in a deployment: "350", or "200-500".
    """
    named = {"market_seed": seed, "venue_gap_bps": venue_gap_bps}
    chosen: dict[str, Any] = {name: text for name, text in named.items() if text is not None}
    # Not from the environment: that is the caller's, not the deployment's.
    return market_of(SimulationSettings.model_construct(**chosen))


@dataclass(frozen=True, slots=True)
class Recomputation:
    """The market that the swaps were made in."""

    market: Market

    def confirms(self, swap: Row) -> bool:
        """Tell whether the ledger's row of a swap equals what its bytes do in its slot."""
        try:
            told = self._tell(swap["wire_bytes"], swap["landing_slot"])
        except (ArithmeticError, IndexError, OrderError, PoolNotListedError, ValueError):
            # The bytes are no signed swap, or one that the pools of that slot refuse.
            return False
        return told == {name: swap[name] for name in told}

    def _tell(self, wire_bytes: bytes, slot: int) -> Row:
        transaction = VersionedTransaction.from_bytes(wire_bytes)
        if bytes(transaction) != wire_bytes or not all(transaction.verify_with_results()):
            raise ValueError("the bytes are not what was signed")
        swap = read_swap(transaction)
        legs = self._fill(swap, slot)
        amount_in = sum(x["amount_in"] for x in legs if x["input_mint"] == swap.input_mint)
        amount_out = sum(x["amount_out"] for x in legs if x["output_mint"] == swap.output_mint)
        _check_limit(swap, amount_in, amount_out)
        return {
            "signature": str(transaction.signatures[0]),
            "memo": swap.memo,
            "input_mint": swap.input_mint,
            "output_mint": swap.output_mint,
            "amount_in": amount_in,
            "amount_out": amount_out,
            "legs": legs,
        }

    def _fill(self, swap: RequestedSwap, slot: int) -> list[dict[str, Any]]:
        asked = [Leg(self._pool(leg, slot), leg.input_mint, leg.amount) for leg in swap.legs]
        return [
            {
                "pool_address": leg.pool_address,
                "input_mint": leg.input_mint,
                "output_mint": leg.output_mint,
                "amount_in": quote.amount_in,
                "amount_out": quote.amount_out,
            }
            for leg, quote in zip(
                swap.legs, fill(asked, swap.mode, moment_at_slot(slot)), strict=True
            )
        ]

    def _pool(self, leg: RequestedLeg, slot: int) -> Pool:
        pool = self.market.pool(leg.pool_address, slot)
        asked = (leg.kind, {leg.input_mint, leg.output_mint})
        if asked != (pool.kind, {pool.mint_a, pool.mint_b}):
            raise ValueError("the leg is not one of that pool")
        return pool


def _check_limit(swap: RequestedSwap, amount_in: int, amount_out: int) -> None:
    is_exact_in = swap.mode is SwapMode.EXACT_IN
    if amount_out < swap.limit if is_exact_in else amount_in > swap.limit:
        raise ValueError("the swap is beyond its limit")
