"""The tests' side of the processes: it starts them, one after the other or together, hands the time
of the last to the next, and reads what became of everything."""

import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from queue import SimpleQueue
from threading import Lock
from typing import Any, TypeVar

from chalicelib.adapters.memory.ports import MemoryClock
from chalicelib.adapters.postgres.database import PostgresDatabase
from chalicelib.adapters.postgres.orders import PostgresOrderStore
from chalicelib.domain.orders.order import OrderId
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.simulation.ledger import PostgresLedger
from chalicelib.simulation.market import slot_at
from tests.chaos import worker
from tests.chaos.audit import Story
from tests.chaos.boundaries import (
    END,
    PATIENCE_SECONDS,
    Boundaries,
    Boundary,
    Gate,
    Strike,
)
from tests.chaos.files import HOLD, FileStatusQueue
from tests.chaos.workshop import START, Scene, SharedClock, Workshop, open_workshop
from tests.world import ONE_SOL

CONTEXT: ForkServerContext = get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.chaos.worker"])

# Whoever starts a process asks what has become of all the others, and the answer comes only once.
_one_asks = Lock()

Case = TypeVar("Case")
Result = TypeVar("Result")

_TABLES = ("watches", "order_events", "orders", "chain.transactions")
_NEW_CURSOR = (
    "UPDATE watch_cursor SET slot = %s, ticked_at = '-infinity', leased_until = '-infinity',"
    " pool_slot = 0, pool_address = ''"
)
_ORDER_IDS = "SELECT order_id FROM orders ORDER BY order_id"
_SIGNATURES = "SELECT signature FROM chain.transactions ORDER BY landing_slot, signature"
_END_OF_TIME = 2**62


@dataclass(slots=True)
class Stage:
    """A scene and the time in it. What dies is seen again HOLD later."""

    scene: Scene
    database_url: str
    database: PostgresDatabase
    at: datetime = START

    def begin(self, **changes: Any) -> None:
        """Forget what was, and start over in a scene that differs in this."""
        for table in _TABLES:
            # Quicker than to truncate it, for so few rows.
            self.database.execute(f"DELETE FROM {table}")
        self.database.execute(_NEW_CURSOR, [slot_at(START)])
        for file in self.scene.folder.iterdir():
            file.unlink()
        self.scene, self.at = replace(self.scene, **changes), START

    def workshop(self) -> Workshop:
        """The engine in this process, at the stage's time."""
        clock = MemoryClock(self.at)
        boundaries = Boundaries(journal=self.scene.lines("journal"), clock=clock)
        return open_workshop(
            self.scene, clock, boundaries, database=self.database, auditor=self.database
        )

    def accept(self, orders: int) -> list[OrderId]:
        """Accept so many orders, each of another size."""
        shop = self.workshop()
        return [shop.submit(amount_in=(n + 1) * ONE_SOL) for n in range(orders)]

    def run(
        self, job: worker.Job, strike: Strike | None = None, *, may_survive: bool = False
    ) -> list[Boundary]:
        """Let a process do the job to its end, or to the strike; returns the boundaries that it
        came to."""
        seen = len(self.journal())
        ends = {0} if strike is None else {-signal.SIGKILL} | ({0} if may_survive else set())
        with self.process(job, MemoryClock(self.at), strike) as process:
            self.expect_end(process, *ends)
        *reached, last = self.journal()[seen:]
        self.at = last.at + HOLD
        return reached if last.name == END else [*reached, last]

    @contextmanager
    def process(
        self, job: worker.Job, clock: Any, strike: Strike | None = None
    ) -> Iterator[ForkServerProcess]:
        """A process that does the job; it never outlives the block."""
        process = CONTEXT.Process(target=worker.run, args=(job, self.scene, clock, strike))
        with _one_asks:
            process.start()
        try:
            yield process
        finally:
            with _one_asks:
                if process.is_alive():
                    process.kill()
                process.join()
                process.close()

    def expect_end(self, process: ForkServerProcess, *exit_codes: int) -> None:
        """Wait for the process to end, and to end with one of these."""
        assert wait([process.sentinel], PATIENCE_SECONDS), "it does not end"
        with _one_asks:
            exit_code = process.exitcode
        errors = "\n".join(self.scene.lines("errors").read())
        assert exit_code in exit_codes, f"it ended with {exit_code}\n{errors}"

    def journal(self) -> list[Boundary]:
        """Every boundary that any process of this stage has come to, in order."""
        return [
            Boundary(line["name"], line["size"], datetime.fromisoformat(line["at"]))
            for line in self.scene.lines("journal").read()
        ]

    def stories(self) -> list[Story]:
        """What became of every order."""
        store = PostgresOrderStore(self.database)
        order_ids = [str(row["order_id"]) for row in self.database.execute(_ORDER_IDS)]
        signatures = [row["signature"] for row in self.database.execute(_SIGNATURES)]
        landed = PostgresLedger(self.database).find(signatures, up_to_slot=_END_OF_TIME)
        announced = FileStatusQueue(self.scene.folder).announced()
        return [
            Story(
                order=record.order,
                events=record.events,
                landed=[e for e in landed if e.memo.startswith(f"{record.order.order_id}:")],
                announced=[p for p in announced if p[0].order_id == record.order.order_id],
            )
            for record in (store.get(OrderId(o), ANONYMOUS) for o in order_ids)
        ]


def gate() -> Gate:
    """A gate that processes can be stopped at."""
    return Gate(CONTEXT.Event(), CONTEXT.Event())


def shared_clock(at: datetime) -> SharedClock:
    """A clock for several processes that shows this time."""
    return SharedClock(CONTEXT.Value("q", round((at - START).total_seconds() * 1_000_000)))


def on_stages(
    stages: Sequence[Stage], act: Callable[[Stage, Case], Result], cases: Iterable[Case]
) -> list[Result]:
    """Act every case on the next stage that is free, and return the results in order."""
    free: SimpleQueue[Stage] = SimpleQueue()
    for stage in stages:
        free.put(stage)

    def take_and_act(case: Case) -> Result:
        stage = free.get()
        try:
            return act(stage, case)
        finally:
            free.put(stage)

    with ThreadPoolExecutor(len(stages)) as pool:
        return [*pool.map(take_and_act, cases)]
