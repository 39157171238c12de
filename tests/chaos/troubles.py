"""What can go wrong in a world in memory: networks, outages, and processes that die."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from chalicelib.domain.errors import QuoteTimeoutError
from chalicelib.domain.orders.events import OrderEvent
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.token_list import find_pair
from chalicelib.engine.errors import UnavailableError
from chalicelib.entrypoints.queue import HOLD_SECONDS
from chalicelib.simulation.market import METEORA, POOLS, RAYDIUM
from tests.chaos.audit import Story
from tests.watched import Call
from tests.world import World, ticks

INVOCATION = timedelta(seconds=27)
STEPS_MAX = 1_000

TRADES = [
    {"pair": find_pair("SOL", "USDC"), "amount_in": 10**9},
    {"pair": find_pair("SOL", "USDC"), "amount_out": 150 * 10**6},
    {"pair": find_pair("USDC", "SOL"), "amount_in": 10**9},
    {"pair": find_pair("USDC", "BONK"), "amount_in": 10**7},
    {"pair": find_pair("BONK", "SOL"), "amount_out": 10**8},
]
LISTINGS = tuple(
    listed
    for listed in POOLS
    if {listed.token_a.symbol, listed.token_b.symbol} <= {"SOL", "USDC", "BONK"}
)
NETWORKS: list[dict[str, Any]] = [
    {},
    {"latency": timedelta(seconds=2.5)},
    {"failure_rate_bps": 4_000},
    {"drop_rate_bps": 9_000, "latency": timedelta(seconds=1)},
    {"lost_answer_rate_bps": 5_000},
    {"quote_timeout_rate_bps": 5_000},
    {"congestion_rate_bps": 7_000, "slow_rate_bps": 3_000, "latency": timedelta(seconds=8)},
    {
        "failure_rate_bps": 3_000,
        "drop_rate_bps": 5_000,
        "lost_answer_rate_bps": 3_000,
        "quote_timeout_rate_bps": 2_000,
        "slow_rate_bps": 1_000,
        "latency": timedelta(seconds=2.5),
    },
]

AWAY: dict[str, type[Exception]] = {
    "store": UnavailableError,
    "store.save": UnavailableError,
    "order_queue": UnavailableError,
    "chain.latest_blockhash": UnavailableError,
    "chain.send": UnavailableError,
    "chain.statuses": UnavailableError,
    "status_queue": UnavailableError,
    "wallet.sign_swap": RuntimeError,
    RAYDIUM: QuoteTimeoutError,
    METEORA: QuoteTimeoutError,
}
UNHEARD = [
    "store.add",
    "store.save",
    "store.schedule_sweep",
    "order_queue.enqueue",
    "chain.send",
    "status_queue.announce",
]
# With these a follower may miss a frame, or see one again.
ROUGH_AWAY = ["followers.followers", "followers.add_follower", "feed.post"]

MEANWHILE = [
    "store.load",
    "store.save",
    "wallet.sign_swap",
    "chain.send",
    "chain.statuses",
    "status_queue.announce",
    "order_queue.enqueue",
]


@dataclass(frozen=True, slots=True)
class Life:
    """How an invocation of the worker ends: when all is done, after so many steps, or by death
    before so many calls; and what is away meanwhile, or done and not heard of."""

    steps: int | None = None
    calls: int | None = None
    away: str | None = None
    unheard: str | None = None


WHOLE = Life()
STEPS = st.integers(0, 4)
LIVES = st.one_of(
    st.builds(Life, steps=STEPS),
    st.builds(Life, steps=STEPS, away=st.sampled_from([*AWAY])),
    st.builds(Life, steps=STEPS, unheard=st.sampled_from(UNHEARD)),
    st.builds(Life, away=st.sampled_from([*AWAY])),
    st.builds(Life, calls=st.integers(0, 60)),
    st.just(WHOLE),
)


class ProcessDiedError(BaseException):
    """Nothing may handle it: a killed process runs no handlers."""


class MortalWorld(World):
    """A world whose processes fail and die; `calls_left` is what the next one lives for."""

    calls_left: int | None = None

    def __post_init__(self) -> None:
        World.__post_init__(self)
        self.decided_at: dict[tuple[OrderId, int, OrderStatus, datetime], datetime] = {}

    @contextmanager
    def process(self, life: Life = WHOLE) -> Iterator[None]:
        """An invocation that may fail, or die: then its messages are seen again after a while."""
        outages, unheard = {**self.outages}, {**self.unheard}
        self.outages |= {name: AWAY[name]() for name in [life.away] if name}
        self.unheard |= {name: UnavailableError() for name in [life.unheard] if name}
        self.calls_left = self.calls_left if life.calls is None else life.calls
        try:
            yield
        except UnavailableError:
            pass
        except ProcessDiedError:
            self.clock.sleep(HOLD_SECONDS)
        finally:
            self.outages, self.unheard, self.calls_left = outages, unheard, None

    def time_for(self, life: Life) -> Callable[[], bool]:
        """Time for the steps of that life, and for no more than an invocation takes."""
        ends_at = self.clock.now() + INVOCATION
        has_steps = ticks(STEPS_MAX if life.steps is None else life.steps)
        return lambda: has_steps() and self.clock.now() < ends_at

    def stories(self) -> Iterator[Story]:
        """Every order there is, as it stands now."""
        for order_id, order in self.store.orders.items():
            yield Story(
                order=order,
                events=self.store.history[order_id],
                landed=self.landed(order_id),
                decided_at={
                    event.sequence: self.decided_at[_name_of(event)]
                    for event in self.store.history[order_id]
                    if _name_of(event) in self.decided_at
                },
            )

    def before_call(self, port: str, call: Call) -> None:
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                raise ProcessDiedError
        if call.name == "store.save":
            for event in (transition.event for transition in call.arguments[0]):
                self.decided_at.setdefault(_name_of(event), self.clock.now())
        super().before_call(port, call)


def _name_of(event: OrderEvent) -> tuple[OrderId, int, OrderStatus, datetime]:
    """Tells an event from another that was to be the order's next, and was never stored."""
    return event.order_id, event.sequence, event.status, event.occurred_at
