"""Launched tokens on the real database: bought, sold, waited for, and audited."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.postgres.book import PostgresWatchBook
from chalicelib.adapters.postgres.database import PREPARED_AFTER, PostgresDatabase
from chalicelib.adapters.postgres.orders import PostgresOrderStore
from chalicelib.domain.orders.order import OrderStatus
from chalicelib.domain.orders.terms import Condition, StatedPrice, StopTerms
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.domain.pools.pool import PoolKind
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.engine.ports.orders import OrderFilter
from chalicelib.simulation.launches import Launch, Trap
from chalicelib.simulation.ledger import PostgresLedger
from chalicelib.simulation.market import SLOT
from infra.operate.audit import audit
from infra.verify.bench.watch import PAIRS, fill
from tests.integration.test_quiet_slots import rows_read
from tests.launches import buying, go_to, honest, selling, trap
from tests.world import World

WAITING = 20_000
LAUNCHES = {
    "taxed": trap(Trap.TRANSFER_FEE),
    "taxed ticks": trap(Trap.TRANSFER_FEE, kind=PoolKind.CLMM),
    **{str(kind): honest(kind) for kind in PoolKind},
}


@pytest.fixture
def world(database: PostgresDatabase) -> Any:
    store, ledger = PostgresOrderStore(database), PostgresLedger(database)
    world: Any = World(store=store, ledger=ledger)
    world.book = PostgresWatchBook(database)
    return world


def confirmed(world: Any, launch: Launch, **order: Any) -> int:
    """Place an order, and return what it received."""
    order_id = world.submit(slippage_bps=2_000, **order)
    world.clock.at += SLOT
    world.watch()
    world.execute([ExecuteOrder(order_id=order_id)])
    record = world.store.get(order_id, ANONYMOUS)
    assert record.order.status is OrderStatus.CONFIRMED
    assert launch.token in (record.order.pair.token_in, record.order.pair.token_out)
    received: int = record.events[-1].details.amount_out
    return received


@pytest.mark.parametrize("name", LAUNCHES)
def test_audit_holds_when_a_launched_token_was_bought_and_sold(
    world: Any, database_url: str, name: str
) -> None:
    launch = LAUNCHES[name]
    go_to(world, launch.created_slot + 60)
    received = confirmed(world, launch, pair=buying(launch), amount_in=10**8)
    # Half of it at once, the other when a price is seen that is there.
    confirmed(world, launch, pair=selling(launch), amount_in=received // 2)
    confirmed(
        world,
        launch,
        pair=selling(launch),
        amount_in=received // 2,
        trigger_if_met=True,
        expires_at=world.clock.at + timedelta(hours=1),
        terms=StopTerms(
            price=StatedPrice(text="1000", price_in=launch.quote.mint), condition=Condition.BELOW
        ),
    )

    report = audit(database_url, market=world.market, all_final=True)

    assert report.findings == {}
    looked_at = {check.name: check.looked_at for check in report.checks}
    assert (looked_at["recomputed"], looked_at["triggers"]) == (3, 1)
    wanted = OrderFilter(owner_id=ANONYMOUS, input_mint=launch.token.mint)
    assert len(world.store.page(wanted, limit=10, after=None)) == 2


def test_pairs_are_read_from_a_large_book_by_a_few_steps(
    database: PostgresDatabase, database_url: str
) -> None:
    fill(database_url, WAITING)
    book = PostgresWatchBook(database)
    # From here on its plan is kept.
    for _ in range(PREPARED_AFTER + 2):
        book.pairs()
    before = rows_read(database)

    asked = [book.pairs() for _ in range(10)]

    after = rows_read(database)
    assert all(sorted(pairs) == sorted(PAIRS) for pairs in asked)
    # Two sides of each.
    assert after["watches"] - before["watches"] <= 10 * 2 * len(PAIRS)
