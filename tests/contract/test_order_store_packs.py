"""What every OrderStore remembers of what was saved together."""

import psycopg
import pytest

from chalicelib.adapters.postgres.database import PostgresDatabase
from chalicelib.adapters.postgres.orders import PostgresOrderStore
from chalicelib.engine.ports.orders import OrderStore
from tests.contract.samples import accepted, order_id, started, way_to_confirmed


@pytest.mark.parametrize(
    ("announced_through", "packs"),
    [(0, [[1], [2, 3], [4], [5]]), (1, [[2, 3], [4], [5]]), (2, [[3], [4], [5]]), (5, [])],
)
def test_load_returns_in_one_pack_what_was_saved_together(
    store: OrderStore, announced_through: int, packs: list[list[int]]
) -> None:
    other, pending = accepted(2), accepted(1)
    routing, building, submitted, confirmed = way_to_confirmed(pending)
    store.add(other)
    store.add(pending)
    store.save([routing, started(other), building])
    store.save([submitted])
    store.save([confirmed])

    [loaded] = store.load({order_id(1): announced_through})

    assert [[event.sequence for event in pack] for pack in loaded.unannounced] == packs


def test_event_is_a_pack_of_its_own_when_the_version_before_stored_it(
    database: PostgresDatabase, database_url: str
) -> None:
    store, pending = PostgresOrderStore(database), accepted()
    store.add(pending)
    store.save(way_to_confirmed(pending))
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE order_events SET pack = NULL")

    [loaded] = store.load({order_id(1): 1})

    packs = [[event.sequence for event in pack] for pack in loaded.unannounced]
    assert packs == [[2], [3], [4], [5]]
