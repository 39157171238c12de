"""The service itself over HTTP: health, readiness, statistics."""

from collections.abc import Callable, Mapping

from chalice.app import Request, Response

from chalicelib.engine.admission.identity import Caller
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.engine.statistics import window_start
from chalicelib.entrypoints.http.answers import json_answer, log, query
from chalicelib.entrypoints.wire import documents as wire
from chalicelib.entrypoints.wire import requests


def get_statistics(request: Request, caller: Caller, store: OrderStore, clock: Clock) -> Response:
    """GET /api/statistics: how the caller's orders of the last minutes fared."""
    minutes = requests.read(requests.StatisticsRequest, query(request)).minutes
    since = window_start(clock.now(), minutes)
    statistics = store.statistics(caller.owner_id, since=since)
    return json_answer(
        wire.statistics_document(statistics, statistics.every_minute(since, minutes))
    )


def health() -> Response:
    """GET /api/health: this function runs."""
    return json_answer({"status": "ok"})


def ready(checks: Mapping[str, Callable[[], None]]) -> Response:
    """GET /api/ready: each thing this service depends on, asked just now."""
    states = {name: _state(check) for name, check in checks.items()}
    is_ready = all(state == "ok" for state in states.values())
    document = {"status": "ready" if is_ready else "unavailable", "dependencies": states}
    return json_answer(document, status=200 if is_ready else 503)


def _state(check: Callable[[], None]) -> str:
    try:
        check()
    except UnavailableError as error:
        log.warning("not_ready", extra={"reason": error.detail})
        return "unavailable"
    return "ok"
