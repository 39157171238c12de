"""Fifty snipers on the real database, armed on every launch of ten minutes."""

from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from chalicelib.adapters.postgres.book import PostgresWatchBook
from chalicelib.adapters.postgres.database import PostgresDatabase
from chalicelib.adapters.postgres.orders import PostgresOrderStore
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.orders.terms import Guards, SniperTerms
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.domain.pools.new_pools import Property
from chalicelib.domain.token_list import SOL
from chalicelib.domain.tokens import Pair, token_to_come
from chalicelib.simulation.launches import Launch, Trap, launches_since
from chalicelib.simulation.ledger import PostgresLedger
from chalicelib.simulation.market import SLOT, slot_at
from infra.operate.audit import audit
from tests.world import World

SNIPERS, MINUTES = 50, 10
# What a guard keeps an order from.
EXCLUDED = {
    Property.MINT_RENOUNCED: Trap.MINTABLE,
    Property.NOT_FREEZABLE: Trap.FREEZABLE,
    Property.LIQUIDITY_LOCKED: Trap.DRAINED,
    Property.SELLABLE: Trap.NOT_SELLABLE,
}
# More than any honest pool takes from the beginning, and less than a transfer of a trap costs.
FEE_BPS_MAX = 250


@pytest.fixture
def world(database: PostgresDatabase) -> Any:
    world: Any = World(store=PostgresOrderStore(database), ledger=PostgresLedger(database))
    world.book = PostgresWatchBook(database)
    return world


def random_terms(random: Random) -> SniperTerms:
    guards = Guards(
        requires=frozenset(each for each in Property if random.random() < 0.7),
        fee_bps_max=FEE_BPS_MAX if random.random() < 0.5 else None,
        liquidity_min=random.choice([None, 100 * 10**9, 1_000 * 10**9]),
        price_impact_bps_max=random.choice([None, 50]),
    )
    # Some find nothing at all in ten minutes.
    part = random.choice([None, None, None, "MOON", "no such"])
    return SniperTerms(guards=guards, retry_for=timedelta(seconds=30), name_part=part)


def arm(world: Any, terms: SniperTerms) -> OrderId:
    order_id: OrderId = world.submit(
        pair=Pair(token_in=SOL, token_out=token_to_come(None)),
        amount_in=10**8,
        slippage_bps=1_000,
        terms=terms,
    )
    return order_id


def pass_slot(world: Any) -> None:
    """Let a watcher look at a slot, and workers at what it asks."""
    until = world.clock.at + SLOT
    world.watch(SLOT)
    while messages := world.take():
        assert world.execute(messages) == set()
    world.clock.at = max(world.clock.at, until)


def is_excluded(launch: Launch, terms: SniperTerms) -> bool:
    traps = {EXCLUDED[each] for each in terms.guards.requires}
    if terms.guards.fee_bps_max is not None:
        traps.add(Trap.TRANSFER_FEE)
    return not traps.isdisjoint(launch.traps)


def test_each_buys_once_at_most_no_trap_it_excludes_and_tells_of_every_launch(
    world: Any, database: PostgresDatabase, database_url: str
) -> None:
    random = Random(15)
    armed = {arm(world, terms): terms for terms in (random_terms(random) for _ in range(SNIPERS))}
    began = slot_at(world.clock.at)

    for _ in range(MINUTES * timedelta(minutes=1) // SLOT):
        pass_slot(world)

    now = slot_at(world.clock.at)
    created = []
    for launch in launches_since(world.seed, began + 1):
        # What was created in the last slots is perhaps not looked at yet.
        if launch.created_slot > now - 3:
            break
        created.append(launch)
    assert len(created) >= MINUTES - 1
    memos = database.execute("SELECT memo FROM chain.transactions", {})
    landed = Counter(OrderId(row["memo"].partition(":")[0]) for row in memos)
    statuses = set()
    for order_id, terms in armed.items():
        order = world.store.get(order_id, ANONYMOUS).order
        statuses.add(order.status)
        assert landed[order_id] == (order.status is OrderStatus.CONFIRMED)
        met = [*order.hunt.verdicts, *order.hunt.waiting]
        told = {verdict.pool_address for verdict in met}
        bought = world.market.launch(order.pair.token_out.mint)
        if bought is not None:
            assert not is_excluded(bought, terms)
        until = now if bought is None else bought.created_slot
        assert {e.pool.address for e in created if e.created_slot <= until} <= told
        assert len(told) == len(met)
    assert statuses == {OrderStatus.CONFIRMED, OrderStatus.OPEN}
    report = audit(database_url, market=world.market)
    assert report.findings == {}
    assert {c.name: c.looked_at for c in report.checks}["snipes"] == SNIPERS
