"""What the database itself refuses, whoever writes."""

from dataclasses import replace

import psycopg
import pytest

from chalicelib.adapters.postgres.database import PostgresDatabase
from chalicelib.adapters.postgres.orders import PostgresOrderStore
from chalicelib.domain.orders.order import OrderStatus, Signature
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.domain.token_list import SOL, USDC
from chalicelib.simulation.ledger import LedgerEntry, LedgerLeg, PostgresLedger
from tests.contract.samples import accepted, order_id, put, started, way_to_confirmed

SIGNATURE, TRANSACTION, HEIGHT = (
    "signature = repeat('1', 88)",
    "transaction = '\\x00'",
    "last_valid_block_height = 1",
)
UNSIGNED_STATUSES = [
    f"status = '{status}'{signed}"
    for status in ("building", "submitted", "confirmed")
    for signed in (
        "",
        f", {TRANSACTION}, {HEIGHT}",
        f", {SIGNATURE}, {HEIGHT}",
        f", {SIGNATURE}, {TRANSACTION}",
    )
]
LANDED = LedgerEntry(
    signature=Signature("1" * 88),
    landing_slot=1,
    memo="memo",
    input_mint=SOL.mint,
    output_mint=USDC.mint,
    amount_in=1,
    amount_out=1,
    legs=(
        LedgerLeg(
            pool_address="pool",
            input_mint=SOL.mint,
            output_mint=USDC.mint,
            amount_in=1,
            amount_out=1,
        ),
    ),
    error_code=None,
    wire_bytes=b"\x00",
)


@pytest.fixture
def store(database: PostgresDatabase) -> PostgresOrderStore:
    return PostgresOrderStore(database)


@pytest.mark.parametrize(
    "change",
    [
        "amount_in = 0",
        "amount_in = -1",
        "amount_in = NULL",
        "amount_out = 1",
        "amount_in = NULL, amount_out = 0",
        "slippage_bps = -1",
        "slippage_bps = 10001",
        "max_price_impact_bps = -1",
        "max_price_impact_bps = 10001",
        "sequence = 0",
        "attempt = -1",
        "order_type = 'LIMITED'",
        "input_mint = output_mint",
        "input_mint = repeat('1', 31)",
        "output_mint = repeat('1', 45)",
        "signature = repeat('1', 63)",
        "signature = repeat('1', 89)",
        *UNSIGNED_STATUSES,
    ],
)
def test_order_is_refused_when_it_breaks_a_rule(
    database: PostgresDatabase, store: PostgresOrderStore, change: str
) -> None:
    put(store, accepted(1))

    with pytest.raises(psycopg.errors.CheckViolation):
        database.execute(f"UPDATE orders SET {change}")

    assert store.get(order_id(1), ANONYMOUS).order == accepted(1).order


@pytest.mark.parametrize("status", ["building", "submitted", "confirmed"])
def test_order_is_taken_when_status_comes_with_its_transaction(
    database: PostgresDatabase, store: PostgresOrderStore, status: str
) -> None:
    put(store, accepted(1))

    database.execute(f"UPDATE orders SET status = '{status}', {SIGNATURE}, {TRANSACTION}, {HEIGHT}")

    assert store.get(order_id(1), ANONYMOUS).order.status == status


def test_no_order_moves_when_one_of_the_batch_would_build_without_a_transaction(
    store: PostgresOrderStore,
) -> None:
    put(store, accepted(1))
    put(store, accepted(2), started(accepted(2)))
    building = way_to_confirmed(accepted(2))[1]
    unsigned = replace(building, order=replace(building.order, transaction=None))

    with pytest.raises(psycopg.errors.CheckViolation):
        store.save([started(accepted(1)), unsigned])

    records = [store.get(order_id(number), ANONYMOUS) for number in (1, 2)]
    assert [record.order.status for record in records] == [OrderStatus.PENDING, OrderStatus.ROUTING]
    assert [len(record.events) for record in records] == [1, 2]


@pytest.mark.parametrize(
    ("values", "error"),
    [
        pytest.param((1, 1, 0), psycopg.errors.UniqueViolation, id="same sequence again"),
        pytest.param((1, 0, 0), psycopg.errors.CheckViolation, id="sequence zero"),
        pytest.param((1, 2, -1), psycopg.errors.CheckViolation, id="negative attempt"),
        pytest.param((9, 1, 0), psycopg.errors.ForeignKeyViolation, id="unknown order"),
    ],
)
def test_event_is_refused_when_it_breaks_a_rule(
    database: PostgresDatabase,
    store: PostgresOrderStore,
    values: tuple[int, int, int],
    error: type[psycopg.Error],
) -> None:
    put(store, accepted(1))
    number, sequence, attempt = values

    with pytest.raises(error):
        database.execute(
            "INSERT INTO order_events VALUES (%s, %s, 'routing', %s, now(), '{}')",
            [order_id(number), sequence, attempt],
        )

    assert len(store.get(order_id(1), ANONYMOUS).events) == 1


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(replace(LANDED, error_code="TRANSACTION_FAILED"), id="paid and failed"),
        pytest.param(replace(LANDED, amount_out=None), id="neither paid nor failed"),
    ],
)
def test_ledger_entry_is_refused_when_its_outcome_is_not_one(
    database: PostgresDatabase, entry: LedgerEntry
) -> None:
    ledger = PostgresLedger(database)

    with pytest.raises(psycopg.errors.CheckViolation):
        ledger.append([entry])

    assert ledger.find([entry.signature], up_to_slot=1) == []


def test_stored_row_equals_last_event_when_many_orders_have_moved(
    database: PostgresDatabase, store: PostgresOrderStore
) -> None:
    for number in range(1, 6):
        pending = accepted(number)
        put(store, pending, *way_to_confirmed(pending)[: number - 1])

    rows = database.execute(
        "SELECT o.sequence, count(*) AS many, min(e.sequence) AS first, max(e.sequence) AS last,"
        "       bool_or(e.sequence = o.sequence AND e.status = o.status"
        "               AND e.attempt = o.attempt AND e.occurred_at = o.updated_at) AS equal"
        "  FROM orders AS o JOIN order_events AS e USING (order_id)"
        " GROUP BY o.order_id ORDER BY o.sequence"
    )

    assert rows == [
        {"sequence": n, "many": n, "first": 1, "last": n, "equal": True} for n in range(1, 6)
    ]
