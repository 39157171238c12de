"""Every check, on one snapshot: those of checks.sql in the database, the recomputation here.

Invariant: one transaction, read-only and repeatable-read, so that an order that moves meanwhile
does not look wrong.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from chalicelib.adapters.postgres.database import CONNECT_TIMEOUT_SECONDS, read_queries
from chalicelib.adapters.postgres.rows import order_of
from chalicelib.domain.orders.event_codec import read_trigger
from chalicelib.domain.orders.lifecycle import TRANSITIONS
from chalicelib.simulation.market import Market
from infra.operate.audit.recompute import Observed, Recomputation, deployed_market
from infra.operate.audit.report import Check, Report

CHECKS_FILE = Path(__file__).with_name("checks.sql")
# A check names no more orders than these; it counts all.
SUBJECTS_MAX = 20
# What each check of checks.sql claims.
CLAIMS = {
    "numbering": "events are numbered 1, 2, 3 … from the first",
    "current": "an order equals its last event",
    "moves": "moves are in the transition table",
    "attempts": "attempts count the moves to routing",
    "confirmed": "a confirmed order has the swap its event names",
    "terms": "a swap matches its order, within the limit",
    "limits": "a limit order's swap is at its limit or better",
    "watched": "open orders wait in the book, and no others",
    "slices": "an order over time has spent what its slices have, one after the other",
    "snipes": "who waits for a pool buys in one that passed, and never in one that was refused",
    "exits": "what a confirmed order shall sell again, one exit does, and no other",
    "impact": "no signed route exceeds its order's price impact limit",
    "unconfirmed": "an unconfirmed order has no swap, or one in flight",
    "once": "no order has two swaps",
    "memos": "ledger entries name an order",
    "signed": "a transaction was stored before it entered the ledger",
    "accepted": "accepted orders are stored",
    "final": "orders are final",
}

Connection = psycopg.Connection[dict[str, Any]]


def audit(
    database_url: str,
    *,
    accepted: Collection[str] = (),
    all_final: bool = False,
    market: Market | None = None,
    recompute_max: int | None = None,
) -> Report:
    """Compare orders, events and the chain's ledger as they are at one moment.

    `accepted` are ids of orders that must be stored. With `all_final`, unfinished orders are wrong.
    At most `recompute_max` swaps are recomputed, all of them when it is None, in `market`, or in
    that of a deployment with default settings.
    Raises psycopg.Error when the database cannot be read.
    """
    parameters = {
        "accepted": list(accepted),
        "moves_from": [str(before) for before, _ in TRANSITIONS],
        "moves_to": [str(after) for _, after in TRANSITIONS],
        "subjects_max": SUBJECTS_MAX,
    }
    with _snapshot(database_url) as connection:
        asked = {"accepted": bool(accepted), "final": all_final}
        names = [name for name in CLAIMS if asked.get(name, True)]
        checks = [_check(connection, name, parameters) for name in names]
        if recompute_max != 0:
            market = market or deployed_market()
            checks.append(_recompute(connection, market, recompute_max))
            checks.append(_observe(connection, market, recompute_max))
        totals = connection.execute(_statement("totals")).fetchone() or {}
    return Report(checks=tuple(checks), **totals)


@contextmanager
def _snapshot(database_url: str) -> Iterator[Connection]:
    with psycopg.connect(
        database_url, connect_timeout=CONNECT_TIMEOUT_SECONDS, row_factory=dict_row
    ) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        # The role's own limit is for the service.
        connection.execute("SET LOCAL statement_timeout = 0")
        yield connection


def _statement(name: str) -> str:
    queries = read_queries(CHECKS_FILE)
    if name in CLAIMS:
        checked = f", checked (subject, holds) AS (\n{queries[name]})\n"
        return queries["views"] + checked + queries["summary"]
    return queries["views"] + queries[name]


def _check(connection: Connection, name: str, parameters: Mapping[str, object]) -> Check:
    row = connection.execute(_statement(name), parameters).fetchone() or {}
    subjects = sorted(set(row.pop("subjects")))
    return Check(name=name, claim=CLAIMS[name], subjects=subjects, **row)


def _observe(connection: Connection, market: Market, triggers_max: int | None) -> Check:
    observed = Observed(market)
    with connection.cursor("triggers") as cursor:
        rows = cursor.execute(_statement("triggers"), {"triggers_max": triggers_max})
        seen = [(str(row["subject"]), _is_right(observed, row)) for row in rows]
    return _counted("triggers", "what triggered was so in its slot, and was waited for", seen)


def _is_right(observed: Observed, row: Mapping[str, Any]) -> bool:
    try:
        return observed.confirms(order_of(row), read_trigger(row["trigger"]))
    except (KeyError, TypeError, ValueError):
        return False


def _counted(name: str, claim: str, judged: Sequence[tuple[str, bool]]) -> Check:
    wrong = [subject for subject, is_right in judged if not is_right]
    return Check(
        name=name,
        claim=claim,
        looked_at=len(judged),
        wrong=len(wrong),
        subjects=sorted(set(wrong))[:SUBJECTS_MAX],
    )


def _recompute(connection: Connection, market: Market, swaps_max: int | None) -> Check:
    recomputation = Recomputation(market)
    with connection.cursor("swaps") as cursor:
        swaps = cursor.execute(_statement("swaps"), {"swaps_max": swaps_max})
        confirmed = [(swap["subject"], recomputation.confirms(swap)) for swap in swaps]
    return _counted("recomputed", "a swap is what its bytes do in its slot", confirmed)
