"""The engine of one process: a real PostgreSQL for orders and ledger, queues in files, a network
that a scene decides on, and boundaries where the process may end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

from chalicelib.adapters.memory.ports import MemoryClock
from chalicelib.adapters.postgres.book import PostgresWatchBook
from chalicelib.adapters.postgres.database import PostgresDatabase
from chalicelib.adapters.postgres.orders import PostgresOrderStore
from chalicelib.domain.orders.order import SignedTransaction
from chalicelib.engine.ports.clock import Clock
from chalicelib.simulation.chain import SimulatedChain
from chalicelib.simulation.fate import Fate
from chalicelib.simulation.market import POOLS, slot_at
from tests.chaos.boundaries import Boundaries, Counted
from tests.chaos.files import FileOrderQueue, FileStatusQueue, Lines
from tests.ledgers import LedgerOfManyProcesses
from tests.world import SOL_USDC, World

START = MemoryClock().at
LISTINGS = tuple(listed for listed in POOLS if listed.trades(SOL_USDC))

_COMMITTED = """
    SELECT details ->> 'signature' AS signature
      FROM order_events
     WHERE status = 'building' AND details ->> 'signature' = ANY(%s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where the processes act, and how the network treats them.

    In the blackout, which begins at START, it loses whatever is sent.
    """

    database_url: str
    folder: Path
    seed: str = "chaos"
    latency: timedelta = timedelta(0)
    failure_rate_bps: int = 0
    lost_answer_rate_bps: int = 0
    blackout: timedelta = timedelta(0)
    confirmation_poll: timedelta = timedelta(milliseconds=200)
    wait_inside_max: timedelta = timedelta(seconds=1)
    backoff_first: timedelta = timedelta(milliseconds=500)

    def lines(self, name: str) -> Lines:
        return Lines(self.folder / name)

    def order_queue(self, clock: Clock, name: str = "orders") -> FileOrderQueue:
        return FileOrderQueue(self.folder, clock, name)


@dataclass(frozen=True, slots=True)
class SharedClock:
    """One time for several processes: whoever sleeps moves it for all of them."""

    microseconds: "Synchronized[int]"

    def now(self) -> datetime:
        return START + timedelta(microseconds=self.microseconds.value)

    def sleep(self, seconds: float) -> None:
        with self.microseconds.get_lock():
            self.microseconds.value += int(seconds * 1_000_000)

    def side_by_side(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        return [call() for call in calls]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlackoutFate(Fate):
    """A fate whose network is dead through a slot."""

    dead_through_slot: int

    def drops(self, signature: str, slot: int) -> bool:
        return slot <= self.dead_through_slot or Fate.drops(self, signature, slot)


@dataclass(frozen=True, slots=True)
class AuditedChain:
    """A chain that takes nothing whose signature is not committed to the order store: it looks
    there first, on a connection of its own."""

    chain: SimulatedChain
    auditor: PostgresDatabase

    def send(self, transactions: Sequence[SignedTransaction]) -> None:
        signatures = [transaction.signature for transaction in transactions]
        committed = self.auditor.execute(_COMMITTED, [signatures])
        unknown = set(signatures) - {row["signature"] for row in committed}
        assert not unknown, f"sent before it was committed: {unknown}"
        self.chain.send(transactions)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.chain, name)


@dataclass(kw_only=True, repr=False)
class Workshop(World):
    """The world of one process, put together as the composition root does it."""

    scene: Scene
    boundaries: Boundaries
    database: PostgresDatabase
    auditor: PostgresDatabase
    letters: FileOrderQueue = field(init=False)

    def __post_init__(self) -> None:
        World.__post_init__(self)
        self.letters = self.scene.order_queue(self.clock, "letters")
        self.book: Any = PostgresWatchBook(self.database)
        self.pacing = replace(
            self.pacing,
            confirmation_poll=self.scene.confirmation_poll,
            wait_inside_max=self.scene.wait_inside_max,
            backoff_first=self.scene.backoff_first,
        )
        self.fate = BlackoutFate(
            **{each.name: getattr(self.fate, each.name) for each in fields(Fate)},
            dead_through_slot=slot_at(START + self.scene.blackout) if self.scene.blackout else 0,
        )
        chain = replace(self.chain, fate=self.fate)
        self.chain: Any = AuditedChain(chain, self.auditor)

    def watched(self, name: str) -> Any:
        return Counted(name, getattr(self, name), self.boundaries)


def open_workshop(
    scene: Scene,
    clock: Clock,
    boundaries: Boundaries,
    *,
    database: PostgresDatabase,
    auditor: PostgresDatabase,
) -> Workshop:
    """The engine in the scene; orders and ledger share a connection, as they do when deployed."""
    parts: dict[str, Any] = {
        "clock": clock,
        "store": PostgresOrderStore(database),
        # As after a crash: what the one before has recorded is read.
        "ledger": LedgerOfManyProcesses(database),
        "order_queue": scene.order_queue(clock),
        "status_queue": FileStatusQueue(scene.folder),
    }
    return Workshop(
        scene=scene,
        boundaries=boundaries,
        database=database,
        auditor=auditor,
        listings=LISTINGS,
        seed=scene.seed,
        latency=scene.latency,
        failure_rate_bps=scene.failure_rate_bps,
        lost_answer_rate_bps=scene.lost_answer_rate_bps,
        **parts,
    )
