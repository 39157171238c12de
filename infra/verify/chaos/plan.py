"""Which faults happen, when, and for how long: made from a seed, then carried out.

Invariant: when the plan has been carried out, or given up, nothing is broken any more.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from random import Random

from infra.verify.chaos import faults
from infra.verify.chaos.faults import World
from infra.verify.chaos.proxies import CONNECTION_FAILURES, DATABASE, Disturbance, Failure

# These always have a process to kill.
BUSY = ("Execute", "Publish", "APIHandler", "WebsocketConnect")
KILLABLE = (*BUSY, "Rescue", "Sweep", "Watch")
SERVICES = ("sqs", "dynamodb", "execute-api")
CONSUMERS = ("Execute", "Publish", "Rescue")
# How long a fault lasts, from and to.
AT_ONCE_SECONDS = (0.0, 0.0)
PAUSE_SECONDS = (1.0, 4.0)
OUTAGE_SECONDS = (1.0, 5.0)
DISTURBANCE_SECONDS = (2.0, 6.0)
# From one fault to the next, and from one to the next of its kind.
GAP_SECONDS = (0.5, 4.0)
PEACE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One of the contexts of faults.py, and the arguments it takes beside the world."""

    #: Two faults of one kind never overlap.
    kind: str
    breaking: Callable[..., AbstractContextManager[str]]
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A fault, and when it begins and ends, in seconds from the start."""

    begins_at: float
    ends_at: float
    fault: Fault


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


def carry_out(
    plan: Sequence[Planned], world: World, *, report: Callable[[Fault, str], None]
) -> None:
    """Let the faults begin and end at their times; end those under way whatever happens."""
    started_at = time.monotonic()
    moments = [(p.begins_at, i) for i, p in enumerate(plan)]
    moments += [(p.ends_at, i) for i, p in enumerate(plan)]
    with ExitStack() as repairs:
        under_way: dict[int, ExitStack] = {}
        for at, number in sorted(moments):
            time.sleep(max(0.0, started_at + at - time.monotonic()))
            if number in under_way:
                under_way[number].close()
                continue
            fault = plan[number].fault
            under_way[number] = repairs.enter_context(ExitStack())
            breaking = fault.breaking(world, **fault.arguments)
            report(fault, under_way[number].enter_context(breaking))


# A fault, and the range of seconds that it may last.
Made = tuple[Fault, tuple[float, float]]


def _kill_processes(random: Random) -> Made:
    functions = random.choice([KILLABLE, *((name,) for name in BUSY)])
    arguments = {"functions": functions, "share": random.choice([0, 0.5, 1, 1])}
    return Fault("processes killed", faults.processes_killed, arguments), AT_ONCE_SECONDS


def _stop_database(random: Random) -> Made:
    arguments = {"is_crash": random.random() < 0.5}
    return Fault("database down", faults.database_down, arguments), OUTAGE_SECONDS


def _pause_consumers(random: Random) -> Made:
    arguments = {"functions": random.sample(CONSUMERS, random.randint(1, len(CONSUMERS)))}
    return Fault("consumers paused", faults.consumers_paused, arguments), PAUSE_SECONDS


def _disturb_aws(random: Random) -> Made:
    services = frozenset(random.sample(SERVICES, random.randint(1, len(SERVICES))))
    disturbance = Disturbance(random.choice([0.1, 0.3, 0.6, 1]), tuple(Failure), services)
    arguments = {"to_aws": True, "disturbance": disturbance}
    return Fault("AWS calls failing", faults.calls_failing, arguments), DISTURBANCE_SECONDS


def _disturb_database(random: Random) -> Made:
    share, services = random.choice([0.05, 0.2, 0.5]), frozenset({DATABASE})
    disturbance = Disturbance(share, CONNECTION_FAILURES, services)
    arguments = {"to_aws": False, "disturbance": disturbance}
    return Fault("database calls failing", faults.calls_failing, arguments), DISTURBANCE_SECONDS


def _cut_connections(_random: Random) -> Made:
    return Fault("database connections cut", faults.connections_cut, {}), AT_ONCE_SECONDS


_MAKERS: Mapping[Callable[[Random], Made], int] = {
    _kill_processes: 8,
    _stop_database: 2,
    _pause_consumers: 2,
    _disturb_aws: 4,
    _disturb_database: 3,
    _cut_connections: 1,
}
