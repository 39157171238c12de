"""Rates that a test writes: the world's market goes its own way."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from chalicelib.adapters.memory.ports import MemoryClock
from chalicelib.domain.orders.terms import Condition, StatedPrice, StopTerms
from chalicelib.domain.orders.triggers import RATE_ONE, RatedPair
from chalicelib.domain.token_list import USDC
from chalicelib.engine.ports.rates import Observation
from chalicelib.simulation.market import slot_at, time_of_slot
from tests.world import SOL_USDC

# How far back rates are known.
BACK_SLOTS = 150
PAIR = SOL_USDC.token_in.mint, SOL_USDC.token_out.mint


def dollars(price: str) -> StatedPrice:
    """A price of a SOL in USDC."""
    return StatedPrice(text=price, price_in=USDC.mint)


def stop_below(price: str) -> StopTerms:
    """Sell when a SOL costs so little."""
    return StopTerms(price=dollars(price), condition=Condition.BELOW)


@dataclass(kw_only=True)
class ScriptedRates:
    """The RateFeed port: a SOL costs `usual` dollars, but in the slots named, counted from the
    first one of the test; a price of "" is not known."""

    clock: MemoryClock
    usual: str = "150"
    prices: Mapping[int, str] = field(default_factory=dict)
    looked_at: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.first_slot = self.current_slot()

    def current_slot(self) -> int:
        return slot_at(self.clock.at)

    def latest(self, pairs: Collection[RatedPair] = ()) -> Observation:
        return self.observe(self.current_slot())

    def since(self, slot: int, pairs: Collection[RatedPair] = ()) -> Iterator[Observation]:
        newest = self.current_slot()
        for each in range(max(slot, newest - BACK_SLOTS) + 1, newest + 1):
            self.looked_at.append(each - self.first_slot)
            yield self.observe(each)

    def observe(self, slot: int) -> Observation:
        price = self.prices.get(slot - self.first_slot, self.usual)
        if not price:
            return Observation(slot=slot, at=time_of_slot(slot), rates={})
        rate: Fraction = dollars(price).rate(SOL_USDC) * RATE_ONE
        return Observation(slot=slot, at=time_of_slot(slot), rates={PAIR: int(rate)})
