"""The orders of a bench, and what its follower has seen of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import cycle, islice, permutations
from random import Random

from orders_client import FINAL_STATUSES, Document, Status

# These show all a route can be: one pool, splits, hops through other tokens, small and large.
SHOWCASE = (
    ("SOL", "USDC", "1"),
    ("USDC", "SOL", "250000"),
    ("BONK", "USDC", "5000000"),
    ("USDT", "USDC", "1000"),
    ("SOL", "BONK", "0.75"),
    ("WIF", "JUP", "4000"),
    ("mSOL", "SOL", "120"),
    ("USDC", "RAY", "75.25"),
    ("SOL", "USDT", "2500"),
    ("JUP", "USDC", "400"),
)
# Rough prices in dollars. They only serve to choose amounts.
DOLLARS = {
    "SOL": 150.0,
    "USDC": 1.0,
    "USDT": 1.0,
    "BONK": 24e-6,
    "JUP": 0.85,
    "RAY": 4.2,
    "WIF": 1.9,
    "mSOL": 180.0,
}
# What an order goes through when its first attempt is confirmed.
FIRST_TIME_STATUSES = (
    Status.PENDING,
    Status.ROUTING,
    Status.BUILDING,
    Status.SUBMITTED,
    Status.CONFIRMED,
)
# … and when it waited for its price.
WAITED_STATUSES = (Status.OPEN, *FIRST_TIME_STATUSES[1:])


@dataclass(slots=True)
class Trade:
    """One order. Times are those of the event loop's clock, 0 until they are known."""

    token_in: str
    token_out: str
    amount: str
    #: What the order says beside that; nothing of a market order.
    terms: Document = field(default_factory=dict)
    #: When it is cancelled after it was accepted; None for never.
    cancel_after_seconds: float | None = None
    #: What it goes through when nothing is in its way.
    expected: Sequence[str] = FIRST_TIME_STATUSES
    order_id: str = ""
    started_at: float = 0.0
    answered_at: float = 0.0
    ended_at: float = 0.0
    #: Why the order was not accepted, or not followed to its end: a code, or an exception's name.
    error: str = ""
    #: Each event once, in order.
    events: list[Document] = field(default_factory=list)

    @property
    def status(self) -> str:
        """The error if there is one, or else the last status; "…" before the first event."""
        return self.error or (self.events[-1]["status"] if self.events else "…")

    @property
    def is_finished(self) -> bool:
        """Tell whether no more events will come."""
        return bool(self.error) or self.status in FINAL_STATUSES

    @property
    def seconds(self) -> float | None:
        """The seconds from submission to the end of the order, or None until then."""
        return self.ended_at - self.started_at if self.ended_at else None

    @property
    def succeeded_first_time(self) -> bool:
        """Tell whether each status that was expected was seen once, in order, and no other."""
        seen = [(event["sequence"], event["status"]) for event in self.events]
        return seen == list(enumerate(self.expected, 1))

    def last_event(self, status: str) -> Document:
        """Return the last event of that status, or an empty document."""
        return next((event for event in reversed(self.events) if event["status"] == status), {})


def waiting_trades(price: Decimal) -> list[Trade]:
    """Return trades that wait, of a SOL that costs so many USDC: a limit and a stop whose prices
    are there, and a limit that is out of reach and cancelled."""
    low, high = f"{price * Decimal('0.99'):.6f}", f"{price * 2:.6f}"
    stop = {"type": "STOP", "triggerPrice": low, "triggerCondition": "above"}
    return [
        Trade("SOL", "USDC", "2", {"type": "LIMIT", "limitPrice": low}, expected=WAITED_STATUSES),
        Trade("SOL", "USDC", "3", stop | {"triggerIfMet": True}, expected=WAITED_STATUSES),
        Trade(
            "SOL",
            "USDC",
            "4",
            {"type": "LIMIT", "limitPrice": high},
            cancel_after_seconds=1.0,
            expected=(Status.OPEN, Status.CANCELLED),
        ),
    ]


def plan_trades(count: int) -> list[Trade]:
    """Return the showcase, then random trades; the same ones for the same count."""
    more = islice(random_trades(Random(count)), max(0, count - len(SHOWCASE)))
    return [Trade(*trade) for trade in (*SHOWCASE, *more)][:count]


def random_trades(random: Random) -> Iterator[tuple[str, str, str]]:
    """Yield (token_in, token_out, amount) for every pair in turn, without end.

    An amount is worth 1 to 100,000 dollars, in a decimal number of whole tokens.
    """
    pairs = [*permutations(DOLLARS, 2)]
    random.shuffle(pairs)
    for token_in, token_out in cycle(pairs):
        amount = 10 ** random.uniform(0, 5) / DOLLARS[token_in]
        yield token_in, token_out, f"{Decimal(f'{amount:.3g}'):f}"
