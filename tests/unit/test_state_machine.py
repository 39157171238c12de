"""Whatever happens, in whatever order, no order is lost and none is swapped twice.

STATE_MACHINE_EXAMPLES=5000 looks for new ways for it to go wrong.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chalicelib.domain.errors import QuoteTimeoutError, UnavailableError
from chalicelib.domain.orders import OrderId
from chalicelib.domain.tokens import Pair
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.simulation.market import METEORA, POOLS, RAYDIUM
from tests.chaos.audit import Story
from tests.world import Call, World, ticks

EXAMPLES = os.environ.get("STATE_MACHINE_EXAMPLES")
DETERMINISTIC = settings(derandomize=True, database=None, max_examples=60)
SEARCHING = settings(derandomize=False, max_examples=int(EXAMPLES or 1), print_blob=True)

ORDERS_MOST = 6
ROUNDS_MOST = 100
HOLD = timedelta(seconds=15)
INVOCATION = timedelta(seconds=27)
LONG = timedelta(minutes=5)

TRADES = [
    {"pair": Pair.of("SOL", "USDC"), "amount_in": 10**9},
    {"pair": Pair.of("SOL", "USDC"), "amount_out": 150 * 10**6},
    {"pair": Pair.of("USDC", "SOL"), "amount_in": 10**9},
    {"pair": Pair.of("USDC", "BONK"), "amount_in": 10**7},
    {"pair": Pair.of("BONK", "SOL"), "amount_out": 10**8},
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

AWAY = UnavailableError("away")
OUTAGES: dict[str, Exception] = {
    **dict.fromkeys(["store", "store.load", "store.save", "store.add"], AWAY),
    **dict.fromkeys(["order_queue", "order_queue.enqueue", "order_queue.hold"], AWAY),
    **dict.fromkeys(["chain", "chain.send", "chain.statuses", "chain.latest_blockhash"], AWAY),
    "wallet.sign_swap": RuntimeError("a fault of ours"),
    RAYDIUM: QuoteTimeoutError(),
    METEORA: QuoteTimeoutError(),
}
# With these, followers may miss a frame or see one twice.
ROUGH_OUTAGES = dict.fromkeys(["status_queue.announce", "followers", "feed"], AWAY)
UNHEARD = ["store.add", "store.save", "store.claim_stale", "chain.send", "order_queue.enqueue"]
ROUGH_UNHEARD = ["status_queue.announce", "followers.add_follower", "feed.post"]


class ProcessDiedError(BaseException):
    """Nothing may handle it: a killed process runs no handlers."""


class MortalWorld(World):
    """The next process of this world dies before its n-th call."""

    calls_left: int | None = None

    def before_call(self, port: str, call: Call) -> None:
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                raise ProcessDiedError
        super().before_call(port, call)


@dataclass(slots=True)
class Client:
    """Follows an order on a connection, and on another when it misses something."""

    order_id: OrderId
    connection_id: str
    after: int
    frames: list[int] = field(default_factory=list)


class Orders(RuleBasedStateMachine):
    """Clients, functions, queues and outages, one after the other."""

    world: MortalWorld

    def __init__(self) -> None:
        super().__init__()
        self.accepted: list[OrderId] = []
        self.delivered: list[ExecuteOrder] = []
        self.letters: list[ExecuteOrder] = []
        self.clients: list[Client] = []

    @initialize(network=st.sampled_from(NETWORKS), seed=st.integers(0, 99), rough=st.booleans())
    def begin(self, network: dict[str, Any], seed: int, rough: bool) -> None:
        self.world = MortalWorld(seed=f"machine {seed}", listings=LISTINGS, **network)
        self.rough = rough

    # What clients do.

    @precondition(lambda self: len(self.world.store.orders) < ORDERS_MOST)
    @rule(trade=st.sampled_from(TRADES), slippage_bps=st.integers(0, 300))
    def submit(self, trade: dict[str, Any], slippage_bps: int) -> None:
        with self.process():
            self.accepted.append(self.world.submit(slippage_bps=slippage_bps, **trade))
