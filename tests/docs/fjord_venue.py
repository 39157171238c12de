"""The venue of docs/extending.md. Run by test_extending.py, in the copy where it is."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from solders.pubkey import Pubkey

from chalicelib.adapters.solana.chain import RpcChain
from chalicelib.adapters.solana.fjord import ACCOUNT, POOLS, FjordVenue
from chalicelib.adapters.solana.json_rpc import JsonRpc
from chalicelib.bootstrap import Deployment
from chalicelib.domain.orders.order import OrderStatus
from chalicelib.domain.pools.cpmm import ConstantProductPool
from chalicelib.domain.pools.pool import PoolKind
from chalicelib.domain.token_list import SOL, USDC
from chalicelib.settings import settings_of
from chalicelib.simulation.market import Market
from chalicelib.simulation.pool_states import SimulatedPool
from tests.contract.rpc_node import RpcNode, serving
from tests.world import FIVE, SETTINGS, World

[ADDRESS] = POOLS
RESERVES = (10**15, 200 * 10**12)  # a million SOL at 200 dollars, where others pay about 150
MINTS = (bytes(Pubkey.from_string(SOL.mint)), bytes(Pubkey.from_string(USDC.mint)))
POOL = ConstantProductPool(
    kind=PoolKind.FJORD,
    venue="fjord",
    address=ADDRESS,
    mint_a=SOL.mint,
    mint_b=USDC.mint,
    vault_0=RESERVES[0],
    vault_1=RESERVES[1],
    trade_fee_rate=2_500,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketWithFjord(Market):
    """What the node's programs swap against."""

    def pool(self, address: str, slot: int) -> SimulatedPool:
        return POOL if address == ADDRESS else Market.pool(self, address, slot)


@pytest.fixture
def node() -> Iterator[RpcNode]:
    world = World()
    world.chain = replace(world.chain, market=MarketWithFjord(seed=world.seed))
    accounts = {ADDRESS: ACCOUNT.pack(*MINTS, *RESERVES, 2_500)}
    with serving(RpcNode(world, accounts)) as node:
        yield node


def engine(node: RpcNode) -> World:
    """An engine of its own clock and stores that knows the chain through the node only."""
    world = World(clock=node.world.clock)
    rpc = JsonRpc(node.url)
    world.venues = [*world.venues, FjordVenue(rpc, world.clock)]
    world.chain = RpcChain(rpc)
    return world


def test_account_becomes_a_pool_when_read(node: RpcNode) -> None:
    venue = FjordVenue(JsonRpc(node.url), node.world.clock)

    assert [*venue.pools().pools] == [POOL]


def test_order_is_swapped_at_fjord_when_it_pays_most(node: RpcNode) -> None:
    world = engine(node)

    order_id = world.submit()
    world.run()

    assert world.statuses(order_id) == FIVE
    assert [leg["venue"] for leg in world.details(order_id, 3)["route"]["legs"]] == ["fjord"]
    quote = POOL.quote_exact_in(SOL.mint, 10**9, world.venues[-1].pools().at)
    assert world.details(order_id, 5)["amount_out"] == quote.amount_out


def test_order_is_swapped_elsewhere_when_fjord_is_silent(node: RpcNode) -> None:
    world = engine(node)
    world.venues[-1] = FjordVenue(JsonRpc("http://127.0.0.1:9"), world.clock)

    order_id = world.submit()
    world.run()

    assert world.order(order_id).status is OrderStatus.CONFIRMED


def test_both_are_used_when_the_settings_name_a_node() -> None:
    settings = settings_of({**SETTINGS, "rpc_url": "http://node.example"})
    world = Deployment(lambda: settings).world

    assert world.chain == RpcChain(JsonRpc("http://node.example"))
    assert [venue.name for venue in world.venues] == ["fjord"]
