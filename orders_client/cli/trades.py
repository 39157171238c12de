"""Orders to try a deployment with, and what has become of each."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import cycle, islice, permutations
from random import Random

from orders_client import FINAL, Document

# What a first look should see: one pool, splits, hops, the long way round, small and large.
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
# About what a token is worth, in dollars: only to choose amounts.
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
STATUSES = ("pending", "routing", "building", "submitted", "confirmed")


@dataclass(slots=True)
class Trade:
    """One order, as far as its follower has seen it. Times are those of the loop's clock."""

    token_in: str
    token_out: str
    amount: str
    order_id: str = ""
    started_at: float = 0.0
    ended_at: float = 0.0
    # Why it was not accepted, or not followed to its end.
    error: str = ""
    events: list[Document] = field(default_factory=list)

    @property
    def status(self) -> str:
        """What is known last."""
        return self.error or (self.events[-1]["status"] if self.events else "…")

    @property
    def is_over(self) -> bool:
        """Nothing more will come of it."""
        return bool(self.error) or self.status in FINAL

    @property
    def seconds(self) -> float | None:
        """From before it was submitted to its end, once it is there."""
        return self.ended_at - self.started_at if self.ended_at else None

    @property
    def is_as_it_should(self) -> bool:
        """It was confirmed at the first attempt, and every status was seen in order."""
        seen = [(event["sequence"], event["status"]) for event in self.events]
        return seen == list(enumerate(STATUSES, 1))

    def detail(self, name: str) -> Document:
        """The last event of that status, or nothing yet."""
        return next((event for event in reversed(self.events) if event["status"] == name), {})


def plan_trades(count: int) -> list[Trade]:
    """The showcase, then every pair in turn at sizes from 1 to 100,000 dollars."""
    more = islice(random_trades(Random(count)), max(0, count - len(SHOWCASE)))
    return [Trade(*trade) for trade in (*SHOWCASE, *more)][:count]


def random_trades(random: Random) -> Iterator[tuple[str, str, str]]:
    """Yield tokens and amounts for every pair in turn, from 1 to 100,000 dollars, without end."""
    pairs = [*permutations(DOLLARS, 2)]
    random.shuffle(pairs)
    for token_in, token_out in cycle(pairs):
        amount = 10 ** random.uniform(0, 5) / DOLLARS[token_in]
        yield token_in, token_out, f"{Decimal(f'{amount:.3g}'):f}"
