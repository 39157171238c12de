"""One order through a stage's public addresses, from acceptance to its end."""

import asyncio
from time import monotonic

from infra.errors import DeploymentError
from orders_client import OrdersClient, ProblemError, StreamBrokenError
from orders_client.errors import TRANSPORT_ERRORS

# First calls are slow: every function starts, in a network of its own perhaps.
SECONDS_MAX = 60
_TRADE = ("SOL", "USDC", "0.01")


def smoke_test(base_url: str, api_key: str | None, seconds_max: float = SECONDS_MAX) -> str:
    """Return what became of an order, followed over a WebSocket until it was confirmed.

    Raises DeploymentError with what went wrong otherwise.
    """
    try:
        return asyncio.run(asyncio.wait_for(_run(base_url, api_key), seconds_max))
    except TimeoutError:
        reason = f"its order was not confirmed within {seconds_max:.0f} s"
    except (ProblemError, StreamBrokenError, *TRANSPORT_ERRORS) as error:
        reason = str(error) or type(error).__name__
    raise DeploymentError(f"the smoke test failed: {reason}")


async def _run(base_url: str, api_key: str | None) -> str:
    begun = monotonic()
    async with OrdersClient(base_url, api_key=api_key) as client:
        order = await client.submit(*_TRADE)
        statuses = [event async for event in client.follow(order)]
    last = statuses[-1]
    if last["status"] != "confirmed":
        code = last.get("failure", {}).get("code", "no reason")
        raise DeploymentError(f"the smoke test failed: its order {last['status']}: {code}")
    return f"an order confirmed after {monotonic() - begun:.1f} s, {len(statuses)} events in order"
