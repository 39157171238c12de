"""Launches of a test's world: the first from the beginning of its clock on that fits."""

from collections.abc import Callable

from chalicelib.domain.pools.pool import PoolKind
from chalicelib.domain.token_list import SOL
from chalicelib.domain.tokens import Pair
from chalicelib.simulation.launch_states import curve_of
from chalicelib.simulation.launches import Launch, Trap, launches_since
from chalicelib.simulation.market import slot_at, time_of_slot
from tests.world import World

# The slot in which a world begins, and what the world of most tests is called.
FIRST_SLOT, SEED = 78_840_000, "world"
ONE_DAY = 1_440


def find_launch(
    fits: Callable[[Launch], bool], *, seed: str = SEED, since: int = FIRST_SLOT
) -> Launch:
    """The first that fits, of a day."""
    for _, launch in zip(range(ONE_DAY), launches_since(seed, since), strict=False):
        if fits(launch):
            return launch
    raise AssertionError("no launch of a day fits")


def trap(*traps: Trap, kind: PoolKind | None = None) -> Launch:
    """One that is paid with SOL and has these traps, no others."""
    return find_launch(
        lambda launch: (
            launch.traps == {*traps} and launch.quote == SOL and kind in (None, kind_of(launch))
        )
    )


def honest(kind: PoolKind | None = None, *, since: int = FIRST_SLOT) -> Launch:
    """One that is paid with SOL, is no trap and is all there from the beginning."""
    return find_launch(
        lambda launch: (
            not launch.traps
            and launch.quote == SOL
            and launch.opens_slot == launch.funded_slot == launch.created_slot
            and kind in (None, kind_of(launch))
        ),
        since=since,
    )


def kind_of(launch: Launch) -> PoolKind:
    return curve_of(launch, launch.created_slot).kind


def go_to(world: World, slot: int) -> None:
    """Let it be that slot."""
    world.clock.at = time_of_slot(slot)
    assert slot_at(world.clock.at) == slot


def buying(launch: Launch) -> Pair:
    return Pair(token_in=launch.quote, token_out=launch.token)


def selling(launch: Launch) -> Pair:
    return Pair(token_in=launch.token, token_out=launch.quote)
