"""Schedules to engine."""

import logging

from chalicelib.engine.execution.sweep import Sweeper
from chalicelib.entrypoints import logs

log = logging.getLogger(__name__)


def sweep(sweeper: Sweeper) -> None:
    """Queue the orders that stand still, and forget what need not be kept."""
    counts = {"orders": sweeper.sweep(), "keys": sweeper.prune()}
    log.info("swept", extra={**counts, "duration_ms": logs.elapsed_ms()})
