"""The book of waiting orders in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from chalicelib.adapters.postgres.database import PostgresDatabase, load_queries
from chalicelib.adapters.postgres.rows import announced_through
from chalicelib.domain.orders.order import OrderId
from chalicelib.domain.orders.triggers import RatedPair, Side, TriggerKind, Watch
from chalicelib.domain.pools.new_pools import PoolCursor
from chalicelib.domain.tokens import Mint
from chalicelib.engine.ports.book import (
    LEASE,
    RANGE_MAX,
    BookState,
    Fired,
    Shortfall,
    Tick,
    Ticked,
)


class PostgresWatchBook:
    """The WatchBook port in SQL; the statements are in sql/queries.sql."""

    def __init__(self, database: PostgresDatabase, *, range_max: int = RANGE_MAX) -> None:
        self._database, self._range_max = database, range_max

    def state(self) -> BookState:
        [row] = self._run("watch_cursor")
        return BookState(
            slot=row["slot"],
            is_watched=row["is_watched"],
            is_needed=row["is_needed"],
            behind=row["behind"],
            is_hunted=row["is_hunted"],
            pools=PoolCursor(row["pool_slot"], row["pool_address"]),
        )

    def tick(self, tick: Tick, *, holder: str, lease: timedelta = LEASE) -> Ticked | None:
        observation, arrivals = tick.observation, tick.arrivals
        mints = None if arrivals is None else arrivals.mints
        rows = self._run(
            "tick",
            slot=observation.slot,
            observed_at=observation.at,
            observed_at_text=observation.at.isoformat(),
            rates=Jsonb(
                [
                    {"input_mint": mint_in, "output_mint": mint_out, "rate": str(rate)}
                    for (mint_in, mint_out), rate in observation.rates.items()
                ]
            ),
            now=tick.now,
            due_at=tick.due_at,
            sweep_at=tick.sweep_at,
            ask_again_at=tick.ask_again_at,
            gap_from=tick.gap_from,
            gap_through=tick.gap_through,
            pool_slot=None if arrivals is None else arrivals.through.slot,
            pool_address=None if arrivals is None else arrivals.through.address,
            pool_mints=None if mints is None else sorted(mints),
            holder=holder,
            lease=lease,
            range_max=self._range_max,
        )
        return _ticked(rows[0]) if rows else None

    def release(self, holder: str) -> None:
        self._run("release_watch", holder=holder)

    def pairs(self) -> Sequence[RatedPair]:
        rows = self._run("watched_pairs")
        pairs = ((Mint(row["input_mint"]), Mint(row["output_mint"])) for row in rows)
        # Who waits for any new token waits for no price.
        return [pair for pair in pairs if pair[1]]

    def waiting_to_trade(self, pairs: Collection[RatedPair]) -> Mapping[OrderId, int]:
        documents = [
            {"input_mint": mint_in, "output_mint": mint_out} for mint_in, mint_out in pairs
        ]
        rows = self._run("waiting_to_trade", pairs=Jsonb(documents), range_max=self._range_max)
        return announced_through(rows)

    def watches(self, order_id: OrderId) -> Sequence[Watch]:
        return [
            Watch(
                leg=row["leg"],
                kind=TriggerKind(row["kind"]),
                side=Side(row["side"]),
                key=None if row["key"] is None else int(row["key"]),
                trailing_bps=row["trailing_bps"],
                mark=None if row["mark"] is None else int(row["mark"]),
                fires_at=row["fires_at"] and row["fires_at"].astimezone(UTC),
            )
            for row in self._run("watches_of_order", order_id=order_id)
        ]

    def postpone(self, short: Sequence[Shortfall], *, recheck_at: datetime) -> None:
        documents = [
            {"order_id": each.order_id, "needed": str(each.needed), "quoted": str(each.quoted)}
            for each in short
        ]
        self._run("postpone_limits", short=Jsonb(documents), recheck_at=recheck_at)

    def hunt_on(
        self, looks: Mapping[OrderId, datetime | None], *, seen_slot: int, now: datetime
    ) -> None:
        documents = [
            {"order_id": order_id, "look_at": look_at and look_at.isoformat()}
            for order_id, look_at in looks.items()
        ]
        self._run("hunt_on", looks=Jsonb(documents), seen_slot=seen_slot, now=now)

    def _run(self, query: str, **parameters: object) -> list[dict[str, Any]]:
        return self._database.execute(load_queries()[query], parameters)


def _ticked(row: dict[str, Any]) -> Ticked:
    return Ticked(
        is_whole=row["is_whole"],
        is_needed=row["is_needed"],
        fired=[
            Fired(order_id=OrderId(order_id), sequence=sequence, kind=TriggerKind(kind))
            for order_id, sequence, kind in row["fired"]
        ],
        expired=[(OrderId(order_id), sequence) for order_id, sequence in row["expired"]],
        asked=[OrderId(str(order_id)) for order_id in row["asked"]],
        announced_through={
            OrderId(order_id): sequence for order_id, sequence in row["announced_through"]
        },
    )
