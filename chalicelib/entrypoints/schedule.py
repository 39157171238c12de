"""Schedules to engine."""

import logging

from chalicelib.engine.sweep import Sweeper

log = logging.getLogger(__name__)


def sweep(sweeper: Sweeper) -> None:
    """Queue the orders that stand still, and forget what need not be kept."""
    log.info("swept", extra={"orders": sweeper.sweep(), "keys": sweeper.prune()})
