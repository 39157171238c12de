"""What the processes of these tests do. A job runs in a process of its own, whose death is real."""

import logging
import traceback
from collections.abc import Callable, Mapping
from datetime import timedelta
from multiprocessing.synchronize import Barrier
from typing import Any

from chalicelib.adapters.postgres.database import PostgresDatabase
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.messages import ExecuteOrder
from tests.chaos.boundaries import END, PATIENCE_SECONDS, Boundaries, Strike
from tests.chaos.workshop import Scene, Workshop, open_workshop
from tests.world import ticks

ROUNDS_MAX = 200
INVOCATION = timedelta(seconds=27)
# Later than the sweep takes for the patience of others, and for the time between two claims.
SWEEP_EVERY = timedelta(minutes=5)
RESCUE_EVERY = timedelta(minutes=1)

Job = Callable[[Workshop], None]


def run(job: Job, scene: Scene, clock: Any, strike: Strike | None) -> None:
    """A process from its start to its end."""
    logging.disable(logging.CRITICAL)
    boundaries = Boundaries(journal=scene.lines("journal"), clock=clock, strike=strike)
    try:
        database, auditor = (PostgresDatabase(scene.database_url) for _ in range(2))
        job(open_workshop(scene, clock, boundaries, database=database, auditor=auditor))
    except BaseException:
        scene.lines("errors").append(traceback.format_exc())
        raise SystemExit(1) from None
    boundaries.record(END, 0)


def drain(shop: Workshop) -> None:
    """Execute orders until their queue is empty."""
    for _ in range(ROUNDS_MAX):
        batch = shop.order_queue.receive()
        if not batch:
            return
        shop.order_queue.delete(_deliver(shop, batch))
    raise AssertionError("the order queue does not become empty")


def _deliver(shop: Workshop, batch: Mapping[int, ExecuteOrder]) -> list[int]:
    """One invocation of the worker; returns the messages that need not come again."""
    ends_at = shop.clock.now() + INVOCATION
    try:
        failed = shop.execute([*batch.values()], has_time=lambda: shop.clock.now() < ends_at)
    except UnavailableError:
        return []
    return [number for number, message in batch.items() if message.order_id not in failed]


def accept_two(shop: Workshop) -> None:
    """Accept an order and another; what was answered is written down."""
    for _ in range(2):
        order_id = shop.submit()
        shop.scene.lines("answered").append(order_id)


def accept_and_drain(shop: Workshop) -> None:
    """Accept and execute in one process, on one connection."""
    accept_two(shop)
    drain(shop)


def sweep(shop: Workshop) -> None:
    """One run of the schedule."""
    shop.sweeper.sweep()


def sweep_and_drain(shop: Workshop) -> None:
    """What is left of the queue, then the schedule, and what it queues."""
    drain(shop)
    shop.clock.sleep(SWEEP_EVERY.total_seconds())
    sweep(shop)
    drain(shop)


def rescue(shop: Workshop) -> None:
    """One delivery of what is in the dead-letter queue."""
    batch = shop.letters.receive()
    kept = shop.rescuer.rescue([*batch.values()])
    shop.letters.delete(n for n, letter in batch.items() if letter.order_id not in kept)


def rescue_and_drain(shop: Workshop) -> None:
    """Rescue until no letter is left."""
    for _ in range(ROUNDS_MAX):
        rescue(shop)
        drain(shop)
        if not shop.letters.receive():
            return
        shop.clock.sleep(RESCUE_EVERY.total_seconds())
    raise AssertionError("the dead-letter queue does not become empty")


def race(shop: Workshop, *, start: Barrier, messages: list[ExecuteOrder], steps: int) -> None:
    """Carry orders on, so many steps at a time, together with whoever does so at the same time."""
    start.wait(PATIENCE_SECONDS)
    ends_at = shop.clock.now() + timedelta(seconds=PATIENCE_SECONDS)
    while shop.clock.now() < ends_at:
        shop.execute(messages, has_time=ticks(steps))
        if all(
            found.order.status.is_final
            for found in shop.store.load({m.order_id: 1 for m in messages})
        ):
            return
    raise AssertionError("the orders come to no end")
