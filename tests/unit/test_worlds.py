from dataclasses import replace

import pytest

from chalicelib.simulation.listings import POOLS, ListedPool
from tests.world import World

TOY = replace(POOLS[0], venue="toy", address="Toy1111111111111111111111111111111111111111")


@pytest.mark.parametrize(
    ("listings", "names"),
    [
        (POOLS, ["raydium", "meteora"]),
        ((*POOLS, TOY), ["raydium", "meteora", "toy"]),
        ((TOY, *POOLS), ["toy", "raydium", "meteora"]),
        ((TOY,), ["toy"]),
    ],
    ids=["as deployed", "one more", "another first", "only one"],
)
def test_venues_are_those_of_the_listings_when_the_world_is_simulated(
    listings: tuple[ListedPool, ...], names: list[str]
) -> None:
    assert [venue.name for venue in World(listings=listings).venues] == names


def test_pools_of_a_venue_are_those_listed_there_when_it_is_asked() -> None:
    [*_, toy] = World(listings=(*POOLS, TOY)).venues

    assert [pool.address for pool in toy.pools().pools] == [TOY.address]
