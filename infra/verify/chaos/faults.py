"""What is broken, when, and for how long: a plan that a seed decides, carried out on the stack.

Invariant: when the plan has been carried out, or given up, nothing is broken any more.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

import psutil

from infra.local.functions import function_names, function_processes
from infra.local.stack import LocalStack
from infra.verify.chaos.background import BackgroundLoop
from infra.verify.chaos.proxies import CONNECTION_MISHAPS, AwsProxy, Mishap, PostgresProxy, Trouble

KILLABLE = (
    "APIHandler",
    "Execute",
    "Publish",
    "WebsocketConnect",
    "WebsocketDisconnect",
    "Rescue",
    "Sweep",
)
# These are always there to be killed.
BUSY = ("Execute", "Publish", "APIHandler", "WebsocketConnect")
CONSUMERS = ("Execute", "Publish", "Rescue")
SERVICES = ("sqs", "dynamodb", "execute-api")
PAUSE_SECONDS = (1.0, 4.0)
OUTAGE_SECONDS = (1.0, 5.0)
TROUBLE_SECONDS = (2.0, 6.0)
GAP_SECONDS = (0.5, 4.0)
PEACE_SECONDS = 2.0


@dataclass(slots=True)
class World:
    """What there is to break."""

    stack: LocalStack
    aws: AwsProxy
    database: PostgresProxy
    loop: BackgroundLoop
    names: Mapping[str, str] = field(init=False)
    lambdas: Any = field(init=False)

    def __post_init__(self) -> None:
        self.names = function_names(self.stack.description)
        self.lambdas = self.stack.description.target().clients.client("lambda")

    def workers(self, functions: Sequence[str]) -> list[psutil.Process]:
        """The processes of these functions, as they are named in the template."""
        found = function_processes(self.stack.process_ids())
        return [process for name, process in found if name in functions]


class Fault(Protocol):
    """Something that breaks, and is mended again."""

    @property
    def kind(self) -> str:
        """What faults of this sort are counted as; one of a kind is under way at a time."""

    def begin(self, world: World) -> str:
        """Break it, and say what was done."""

    def end(self, world: World) -> None:
        """Mend it; to be called once after `begin`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """SIGKILL for a share of the functions' processes, at least for one."""

    functions: tuple[str, ...]
    share: float
    kind: str = "processes killed"

    def begin(self, world: World) -> str:
        found = world.workers(self.functions)
        victims = found[: max(1, round(len(found) * self.share))]
        for process in victims:
            # It may have ended by itself; psutil tells it from another one of the same number.
            if process.is_running():
                process.kill()
        return f"killed {len(victims)} of {len(found)} processes of {', '.join(self.functions)}"

    def end(self, world: World) -> None:
        """The emulator starts others when it needs them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseDown:
    """PostgreSQL is stopped, or killed, and started again after a while."""

    is_crash: bool
    kind: str = "database down"

    def begin(self, world: World) -> str:
        if self.is_crash:
            world.stack.postgres.crash()
            return "PostgreSQL killed"
        world.stack.postgres.stop()
        return "PostgreSQL stopped"

    def end(self, world: World) -> None:
        if not world.stack.postgres.is_running:
            world.stack.postgres.start()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumersPaused:
    """The functions' event source mappings are disabled for a while."""

    functions: tuple[str, ...]
    kind: str = "consumers paused"

    def begin(self, world: World) -> str:
        self._enable(world, False)
        return f"paused {', '.join(self.functions)}"

    def end(self, world: World) -> None:
        self._enable(world, True)

    def _enable(self, world: World, enabled: bool) -> None:
        for function in self.functions:
            mappings = world.lambdas.list_event_source_mappings(FunctionName=world.names[function])
            for mapping in mappings["EventSourceMappings"]:
                world.lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsTrouble:
    """AWS calls of the functions fail."""

    trouble: Trouble
    kind: str = "AWS trouble"

    def begin(self, world: World) -> str:
        world.aws.luck.trouble = self.trouble
        return f"AWS trouble: {self.trouble}"

    def end(self, world: World) -> None:
        world.aws.luck.trouble = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseTrouble:
    """Statements of the functions are cut off, before or after the database has got them."""

    trouble: Trouble
    kind: str = "database trouble"

    def begin(self, world: World) -> str:
        world.database.luck.trouble = self.trouble
        return f"database trouble: {self.trouble}"

    def end(self, world: World) -> None:
        world.database.luck.trouble = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseCut:
    """Every connection to the database breaks at once."""

    kind: str = "database connections cut"

    def begin(self, world: World) -> str:
        world.loop.run(world.database.cut())
        return "all database connections cut"

    def end(self, world: World) -> None:
        """The functions connect again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A fault and when it is there, in seconds from the start."""

    begins_at: float
    ends_at: float
    fault: Fault


# A fault, and the range of seconds that it may last.
Made = tuple[Fault, tuple[float, float]]


def make_plan(random: Random, seconds: float) -> list[Planned]:
    """Return faults that begin and end within so many seconds; several may overlap, but no two of
    a kind."""
    planned: list[Planned] = []
    free_at: dict[str, float] = {}
    at = random.uniform(0.5, 1.5)
    while at < seconds:
        make = random.choices(list(_MAKERS), weights=list(_MAKERS.values()))[0]
        fault, lasting = make(random)
        if at >= free_at.get(fault.kind, 0):
            ends_at = min(at + random.uniform(*lasting), seconds)
            planned.append(Planned(begins_at=at, ends_at=ends_at, fault=fault))
            # What broke can be used before it breaks again.
            free_at[fault.kind] = ends_at + PEACE_SECONDS
        at += random.uniform(*GAP_SECONDS)
    return planned


def _make_kill(random: Random) -> Made:
    functions = random.choice([KILLABLE, *((name,) for name in BUSY)])
    return Kill(functions=functions, share=random.choice([0, 0.5, 1, 1])), (0, 0)


def _make_outage(random: Random) -> Made:
    return DatabaseDown(is_crash=random.random() < 0.5), OUTAGE_SECONDS


def _make_pause(random: Random) -> Made:
    functions = tuple(random.sample(CONSUMERS, random.randint(1, len(CONSUMERS))))
    return ConsumersPaused(functions=functions), PAUSE_SECONDS


def _make_aws_trouble(random: Random) -> Made:
    services = frozenset(random.sample(SERVICES, random.randint(1, len(SERVICES))))
    share = random.choice([0.1, 0.3, 0.6, 1])
    trouble = Trouble(share=share, mishaps=tuple(Mishap), services=services)
    return AwsTrouble(trouble=trouble), TROUBLE_SECONDS


def _make_database_trouble(random: Random) -> Made:
    share = random.choice([0.05, 0.2, 0.5])
    trouble = Trouble(share=share, mishaps=CONNECTION_MISHAPS, services=frozenset({"postgres"}))
    return DatabaseTrouble(trouble=trouble), TROUBLE_SECONDS


def _make_cut(_random: Random) -> Made:
    return DatabaseCut(), (0, 0)


_MAKERS: Mapping[Callable[[Random], Made], int] = {
    _make_kill: 8,
    _make_outage: 2,
    _make_pause: 2,
    _make_aws_trouble: 4,
    _make_database_trouble: 3,
    _make_cut: 1,
}


def carry_out(
    plan: Sequence[Planned], world: World, *, report: Callable[[Fault, str], None]
) -> None:
    """Let the faults begin and end at their times; end those under way whatever happens."""
    started_at = time.monotonic()
    under_way: list[Planned] = []
    waiting = sorted(plan, key=lambda planned: planned.begins_at, reverse=True)
    try:
        while waiting or under_way:
            beginning = waiting[-1].begins_at if waiting else float("inf")
            ending = min((p.ends_at for p in under_way), default=float("inf"))
            _sleep_until(started_at + min(beginning, ending))
            if beginning < ending:
                planned = waiting.pop()
                under_way.append(planned)
                report(planned.fault, planned.fault.begin(world))
            else:
                planned = min(under_way, key=lambda p: p.ends_at)
                planned.fault.end(world)
                under_way.remove(planned)
    finally:
        for planned in under_way:
            planned.fault.end(world)


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
