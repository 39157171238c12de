"""Orders that wait for a new pool, for processes that die while one appears: it is judged, waited
for, and bought from."""

from datetime import timedelta

from chalicelib.domain.orders.terms import SniperTerms
from chalicelib.domain.token_list import SOL
from chalicelib.domain.tokens import Mint, Pair, token_to_come
from chalicelib.engine.watching.watcher import Watching
from chalicelib.simulation.launches import Launch
from chalicelib.simulation.market import SLOT, slot_at, time_of_slot
from tests.chaos.stage import Stage
from tests.chaos.waiting import HOLDER
from tests.chaos.worker import drain, sweep_and_drain
from tests.chaos.workshop import Workshop
from tests.launches import find_launch
from tests.world import ticks

# The slots from the creation of a pool to the first in which it swaps.
CLOSED_SLOTS = 3
ASKED_AGAIN_SLOTS = Watching().ask_again_after // SLOT + 1
CURSOR = "UPDATE watch_cursor SET slot = %s"


def opens_soon(launch: Launch) -> bool:
    """Tell whether it is paid with SOL, and only its opening is to come."""
    is_there = launch.funded_slot == launch.created_slot and launch.quote == SOL
    return not launch.traps and is_there and opening(launch) == CLOSED_SLOTS


def opening(launch: Launch) -> int:
    return launch.opens_slot - launch.created_slot


def orders_that_wait_for_a_pool(stage: Stage) -> None:
    """One that wants a token which is about to be launched, and one that wants any, a slot before
    the launch. It is first judged before its pool opens."""
    launch = find_launch(opens_soon, seed=stage.scene.seed)
    stage.at = time_of_slot(launch.created_slot - 1)
    shop = stage.workshop()
    arm(shop, launch.token.mint)
    arm(shop, None)
    stage.database.execute(CURSOR, [slot_at(stage.at)])
    stage.scene.lines("journal").clear()


def arm(shop: Workshop, mint: Mint | None) -> None:
    terms = SniperTerms(mint=mint, retry_for=timedelta(seconds=30))
    pair = Pair(token_in=SOL, token_out=token_to_come(mint))
    shop.submit(pair=pair, terms=terms, amount_in=10**8, slippage_bps=2_000)


def hunt(shop: Workshop) -> None:
    """Look at the slots up to the opening, and at what each of them asks."""
    look(shop, CLOSED_SLOTS + 3)


def look(shop: Workshop, slots: int) -> None:
    for _ in range(slots):
        shop.clock.sleep(SLOT.total_seconds())
        shop.deployment.watcher.watch(HOLDER, has_time=ticks(1), stands_by=True)
        drain(shop)


def hunt_again(shop: Workshop) -> None:
    """What is left of the queue, the next watcher, and the schedule. Whoever was asked about in
    vain is asked about again."""
    drain(shop)
    look(shop, CLOSED_SLOTS + ASKED_AGAIN_SLOTS)
    sweep_and_drain(shop)
