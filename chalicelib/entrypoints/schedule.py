"""Schedules to engine."""

import logging
import uuid
from typing import TYPE_CHECKING, Any

from chalice.app import CloudWatchEvent

from chalicelib.entrypoints import logs

if TYPE_CHECKING:
    from chalicelib.engine.execution.sweep import Sweeper
    from chalicelib.engine.watching.watcher import Watcher

log = logging.getLogger(__name__)

# What a schedule calls itself, unlike those who start a watcher because an order waits.
SCHEDULE = "aws.events"
# Enough to finish the slots in hand and return before Lambda stops the function.
RESERVE_MS = 5_000


def sweep(sweeper: "Sweeper", watcher: "Watcher") -> None:
    """Queue the orders that stand still, look at what nobody watches, and forget what need not be
    kept."""
    counts = {"orders": sweeper.sweep(), "keys": sweeper.prune()}
    watcher.catch_up(_new_holder())
    log.info("swept", extra={**counts, "duration_ms": logs.elapsed_ms()})


def watch(event: CloudWatchEvent, watcher: "Watcher") -> None:
    """Watch the orders that wait until the time is nearly up: a minute and ten seconds, so that the
    watcher of the next minute stands by when this one ends."""
    context: Any = event.context
    watcher.watch(
        _new_holder(),
        has_time=lambda: context.get_remaining_time_in_millis() > RESERVE_MS,
        stands_by=event.source == SCHEDULE,
    )
    log.info("watch_ended", extra={"duration_ms": logs.elapsed_ms()})


def _new_holder() -> str:
    return str(uuid.uuid4())
