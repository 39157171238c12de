"""Orders over time, for processes that die while a slice begins, trades, or ends."""

from datetime import timedelta

from chalicelib.domain.orders.terms import AT_ONCE, DcaTerms, OnMissed, ScheduleTerms, TwapTerms
from chalicelib.simulation.market import SLOT
from tests.chaos.stage import Stage
from tests.chaos.waiting import HOLDER, watch
from tests.chaos.worker import drain, sweep_and_drain
from tests.chaos.workshop import Workshop
from tests.world import ONE_SOL, ticks

SLICES, INTERVAL = 2, timedelta(seconds=2)
# From the beginning to the end of both when nothing goes wrong, a look after the other.
LOOKS = 7
# A watcher's time at work, in which it sweeps, and how many of them it takes at most.
WATCH = timedelta(seconds=4)
WATCHES_MAX = 20


def orders_over_time(stage: Stage) -> None:
    """One that skips what it misses, and one that catches up; the last slice has the remainder."""
    shop = stage.workshop()
    span = SLICES * INTERVAL
    terms: list[ScheduleTerms] = [
        DcaTerms(slices=SLICES, start_at=AT_ONCE, span=span, on_missed=OnMissed.SKIP),
        TwapTerms(slices=SLICES, start_at=AT_ONCE, span=span, on_missed=OnMissed.CATCH_UP),
    ]
    for each in terms:
        shop.submit(amount_in=ONE_SOL + 1, terms=each)
    stage.scene.lines("journal").clear()


def look(shop: Workshop) -> None:
    """Look at the next slot, and at what it asks."""
    shop.clock.sleep(SLOT.total_seconds())
    shop.deployment.watcher.watch(HOLDER, has_time=ticks(1), stands_by=True)
    drain(shop)


def trade_slices(shop: Workshop) -> None:
    """Let both orders come to their end."""
    for _ in range(LOOKS):
        look(shop)


def trade_slices_again(shop: Workshop) -> None:
    """What is left of the queue, the next watchers until nothing waits, and the schedule. What was
    lost costs no slice its time."""
    drain(shop)
    for _ in range(WATCHES_MAX):
        if not shop.book.state().is_needed:
            break
        watch(shop, WATCH)
        drain(shop)
    sweep_and_drain(shop)
    ends = shop.database.execute("SELECT status FROM orders WHERE parent_id IS NOT NULL")
    assert {row["status"] for row in ends} == {"confirmed"}
