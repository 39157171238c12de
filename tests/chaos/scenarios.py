"""What the crashing process was about to do, and what is done after it: one scenario a line."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from itertools import count
from typing import Any

from chalicelib.domain.orders.events import OrderEvent
from chalicelib.domain.orders.order import OrderStatus
from chalicelib.engine.messages import ExecuteOrder
from tests.chaos.hunting import hunt, hunt_again, orders_that_wait_for_a_pool
from tests.chaos.slicing import orders_over_time, trade_slices, trade_slices_again
from tests.chaos.stage import Stage
from tests.chaos.waiting import (
    cancel_again,
    cancel_and_drain,
    due_in_the_next_slots,
    edit_again,
    edit_and_watch,
    orders_at_every_state,
    orders_out_of_reach,
    orders_to_be_sold_again,
    recover,
    sell_again,
    trade_and_sell_again,
    watch_and_drain,
)
from tests.chaos.worker import (
    SWEEP_EVERY,
    Job,
    accept_two,
    drain,
    rescue,
    rescue_and_drain,
    sweep,
    sweep_and_drain,
)
from tests.chaos.workshop import LISTINGS
from tests.world import ONE_SOL, World, ticks

HALF = 5_000


def orders(number: int) -> Callable[[Stage], None]:
    """Orders that are queued."""
    return lambda stage: stage.accept(number)


def nothing(_stage: Stage) -> None:
    """No order yet."""


def unqueued_orders(stage: Stage) -> None:
    """Orders that were accepted long ago, while the queue was away."""
    stage.accept(3)
    stage.scene.lines("orders").clear()
    stage.at += SWEEP_EVERY


def dead_letters(stage: Stage) -> None:
    """Orders at each status whose messages have come to the dead-letter queue for the second time,
    and one for the first time; nobody was told anything."""
    shop = stage.workshop()
    dead = [shop.submit(amount_in=(n + 1) * ONE_SOL) for n in range(5)]
    for steps, order_id in enumerate(dead[:4]):
        shop.execute([ExecuteOrder(order_id=order_id)], has_time=ticks(steps))
    shop.letters.enqueue([ExecuteOrder(order_id=order_id, rescues=1) for order_id in dead[:4]])
    shop.letters.enqueue([ExecuteOrder(order_id=dead[4])])
    for file in ("orders", "status", "journal"):
        stage.scene.lines(file).clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The job of the process that dies, and the job of the one that comes after it.

    `attempts` says how often the orders are tried when nothing goes wrong, 0 for one that fails for
    good; the seed of the network's fate is chosen so.
    """

    prepare: Callable[[Stage], object]
    job: Job = drain
    recover: Job = drain
    attempts: tuple[int, ...] = ()
    scene: dict[str, Any] = field(default_factory=dict)

    def begin(self, stage: Stage) -> None:
        seed = seed_of(self.attempts, **self.scene) if self.attempts else "chaos"
        stage.begin(**self.scene, seed=seed)
        self.prepare(stage)


def attempts_of(events: Iterable[OrderEvent]) -> tuple[int, ...]:
    """How often the orders were tried that ended with these events; 0 when it was in vain."""
    return tuple(sorted(e.attempt if e.status is OrderStatus.CONFIRMED else 0 for e in events))


@cache
def seed_of(attempts: tuple[int, ...], **arguments: Any) -> str:
    """The first seed of a world whose orders, in one batch, need so many attempts."""
    for number in count():
        world = World(seed=f"chaos {number}", listings=LISTINGS, **arguments)
        accepted = [world.submit(amount_in=(n + 1) * ONE_SOL) for n in range(len(attempts))]
        world.run()
        if attempts_of(world.store.history[order_id][-1] for order_id in accepted) == attempts:
            return world.seed
    raise AssertionError


FAILURES = Scenario(prepare=orders(3), attempts=(0, 1, 2), scene={"failure_rate_bps": HALF})
LATENCY = Scenario(
    prepare=orders(2),
    attempts=(1, 2),
    scene={"failure_rate_bps": HALF, "latency": timedelta(seconds=2.5)},
)
BLACKOUT = Scenario(
    prepare=orders(1),
    scene={
        "blackout": timedelta(seconds=80),
        "confirmation_poll": timedelta(seconds=33),
        "wait_inside_max": timedelta(seconds=60),
    },
)
LOST_ANSWERS = Scenario(prepare=orders(2), attempts=(1, 1), scene={"lost_answer_rate_bps": 7_000})
ACCEPT = Scenario(prepare=nothing, job=accept_two, recover=sweep_and_drain)
SWEEP = Scenario(prepare=unqueued_orders, job=sweep, recover=sweep_and_drain)
RESCUE = Scenario(prepare=dead_letters, job=rescue, recover=rescue_and_drain)
TICK = Scenario(prepare=due_in_the_next_slots, job=watch_and_drain, recover=recover)
CANCEL = Scenario(prepare=orders_at_every_state, job=cancel_and_drain, recover=cancel_again)
EXIT = Scenario(prepare=orders_to_be_sold_again, job=trade_and_sell_again, recover=sell_again)
EDIT = Scenario(prepare=orders_out_of_reach, job=edit_and_watch, recover=edit_again)
HUNT = Scenario(prepare=orders_that_wait_for_a_pool, job=hunt, recover=hunt_again)
SLICES = Scenario(prepare=orders_over_time, job=trade_slices, recover=trade_slices_again)

SCENARIOS = {
    "failures on chain": FAILURES,
    "latency, handed back": LATENCY,
    "blackout": BLACKOUT,
    "lost answers": LOST_ANSWERS,
    "accept": ACCEPT,
    "sweep": SWEEP,
    "rescue": RESCUE,
    "tick": TICK,
    "cancel": CANCEL,
    "edit": EDIT,
    "exit": EXIT,
    "hunt": HUNT,
    "slices": SLICES,
}
