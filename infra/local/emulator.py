"""Run the AWS emulator on uvicorn, with its slow paths replaced.

With 1,000 orders at zero latency the emulator is the bottleneck: uvicorn, prune_deduplication and
PooledWorker each save a third or more of what an order costs it. LinkedWorker is for cold starts,
POLL_GAP_SECONDS for a FIFO queue, which allows one batch at a time. What the emulator answers stays
the same, but it imports REST APIs completely.
"""

import gc
import os
import time
import zipfile
from email.utils import formatdate
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import uvicorn
from ministack import app
from ministack.core import lambda_runtime
from ministack.services import apigateway, lambda_svc, sqs

from infra.local import rest_apis
from infra.local.call_counter import COUNT_CALLS, CallCounter
from infra.local.workers import Link, LinkedWorker, PooledWorker

KEEP_ALIVE_SECONDS = 75
STOP_SECONDS = 1
# How long a poller that found nothing waits. That of status.fifo often finds nothing, for one batch
# is under way at a time.
POLL_GAP_SECONDS = 0.001
HANDSHAKE_ROUTES = ("$connect", "$disconnect")

_match_route = apigateway._match_ws_route


def prune_deduplication(queue: dict[str, Any]) -> None:
    """Forget the expired entries of a FIFO queue's deduplication cache.

    They expire in the order they came. As released, the whole five-minute cache is copied for each
    message sent.
    """
    cache: dict[str, dict[str, Any]] = queue["dedup_cache"]
    now = time.time()
    while cache:
        oldest = next(iter(cache))
        if cache[oldest]["expire"] > now:
            return
        del cache[oldest]


@lru_cache(maxsize=1)
def _date_at(second: int) -> str:
    return formatdate(second, usegmt=True)


def date_now(*, usegmt: bool) -> str:
    """Return the Date of an answer; as released, it is written anew for each."""
    return _date_at(int(time.time()))


def match_route(api_id: str, route_key: str) -> dict[str, Any] | None:
    """Return the route of a WebSocket event, if the API has one.

    As released, an API without a route for the end of a connection takes it for a frame.
    """
    route: dict[str, Any] | None = _match_route(api_id, route_key)
    if route and route_key in HANDSHAKE_ROUTES and route["routeKey"] != route_key:
        return None
    return route


def main() -> None:
    """Serve the emulator on BIND_HOST and GATEWAY_PORT."""
    gc.set_threshold(100_000, 50, 50)
    rest_apis.patch_emulator()
    app.formatdate = date_now
    apigateway._match_ws_route = match_route
    sqs._prune_dedup = prune_deduplication
    lambda_runtime.get_or_create_worker = PooledWorker
    lambda_runtime.Worker = LinkedWorker
    lambda_svc._ESM_IDLE_WAKE_GAP_SECONDS = POLL_GAP_SECONDS
    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": Link})
    uvicorn.run(
        CallCounter(app.app) if os.environ.get(COUNT_CALLS) else app.app,
        host=os.environ["BIND_HOST"],
        port=int(os.environ["GATEWAY_PORT"]),
        access_log=False,
        # The application sets the one Date that AWS sends, and nobody stands before it.
        date_header=False,
        server_header=False,
        proxy_headers=False,
        log_level="warning",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


if __name__ == "__main__":
    main()
