"""What can be broken, and how it is repaired.

Each fault is a context: entering it breaks something and says what, leaving it repairs that.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from infra.local.functions import function_names, function_processes
from infra.local.stack import LocalStack
from infra.verify.chaos.background import BackgroundLoop
from infra.verify.chaos.proxies import AwsProxy, Disturbance, PostgresProxy


@dataclass(frozen=True, slots=True)
class World:
    """What there is to break."""

    stack: LocalStack
    aws: AwsProxy
    database: PostgresProxy
    loop: BackgroundLoop


@contextmanager
def processes_killed(world: World, *, functions: Sequence[str], share: float) -> Iterator[str]:
    """SIGKILL for a share of the functions' processes, at least for one; others are started."""
    processes = function_processes(world.stack.process_ids())
    found = [process for name, process in processes if name in functions]
    victims = found[: max(1, round(len(found) * share))]
    for process in victims:
        # It may have ended by itself; psutil tells it from another one of the same number.
        if process.is_running():
            process.kill()
    yield f"killed {len(victims)} of {len(found)} processes of {', '.join(functions)}"


@contextmanager
def database_down(world: World, *, is_crash: bool) -> Iterator[str]:
    """PostgreSQL is stopped, or killed, and started again."""
    postgres = world.stack.postgres
    try:
        if is_crash:
            postgres.crash()
        else:
            postgres.stop()
        yield "PostgreSQL killed" if is_crash else "PostgreSQL stopped"
    finally:
        if not postgres.is_running:
            postgres.start()


@contextmanager
def consumers_paused(world: World, *, functions: Sequence[str]) -> Iterator[str]:
    """The functions' event source mappings are disabled, and enabled again."""
    try:
        _enable_consumers(world, functions, False)
        yield f"paused {', '.join(functions)}"
    finally:
        _enable_consumers(world, functions, True)


def _enable_consumers(world: World, functions: Sequence[str], enabled: bool) -> None:
    client = world.stack.description.client("lambda")
    names = function_names(world.stack.description)
    for function in functions:
        mappings = client.list_event_source_mappings(FunctionName=names[function])
        for mapping in mappings["EventSourceMappings"]:
            client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)


@contextmanager
def calls_failing(world: World, *, to_aws: bool, disturbance: Disturbance) -> Iterator[str]:
    """Calls of the functions fail on the way, those to AWS or those to the database."""
    injector = world.aws.injector if to_aws else world.database.injector
    injector.disturbance = disturbance
    try:
        yield f"calls failing: {disturbance}"
    finally:
        injector.disturbance = None


@contextmanager
def connections_cut(world: World) -> Iterator[str]:
    """Every connection to the database breaks at once; the functions connect again."""
    world.loop.run(world.database.cut())
    yield "all database connections cut"
