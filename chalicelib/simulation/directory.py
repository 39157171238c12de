"""What can be traded in the simulated market now: what is listed, and what has been launched."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.domain.orders.triggers import RatedPair
from chalicelib.domain.tokens import Mint, Token
from chalicelib.engine.ports.clock import Clock
from chalicelib.simulation.market import Market, slot_at


@dataclass(slots=True, kw_only=True)
class SimulatedListing:
    """The Listing port over the simulated market."""

    market: Market
    clock: Clock
    _tokens: Mapping[Mint, Token] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._tokens = self.market.tokens

    def connects(self, pair: RatedPair) -> bool:
        return self.market.connects(pair, slot_at(self.clock.now()))

    def token(self, mint: Mint) -> Token | None:
        listed = self._tokens.get(mint)
        if listed is not None:
            return listed
        launch = self.market.launch(mint)
        is_known = launch is not None and launch.is_created(slot_at(self.clock.now()))
        return launch.token if launch and is_known else None
