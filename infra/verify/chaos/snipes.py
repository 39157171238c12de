"""Orders of the load that wait for a new pool."""

from collections.abc import Sequence
from random import Random

from orders_client import Document

PROPERTIES = ("mintRenounced", "notFreezable", "liquidityLocked", "sellable")
# So many want a token that was launched already, the others the next one, which comes perhaps too
# late.
EXISTING_SHARE = 0.8
# So many sell again what they buy, after so long.
EXIT_SHARE, HOLD_SECONDS = 0.5, (1, 8)
AMOUNTS = {"SOL": "0.1", "USDC": "15"}


def snipe(random: Random, launches: Sequence[Document]) -> Document:
    """Return an order for one of these launches, or for the next one; some guards let it buy, and
    some do not."""
    order: Document = {
        "type": "SNIPER",
        "tokenIn": "SOL",
        "slippageBps": 1_000,
        "retryFor": random.choice([0, 30]),
        "guards": _guards(random),
    }
    if launches and random.random() < EXISTING_SHARE:
        launch = random.choice(launches)
        order |= {"tokenIn": launch["quoteToken"], "tokenOut": launch["mint"], "existing": True}
    if random.random() < EXIT_SHARE:
        order["exit"] = {"stopLossBps": 5_000, "maxHoldSeconds": random.randint(*HOLD_SECONDS)}
    return order | {"amount": AMOUNTS[order["tokenIn"]]}


def _guards(random: Random) -> Document:
    required = random.sample(PROPERTIES, random.randint(0, 2))
    least = {"minLiquidity": random.choice(["1", "1000000000"])} if random.random() < 0.5 else {}
    return dict.fromkeys(required, True) | least
