"""Run the AWS emulator on uvicorn, with its slow paths replaced.

With 1,000 orders at zero latency the emulator is the bottleneck. What it answers stays the same,
but for three faults that are mended: it imports REST APIs completely, they keep their ids, and the
end of a connection is no frame.
"""

import gc
import os
import threading
import time
import uuid
import zipfile
from email.utils import formatdate
from functools import lru_cache
from importlib import import_module
from random import Random
from types import SimpleNamespace
from typing import Any

import uvicorn
from ministack import app
from ministack.services import apigateway

from infra.local import rest_apis
from infra.local.batches import BatchPacer
from infra.local.call_counter import COUNT_CALLS, CallCounter
from infra.local.kept_threads import KeptThreads
from infra.local.whole_answers import WholeAnswersProtocol
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


def meant_route(route_key: str, found: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the route that the emulator has found for a WebSocket event, if it is meant.

    As released, an API without a route for the end of a connection takes it for a frame.
    """
    is_frame = route_key not in HANDSHAKE_ROUTES
    return found if found and (is_frame or found["routeKey"] == route_key) else None


def match_route(api_id: str, route_key: str) -> dict[str, Any] | None:
    """Return the route of a WebSocket event, if the API has one."""
    return meant_route(route_key, _match_route(api_id, route_key))


_random = Random()


def make_uuid() -> uuid.UUID:
    """Return a random identifier; as released, each asks the kernel, and lets other threads in."""
    return uuid.UUID(int=_random.getrandbits(128), version=4)


_pacer = BatchPacer()

#: What is put in the place of what. docs/limits.md gives the reasons.
PATCHES: dict[str, Any] = {
    **rest_apis.PATCHES,
    "ministack.app.formatdate": date_now,
    "ministack.core.concurrency.threading": SimpleNamespace(
        **vars(threading) | {"Thread": KeptThreads().thread}
    ),
    "ministack.core.lambda_runtime.Worker": LinkedWorker,
    "ministack.core.lambda_runtime.get_or_create_worker": PooledWorker,
    "ministack.core.lambda_runtime.zipfile": SimpleNamespace(**vars(zipfile) | {"ZipFile": Link}),
    "ministack.services.apigateway._match_ws_route": match_route,
    "ministack.services.lambda_svc._dispatch_esm_batch": _pacer.dispatch,
    "ministack.services.lambda_svc._sqs_esm_concurrency": _pacer.concurrency,
    "ministack.services.lambda_svc._ESM_IDLE_WAKE_GAP_SECONDS": POLL_GAP_SECONDS,
    "ministack.services.sqs._prune_dedup": prune_deduplication,
    "uuid.uuid4": make_uuid,
}


def patch() -> None:
    """Make the replacements; AttributeError tells that another release has nothing to replace."""
    for path, replacement in PATCHES.items():
        module_name, _, name = path.rpartition(".")
        module = import_module(module_name)
        getattr(module, name)
        setattr(module, name, replacement)


def main() -> None:
    """Serve the emulator on BIND_HOST and GATEWAY_PORT."""
    gc.set_threshold(100_000, 50, 50)
    patch()
    uvicorn.run(
        CallCounter(app.app) if os.environ.get(COUNT_CALLS) else app.app,
        host=os.environ["BIND_HOST"],
        port=int(os.environ["GATEWAY_PORT"]),
        http=WholeAnswersProtocol,
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
