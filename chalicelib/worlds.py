"""What the engine trades in: venues, a chain, a wallet, prices and pacing.

The simulated world is the one there is. To trade elsewhere, put a class of the same shape beside it
and let `Deployment.world` return it (docs/extending.md).
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from chalicelib.engine.execution.pacing import Pacing
from chalicelib.settings import Settings, SimulationSettings

if TYPE_CHECKING:
    from chalicelib.engine.ports.chain import Chain, Wallet
    from chalicelib.engine.ports.clock import Clock
    from chalicelib.engine.ports.listing import Listing
    from chalicelib.engine.ports.market import PriceHistory, Venue
    from chalicelib.engine.ports.pool_feed import PoolFeed
    from chalicelib.engine.ports.rates import RateFeed
    from chalicelib.simulation.fate import Fate
    from chalicelib.simulation.ledger import Ledger
    from chalicelib.simulation.market import Market

_ONCE_MORE = timedelta(milliseconds=200)


class World(Protocol):
    """What an order needs of the world beyond this service."""

    @property
    def venues(self) -> "Sequence[Venue]":
        """The places to swap."""

    @property
    def listing(self) -> "Listing":
        """What can be traded."""

    @property
    def chain(self) -> "Chain":
        """What transactions are sent to."""

    @property
    def wallet(self) -> "Wallet":
        """What signs them."""

    @property
    def price_history(self) -> "PriceHistory":
        """The prices of the last minutes, for people to look at."""

    @property
    def rates(self) -> "RateFeed":
        """What the triggers of waiting orders look at."""

    @property
    def pool_feed(self) -> "PoolFeed":
        """The new pools, as they appear."""

    @property
    def pacing(self) -> Pacing:
        """How fast an execution goes."""


class SimulatedWorld:
    """A market, its venues and its chain that are functions of a seed and the time."""

    def __init__(
        self, settings: Settings, *, clock: "Clock", ledger: "Callable[[], Ledger]"
    ) -> None:
        """`ledger` makes what keeps the transactions, when the chain is first asked for."""
        self._settings, self._clock, self._ledger = settings, clock, ledger

    @cached_property
    def venues(self) -> "Sequence[Venue]":
        """One for each name in the market's listings, in order of first appearance."""
        from chalicelib.simulation.venues import SimulatedVenue

        names = dict.fromkeys(listed.venue for listed in self.market.listings)
        return [
            SimulatedVenue(name=name, market=self.market, clock=self._clock, fate=self.fate)
            for name in names
        ]

    @cached_property
    def listing(self) -> "Listing":
        from chalicelib.simulation.directory import SimulatedListing

        return SimulatedListing(market=self.market, clock=self._clock)

    @cached_property
    def chain(self) -> "Chain":
        from chalicelib.simulation.chain import SimulatedChain

        return SimulatedChain(
            market=self.market, ledger=self._ledger(), clock=self._clock, fate=self.fate
        )

    @cached_property
    def wallet(self) -> "Wallet":
        from chalicelib.adapters.solana.wallet import SolanaWallet

        secret_key = self._settings.wallet_secret_key
        if secret_key is None:
            raise RuntimeError("WALLET_SECRET_KEY is not set")
        return SolanaWallet.from_base58(
            secret_key.reveal(),
            compute_unit_price_micro_lamports=self._settings.compute_unit_price_micro_lamports,
        )

    @cached_property
    def price_history(self) -> "PriceHistory":
        from chalicelib.simulation.prices import SimulatedPriceHistory

        return SimulatedPriceHistory(market=self.market, clock=self._clock)

    @cached_property
    def rates(self) -> "RateFeed":
        from chalicelib.simulation.rates import SimulatedRates

        return SimulatedRates(market=self.market, clock=self._clock)

    @cached_property
    def pool_feed(self) -> "PoolFeed":
        from chalicelib.simulation.pool_feed import SimulatedPoolFeed

        return SimulatedPoolFeed(market=self.market, clock=self._clock)

    @cached_property
    def pacing(self) -> Pacing:
        """A tenth of the simulated latency goes to quotes, a twentieth to building; nothing
        confirms before the rest of it is over. What the network neither drops nor delays lands
        within the range; then the worker asks once more."""
        latency_min, latency_max = self._settings.simulation.latency_range
        quote_latency, build_latency = latency_min / 10, latency_min / 20
        return Pacing(
            quote_latency=quote_latency,
            build_latency=build_latency,
            confirmation_first=latency_min - quote_latency - build_latency,
            confirmation_soon=latency_max - latency_min + _ONCE_MORE,
        )

    @cached_property
    def market(self) -> "Market":
        """The pools and what they hold at any slot."""
        return market_of(self._settings.simulation)

    @cached_property
    def fate(self) -> "Fate":
        """What goes wrong; the latency that is left after pacing is the network's."""
        from chalicelib.simulation.fate import Fate

        simulation = self._settings.simulation
        latency_min, latency_max = simulation.latency_range
        on_the_way = self.pacing.confirmation_first
        return Fate(
            seed=simulation.market_seed,
            latency_min=on_the_way,
            latency_max=on_the_way + latency_max - latency_min,
            drop_rate_bps=simulation.drop_rate_bps,
            failure_rate_bps=simulation.failure_rate_bps,
            slow_rate_bps=simulation.slow_rate_bps,
            lost_answer_rate_bps=simulation.lost_answer_rate_bps,
            quote_timeout_rate_bps=simulation.quote_timeout_rate_bps,
            congestion_rate_bps=simulation.congestion_rate_bps,
        )


def market_of(simulation: SimulationSettings) -> "Market":
    """Return the simulated market of these settings."""
    from chalicelib.simulation.market import POOLS, Market

    gap_bps_min, gap_bps_max = simulation.venue_gap_range_bps
    return Market(
        seed=simulation.market_seed,
        gap_bps_min=gap_bps_min,
        gap_bps_max=gap_bps_max,
        listings=POOLS,
    )
