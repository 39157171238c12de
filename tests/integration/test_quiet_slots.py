"""What a slot reads of a large book."""

from chalicelib.adapters.postgres.book import PostgresWatchBook
from chalicelib.adapters.postgres.database import PREPARED_AFTER, PostgresDatabase
from infra.verify.bench.watch import FIRST_SLOT, PAIRS, fill, let_stops_wait, tick_at

WAITING = 20_000
QUIET = 10**30 // 2
READ = """
    SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) AS rows
      FROM pg_stat_user_tables
     WHERE relname IN ('orders', 'order_events', 'watches')
"""


def rows_read(database: PostgresDatabase) -> dict[str, int]:
    database.execute("SELECT pg_stat_force_next_flush()")
    return {row["relname"]: row["rows"] for row in database.execute(READ)}


def test_slot_in_which_nothing_happens_reads_no_order(
    database: PostgresDatabase, database_url: str
) -> None:
    fill(database_url, WAITING)
    # Some of them wait for a time, too.
    database.execute(
        "UPDATE watches SET fires_at = expires_at - interval '1 day' WHERE kind = 'stop'"
    )
    other = PostgresDatabase(database_url)
    book = PostgresWatchBook(database)
    # From here on its plan is kept.
    for number in range(PREPARED_AFTER + 2):
        book.tick(tick_at(FIRST_SLOT + number, QUIET + 1), holder="me")
    database.execute("SELECT pg_stat_force_next_flush()")
    before = rows_read(other)

    for number in range(10):
        ticked = book.tick(tick_at(FIRST_SLOT + 100 + number, QUIET + 1), holder="me")
        assert ticked is not None
        assert (ticked.fired, ticked.expired, ticked.asked) == ([], [], [])
    database.execute("SELECT pg_stat_force_next_flush()")
    after = rows_read(other)
    other.close()

    assert after["orders"] == before["orders"]
    assert after["order_events"] == before["order_events"]
    # One at most, to see whether anything waits at all.
    assert after["watches"] - before["watches"] <= 10 * len(PAIRS)


def test_a_thousand_orders_that_fire_in_one_slot_are_all_routing_once(
    database: PostgresDatabase, database_url: str
) -> None:
    fill(database_url, WAITING)
    let_stops_wait(database_url, 1_000)
    book = PostgresWatchBook(database)

    fired = []
    is_whole = False
    while not is_whole:
        ticked = book.tick(tick_at(FIRST_SLOT, QUIET - 1_000), holder="me")
        assert ticked is not None
        fired += [each.order_id for each in ticked.fired]
        is_whole = ticked.is_whole

    assert len(fired) == len(set(fired)) == 1_000
    [row] = database.execute(
        "SELECT count(*) AS orders, count(*) FILTER (WHERE sequence = 2) AS once"
        " FROM orders WHERE status = 'routing'"
    )
    assert (row["orders"], row["once"]) == (1_000, 1_000)
