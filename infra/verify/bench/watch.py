"""What a slot costs with many orders waiting: the statement in which nothing happens, and those in
which many orders are triggered at once. On a PostgreSQL of its own, with the watcher's own code."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import psycopg
from rich.console import Console

from chalicelib.adapters.postgres.book import PostgresWatchBook
from chalicelib.adapters.postgres.database import PostgresDatabase
from chalicelib.adapters.postgres.migrate import migrate
from chalicelib.domain.orders.triggers import RATE_ONE, RatedPair
from chalicelib.domain.token_list import TOKENS
from chalicelib.engine.ports.book import Tick
from chalicelib.engine.ports.rates import Observation
from infra.arguments import OneLineArgumentParser, positive_count
from infra.local.commands import command
from infra.local.leftovers import passing_folder
from infra.local.postgres import LocalPostgres
from infra.tables import figure_table

TICKS = 200
# Every directed pair of the listed tokens, in a fixed order.
PAIRS: tuple[RatedPair, ...] = tuple(
    (token_in.mint, token_out.mint)
    for token_in in TOKENS
    for token_out in TOKENS
    if token_in != token_out
)
FIRST_SLOT = 1_000
# Nothing waits between these: a quiet slot's rate is a little above one half of RATE_ONE.
# The role's own limit is for the service.
UNLIMITED = "-c statement_timeout=0"
_HALF = RATE_ONE // 2

_FILL = """
WITH pairs AS (
    SELECT * FROM unnest(%(mints_in)s::text[], %(mints_out)s::text[])
             WITH ORDINALITY AS pair (input_mint, output_mint, number)
), numbered AS (
    SELECT n, gen_random_uuid() AS order_id FROM generate_series(0, %(orders)s - 1) AS n
), filled AS (
    INSERT INTO orders (
        order_id, owner_id, order_type, input_mint, output_mint, amount_in, slippage_bps, status,
        sequence, attempt, terms, expires_at, armed_slot, due_at, created_at, updated_at)
    SELECT order_id, 'bench', 'STOP', input_mint, output_mint, 1000, 100, 'open', 1, 0, '{}',
           now() + interval '90 days', 1, now(), now(), now()
      FROM numbered JOIN pairs ON pairs.number = 1 + n %% %(pairs)s
), recorded AS (
    INSERT INTO order_events (order_id, sequence, status, attempt, occurred_at, details)
    SELECT order_id, 1, 'open', 0, now(), '{}' FROM numbered
)
INSERT INTO watches (order_id, leg, kind, input_mint, output_mint, side, key, key_first,
                     trailing_bps, mark, armed_slot, expires_at)
-- Of ten orders four are limits, four stops and two trailing stops: none of them near.
SELECT order_id, 0,
       CASE WHEN n / %(pairs)s %% 10 < 4 THEN 'limit' WHEN n / %(pairs)s %% 10 < 8 THEN 'stop'
            ELSE 'trailing_stop' END,
       input_mint, output_mint,
       CASE WHEN n / %(pairs)s %% 10 < 4 THEN 'above' ELSE 'below' END,
       CASE WHEN n / %(pairs)s %% 10 < 4 THEN %(half)s * 2 + n ELSE trunc(%(half)s / 2) - n END,
       CASE WHEN n / %(pairs)s %% 10 < 4 THEN %(half)s * 2 + n END,
       CASE WHEN n / %(pairs)s %% 10 > 7 THEN 5000 END,
       CASE WHEN n / %(pairs)s %% 10 > 7 THEN %(half)s * 3 END,
       1, now() + interval '90 days'
  FROM numbered JOIN pairs ON pairs.number = 1 + n %% %(pairs)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Milliseconds of a slot: its two statements in which nothing happens, that for the pairs and
    the tick, and all the ticks that it takes to trigger `fired` orders of one pair; and those that
    it takes to ask about as many orders over time that are due."""

    waiting: int
    quiet_median_ms: float
    quiet_worst_ms: float
    fired: int
    fired_statements: int
    fired_ms: float
    due: int
    due_statements: int
    due_ms: float


def fill(url: str, orders: int) -> None:
    """Let so many orders wait, over all pairs. The database is empty."""
    mints_in, mints_out = zip(*PAIRS, strict=True)
    with psycopg.connect(url, options=UNLIMITED) as connection:
        connection.execute(
            _FILL,
            {
                "orders": orders,
                "pairs": len(PAIRS),
                "mints_in": list(mints_in),
                "mints_out": list(mints_out),
                "half": _HALF,
            },
        )
    with psycopg.connect(url, autocommit=True, options=UNLIMITED) as connection:
        connection.execute("VACUUM ANALYZE")


def let_stops_wait(url: str, stops: int) -> None:
    """Let so many stops of the first pair wait for the rate to fall below one half."""
    fill_one = _FILL.replace("trunc(%(half)s / 2) - n", "%(half)s - n").replace("%% 10 < 4", "< 0")
    with psycopg.connect(url, options=UNLIMITED) as connection:
        connection.execute(
            fill_one.replace("%% 10 < 8", ">= 0").replace("%% 10 > 7", "< 0"),
            {
                "orders": stops,
                "pairs": 1,
                "mints_in": [PAIRS[0][0]],
                "mints_out": [PAIRS[0][1]],
                "half": _HALF,
            },
        )


_BE_DUE = """
UPDATE watches
   SET kind = 'schedule', side = 'above', key = NULL, recheck_at = now()
 WHERE order_id IN (SELECT order_id FROM watches
                     WHERE kind = 'stop' AND input_mint = %s AND output_mint = %s
                     LIMIT %s)
"""


def let_slices_be_due(url: str, orders: int) -> None:
    """Let so many orders of the first pair be due, as orders over time are."""
    let_stops_wait(url, orders)
    with psycopg.connect(url) as connection:
        connection.execute(_BE_DUE, [*PAIRS[0], orders])


def tick_at(slot: int, rate: int) -> Tick:
    """A slot in which every pair has that rate."""
    now = datetime.now(UTC)
    return Tick(
        observation=Observation(slot=slot, at=now, rates=dict.fromkeys(PAIRS, rate)),
        now=now,
        due_at=now,
        sweep_at=now + timedelta(seconds=3),
        ask_again_at=now + timedelta(seconds=3),
    )


def measure(url: str, *, waiting: int, fired: int, report: Callable[[str], None]) -> Figures:
    """Fill an empty database and measure slots."""
    migrate(url)
    report(f"letting {waiting:,} orders wait")
    fill(url, waiting)
    book = PostgresWatchBook(PostgresDatabase(url))
    report("looking at quiet slots")
    quiet = [_milliseconds(book, tick_at(FIRST_SLOT + n, _HALF + 1)) for n in range(TICKS)]
    report(f"triggering {fired:,} orders")
    let_stops_wait(url, fired)
    triggered = _Whole(book, tick_at(FIRST_SLOT + TICKS, _HALF - fired))
    report(f"asking about {fired:,} orders over time")
    let_slices_be_due(url, fired)
    asked = _Whole(book, tick_at(FIRST_SLOT + TICKS + 1, _HALF + 1))
    return Figures(
        waiting=waiting,
        # The first ones are planned.
        quiet_median_ms=median(quiet[10:]),
        quiet_worst_ms=max(quiet[10:]),
        fired=triggered.fired,
        fired_statements=triggered.statements,
        fired_ms=triggered.ms,
        due=asked.asked,
        due_statements=asked.statements,
        due_ms=asked.ms,
    )


class _Whole:
    """All the ticks that a slot takes: how many, how long, and what they did."""

    def __init__(self, book: PostgresWatchBook, tick: Tick) -> None:
        self.statements, self.fired, self.asked, self.ms = 0, 0, 0, 0.0
        is_whole = False
        while not is_whole:
            started = time.perf_counter()
            ticked = book.tick(tick, holder="bench")
            self.ms += (time.perf_counter() - started) * 1_000
            if ticked is None:
                raise RuntimeError("another watcher looks at the bench's database")
            is_whole = ticked.is_whole
            self.statements += 1
            self.fired += len(ticked.fired)
            self.asked += len(ticked.asked)


def _milliseconds(book: PostgresWatchBook, tick: Tick) -> float:
    started = time.perf_counter()
    book.pairs()
    ticked = book.tick(tick, holder="bench")
    if ticked is None or ticked.fired or ticked.asked or not ticked.is_whole:
        raise RuntimeError(f"a slot that should be quiet is not: {ticked}")
    return (time.perf_counter() - started) * 1_000


def main() -> None:
    """Measure what a slot costs with many orders waiting."""
    parser = OneLineArgumentParser(description=main.__doc__)
    parser.add_argument("--waiting", type=positive_count, default=100_000)
    parser.add_argument("--fired", type=positive_count, default=1_000)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    console = Console(stderr=arguments.json, highlight=False)
    with command(), passing_folder("orders-bench-watch-") as folder:
        figures = _measured(folder, arguments.waiting, arguments.fired, console)
    if arguments.json:
        print(json.dumps(asdict(figures), indent=2))
        return
    table = figure_table(["slot"], ["orders", "statements", "ms", "worst ms"])
    quiet = (f"{figures.quiet_median_ms:.1f}", f"{figures.quiet_worst_ms:.1f}")
    table.add_row("nothing happens", f"{figures.waiting:,}", "2", *quiet)
    fired = (f"{figures.fired:,}", str(figures.fired_statements), f"{figures.fired_ms:.0f}", "")
    table.add_row("orders are triggered", *fired)
    due = (f"{figures.due:,}", str(figures.due_statements), f"{figures.due_ms:.0f}", "")
    table.add_row("slices are due", *due)
    console.print(table)


def _measured(folder: Path, waiting: int, fired: int, console: Console) -> Figures:
    with console.status("starting") as status:
        postgres = LocalPostgres(folder)
        postgres.start()
        try:
            return measure(postgres.url, waiting=waiting, fired=fired, report=status.update)
        finally:
            postgres.stop()


if __name__ == "__main__":
    main()
