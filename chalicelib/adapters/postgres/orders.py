"""Orders and events in PostgreSQL: one connection per process, every call one statement.

Invariant: a statement is a transaction of its own, so whatever returned has been committed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from chalicelib.adapters.postgres.database import PostgresDatabase, load_queries
from chalicelib.adapters.postgres.rows import (
    Row,
    announced_through,
    event_of,
    minute_of,
    move_document,
    nested_events,
    nested_packs,
    order_document,
    order_of,
    pair_of,
    watch_documents,
)
from chalicelib.domain.errors import OrderNotFoundError
from chalicelib.domain.orders.event_codec import write_details, write_event
from chalicelib.domain.orders.events import OrderEvent
from chalicelib.domain.orders.lifecycle import Transition
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.owners import OwnerId
from chalicelib.engine.errors import (
    HaltedError,
    IdempotencyKeyReusedError,
    TooManyWaitingError,
    UnavailableError,
)
from chalicelib.engine.limits import Admission, IdempotencyKey, RateLimit
from chalicelib.engine.ports.orders import (
    BEGUN_MAX,
    CHILD_MARGIN,
    MIDWAY_MARGIN,
    OVERTAKEN_MAX,
    PENDING_MARGIN,
    LoadedOrder,
    OrderFilter,
    OrderRecord,
    PageKey,
)
from chalicelib.engine.statistics import Durations, OrderStatistics

# Each filter that is given, and the page's key, narrow what is read.
PLANNED_ANEW = frozenset({"page_of_orders"})
_RATE_CONSTRAINT = "order_rate_is_kept"
_UUID_DIGITS = 32


class PostgresOrderStore:
    """The OrderStore port in SQL; the statements are in sql/queries.sql."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    def add(
        self,
        accepted: Transition,
        *,
        key: IdempotencyKey | None = None,
        limit: RateLimit | None = None,
        waiting_max: int | None = None,
    ) -> Admission:
        order = accepted.order
        row = self._insert(accepted, key, limit, waiting_max)
        known = self.replay(order.owner_id, key) if key and not row["is_new"] else None
        is_refused = not row["is_new"] and (row["is_crowded"] or row["is_halted"])
        if known is None and is_refused and not self.exists(order.order_id, order.owner_id):
            raise HaltedError if row["is_halted"] else TooManyWaitingError(waiting_max=waiting_max)
        if known is None or known.order.order_id == order.order_id:
            overtaken = [OrderId(str(order_id)) for order_id in row["overtaken"]]
            return Admission(order=order, used=row["used"], overtaken=overtaken)
        return known

    def replay(self, owner_id: OwnerId, key: IdempotencyKey) -> Admission | None:
        rows = self._run_repeatable("order_of_key", owner_id=owner_id, key=key.value)
        if not rows:
            return None
        if bytes(rows[0]["fingerprint"]) != key.fingerprint:
            raise IdempotencyKeyReusedError
        return Admission(order=order_of(rows[0]).as_accepted(), is_replay=True)

    def prune_keys(self, *, before: datetime, limit: int) -> int:
        return len(self._run_repeatable("prune_keys", before=before, limit=limit))

    def _insert(
        self,
        accepted: Transition,
        key: IdempotencyKey | None,
        limit: RateLimit | None,
        waiting_max: int | None,
    ) -> Row:
        order = accepted.order
        parameters = {
            # One document: psycopg takes long over many parameters.
            "order": Jsonb(order_document(order)),
            "order_id": order.order_id,
            "owner_id": order.owner_id,
            "created_at": order.created_at,
            "details": Jsonb(write_details(accepted.event.details)),
            "watches": Jsonb(watch_documents(order)),
            "waiting_max": waiting_max if order.status is OrderStatus.OPEN else None,
            "key": key and key.value,
            "fingerprint": key and key.fingerprint,
            "orders_max": limit and limit.orders_max,
            "window_start": limit and limit.window_start(order.created_at),
            "pending_margin": PENDING_MARGIN,
            "midway_margin": MIDWAY_MARGIN,
            "overtaken_max": OVERTAKEN_MAX,
            "begun_max": BEGUN_MAX,
        }
        try:
            return self._run_repeatable("add_order", **parameters)[0]
        except psycopg.errors.CheckViolation as error:
            if limit is None or error.diag.constraint_name != _RATE_CONSTRAINT:
                raise
            raise limit.refusal(order.created_at) from error

    def load(self, announced_through: Mapping[OrderId, int]) -> list[LoadedOrder]:
        rows = self._load(announced_through)
        return [LoadedOrder(order=order_of(row), unannounced=nested_packs(row)) for row in rows]

    def _load(self, announced_through: Mapping[OrderId, int]) -> Sequence[Row]:
        return self._run_repeatable(
            "load_orders",
            order_ids=list(announced_through),
            announced=list(announced_through.values()),
        )

    def save(
        self, transitions: Sequence[Transition], *, sweep_at: datetime | None = None
    ) -> Mapping[OrderId, int]:
        events = [transition.event for transition in transitions]
        # The last of an order's transitions says what it becomes, the first what it must be now.
        orders = {transition.order.order_id: transition.order for transition in transitions}
        firsts = {t.order.order_id: t.order.sequence for t in reversed(transitions)}
        children = [child for transition in transitions for child in transition.children]
        events += [child.event for child in children]
        # Documents: psycopg takes long over many arrays.
        rows = self._run(
            "save_transitions",
            order_ids=list(orders),
            moves=Jsonb([move_document(order, firsts[i] - 1) for i, order in orders.items()]),
            events=Jsonb([{"order_id": e.order_id, **write_event(e)} for e in events]),
            children=Jsonb([order_document(child.order) for child in children]),
            child_margin=CHILD_MARGIN,
            watches=Jsonb(
                [
                    watch
                    for order in (*orders.values(), *(child.order for child in children))
                    for watch in watch_documents(order)
                ]
            ),
            touches_open=any(t.status_before is OrderStatus.OPEN for t in transitions),
            sweep_at=sweep_at,
        )
        return announced_through(rows)

    def events(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, tuple[OrderEvent, ...]]:
        found: dict[OrderId, tuple[OrderEvent, ...]] = {}
        for row in self._run_repeatable("events_of_orders", order_ids=list({*order_ids})):
            event = event_of(row, pair_of(row))
            found[event.order_id] = (*found.get(event.order_id, ()), event)
        return found

    def exists(self, order_id: OrderId, owner_id: OwnerId) -> bool:
        return bool(self._run_repeatable("order_exists", order_id=order_id, owner_id=owner_id))

    def get(self, order_id: OrderId, owner_id: OwnerId) -> OrderRecord:
        rows = self._load({order_id: 0})
        order = order_of(rows[0]) if rows else None
        if order is None or order.owner_id != owner_id:
            raise OrderNotFoundError
        return OrderRecord(order=order, events=nested_events(rows[0]))

    def page(
        self, wanted: OrderFilter, *, limit: int, after: PageKey | None
    ) -> Sequence[OrderRecord]:
        rows = self._run_repeatable(
            "page_of_orders",
            owner_id=wanted.owner_id,
            statuses=None if wanted.statuses is None else list(wanted.statuses),
            cancel_requested=wanted.cancel_requested,
            order_types=None if wanted.order_types is None else list(wanted.order_types),
            input_mint=wanted.input_mint,
            output_mint=wanted.output_mint,
            parent_id=wanted.parent_id,
            first_id=wanted.id_prefix and _id_from(wanted.id_prefix, "0"),
            last_id=wanted.id_prefix and _id_from(wanted.id_prefix, "f"),
            after_created_at=after and after.created_at,
            after_order_id=after and after.order_id,
            limit=limit,
        )
        return [OrderRecord(order=order_of(row), events=nested_events(row)) for row in rows]

    def statistics(self, owner_id: OwnerId, *, since: datetime) -> OrderStatistics:
        [row] = self._run_repeatable("statistics_of_orders", owner_id=owner_id, since=since)
        durations = row["to_confirmed"]
        return OrderStatistics(
            accepted=row["accepted"],
            confirmed=row["confirmed"],
            cancelled=row["cancelled"],
            expired=row["expired"],
            completed=row["completed"],
            waiting=row["waiting"],
            failed=row["failed"],
            to_confirmed=Durations(p50=durations[0], p99=durations[1]) if durations else None,
            minutes=[minute_of(minute) for minute in row["minutes"]],
        )

    def stale(self, *, due_before: datetime, now: datetime, limit: int) -> Mapping[OrderId, int]:
        rows = self._run_repeatable("stale_orders", due_before=due_before, now=now, limit=limit)
        return announced_through(rows)

    def schedule_sweep(self, order_ids: Sequence[OrderId], *, at: datetime) -> None:
        self._run_repeatable("schedule_sweep", order_ids=list(order_ids), at=at)

    def check(self) -> None:
        self._run_repeatable("check")

    def _run(self, query: str, **parameters: object) -> list[dict[str, Any]]:
        is_planned_anew = query in PLANNED_ANEW
        return self._database.execute(
            load_queries()[query], parameters, is_planned_anew=is_planned_anew
        )

    def _run_repeatable(self, query: str, **parameters: object) -> list[dict[str, Any]]:
        """Run a statement that may safely run twice: once more when the connection was dead."""
        try:
            return self._run(query, **parameters)
        except UnavailableError:
            return self._run(query, **parameters)


def _id_from(prefix: str, filler: str) -> str:
    """Return the id that begins so, and then has this digit only."""
    return str(UUID(prefix.ljust(_UUID_DIGITS, filler)))
