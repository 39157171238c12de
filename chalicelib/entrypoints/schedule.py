"""Schedules to engine."""

import logging

from chalicelib.engine.sweep import Sweeper
from chalicelib.entrypoints import logs

log = logging.getLogger(__name__)


def sweep(sweeper: Sweeper) -> None:
    """Queue the orders that stand still."""
    swept = sweeper.sweep()
    log.info("swept", extra={"orders": swept, "duration_ms": logs.elapsed_ms()})
