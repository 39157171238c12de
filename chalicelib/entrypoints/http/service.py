"""The service itself over HTTP: health, readiness, statistics."""

from collections.abc import Callable, Mapping
from typing import Any

from chalice.app import Request, Response

from chalicelib.engine.admission.identity import Caller
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.halts import HaltSwitch
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.engine.statistics import window_start
from chalicelib.entrypoints.http.answers import json_answer, log, query
from chalicelib.entrypoints.wire import documents as wire
from chalicelib.entrypoints.wire import requests
from chalicelib.entrypoints.wire.values import timestamp


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


def ready(checks: Mapping[str, Callable[[], None]], switch: HaltSwitch) -> Response:
    """GET /api/ready: each thing this service depends on, asked just now, and whether an operator
    has halted it."""
    states = {name: _state(check) for name, check in checks.items()}
    is_ready = all(state == "ok" for state in states.values())
    halted = _halted(switch)
    status = "unavailable" if not is_ready else "halted" if halted["halted"] else "ready"
    document = {"status": status, "dependencies": states, **halted}
    return json_answer(document, status=200 if is_ready else 503)


def halt(switch: HaltSwitch, clock: Clock) -> Response:
    """POST /api/halt: from now on no order is taken, and nothing new is signed."""
    since = switch.halt(clock.now())
    log.warning("halted", extra={"since": timestamp(since)})
    return json_answer({"halted": True, "haltedSince": timestamp(since)})


def resume(switch: HaltSwitch, clock: Clock) -> Response:
    """POST /api/resume: orders are taken and signed again."""
    if switch.resume(clock.now()):
        log.warning("resumed")
    return json_answer({"halted": False})


def _halted(switch: HaltSwitch) -> Mapping[str, Any]:
    try:
        since = switch.halted_since()
    except UnavailableError:
        # The check of the database says so.
        since = None
    return {"halted": False} if since is None else {"halted": True, "haltedSince": timestamp(since)}


def _state(check: Callable[[], None]) -> str:
    try:
        check()
    except UnavailableError as error:
        log.warning("not_ready", extra={"reason": error.detail})
        return "unavailable"
    return "ok"
