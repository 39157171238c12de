from dataclasses import replace

from tests.swaps import order, routed, signed
from tests.world import World


def test_wallet_gives_the_same_bytes_when_order_attempt_and_blockhash_are_the_same() -> None:
    world = World()

    assert signed(world) == signed(world)
    assert signed(world).signature != signed(world, number=2).signature


def test_wallet_signs_another_transaction_when_the_attempt_is_another() -> None:
    world = World()
    first, second = (replace(order(world), attempt=attempt) for attempt in (1, 2))
    route, blockhash = routed(world), world.chain.latest_blockhash()

    signatures = {
        world.wallet.sign_swap(order=attempt, route=route, limit=1, blockhash=blockhash).signature
        for attempt in (first, second)
    }

    assert len(signatures) == 2
