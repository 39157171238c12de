"""One run: start the stack, break it under load, repair it, wait for every order, and judge."""

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from chalicelib.simulation.market import Market
from infra.local.functions import function_names, log_group
from infra.local.stack import LocalStack
from infra.operate.audit import Report, audit
from infra.verify.chaos import verdict
from infra.verify.chaos.background import BackgroundLoop
from infra.verify.chaos.faults import World
from infra.verify.chaos.load import Load
from infra.verify.chaos.plan import Fault, Planned, carry_out, make_plan
from infra.verify.chaos.proxies import AwsProxy, PostgresProxy
from infra.verify.chaos.verdict import Settling

PARAMETERS = {
    # Where some trades take no time, slices may be a second apart.
    "LatencyMs": "0-600",
    "DropRateBps": "500",
    "FailureRateBps": "500",
    "SlowRateBps": "300",
    "LostAnswerRateBps": "300",
    "QuoteTimeoutRateBps": "300",
    "CongestionRateBps": "1500",
}
FOLLOW_SECONDS = 90.0
# How long orders still come after the last fault, so that what was broken is used again.
REPAIRED_SECONDS, REPAIRED_SHARE = 15.0, 0.25
DEAD_LETTER_QUEUES = ("OrdersDeadLetterQueue", "OrdersUnresolvedQueue", "StatusDeadLetterQueue")


@dataclass(slots=True, kw_only=True)
class Experiment:
    """A run: how it goes, and what came of it."""

    seed: int
    seconds: float
    load: Load
    world: World
    started_at: float = field(default_factory=time.monotonic)
    faults: Counter[str] = field(default_factory=Counter)
    events: list[str] = field(default_factory=list)
    settling: Settling | None = None
    violations: list[str] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    unanswered: int = 0
    dead_letters: Counter[str] = field(default_factory=Counter)
    audit: Report | None = None

    @property
    def holds(self) -> bool:
        """Tell whether nothing was violated and every check of the audit holds."""
        return not self.violations and self.audit is not None and self.audit.holds

    def add_fault(self, fault: Fault, event: str) -> None:
        """Count a fault that has begun."""
        self.faults[fault.kind] += 1
        self.add_event(event)

    def add_event(self, event: str) -> None:
        """Record what has just happened."""
        self.events.append(f"{datetime.now(UTC):%H:%M:%S.%f} {event}")

    @property
    def database_url(self) -> str:
        """Where the orders are stored."""
        return self.world.stack.description.database_url

    @property
    def order_ids(self) -> list[str]:
        """The accepted orders."""
        return [order.order_id for order in self.load.accepted]


# Shows an experiment while it is under way.
Show = Callable[[Experiment], contextlib.AbstractContextManager[object]]


def run(
    stack: LocalStack,
    *,
    seed: int,
    seconds: float,
    per_second: float,
    follow_seconds: float = FOLLOW_SECONDS,
    prepare: Callable[[LocalStack], object] = lambda _: None,
    show: Show = contextlib.nullcontext,
) -> Experiment:
    """Start the stack, break it under load, repair it, and return what came of it.

    The stack must not be up yet, and is down afterwards. `prepare` sees it between its start and
    the first fault.
    """
    aws = AwsProxy(stack.emulator_port, Random(f"{seed} aws"))
    database = PostgresProxy(stack.postgres.port, Random(f"{seed} database"))
    fault_seconds = seconds - min(REPAIRED_SECONDS, REPAIRED_SHARE * seconds)
    plan = make_plan(Random(f"{seed} plan"), fault_seconds)
    with (
        BackgroundLoop() as loop,
        loop.serving(aws) as aws_port,
        loop.serving(database) as database_port,
    ):
        stack.reroute(aws_port=aws_port, database_port=database_port)
        with stack:
            prepare(stack)
            url, random = stack.description.base_url, Random(f"{seed} load")
            load = Load(url, random, per_second=per_second, seconds=seconds)
            world = World(stack, aws, database, loop)
            experiment = Experiment(seed=seed, seconds=seconds, load=load, world=world)
            with show(experiment):
                _break_and_repair(experiment, plan, follow_seconds)
            _judge(experiment)
            if not experiment.holds:
                _keep_evidence(experiment)
    return experiment


def _break_and_repair(
    experiment: Experiment, plan: Sequence[Planned], follow_seconds: float
) -> None:
    followers = experiment.world.loop.start(experiment.load.run())
    try:
        carry_out(plan, experiment.world, report=experiment.add_fault)
        experiment.add_event("the faults are over")
        time.sleep(max(0.0, experiment.started_at + experiment.seconds - time.monotonic()))
        experiment.add_event("the load is over; waiting until all its orders are final")
        experiment.settling = verdict.settle(
            experiment.database_url, experiment.order_ids, since=datetime.now(UTC)
        )
        experiment.load.stop()
        experiment.add_event("waiting for the followers")
        with contextlib.suppress(TimeoutError):
            followers.result(follow_seconds)
    finally:
        followers.cancel()


def _judge(experiment: Experiment) -> None:
    stored = verdict.stored_orders(experiment.database_url)
    accepted = [stored[order_id] for order_id in experiment.order_ids if order_id in stored]
    experiment.ends = Counter(order.end for order in accepted)
    experiment.unanswered = len(stored) - len(accepted)
    if experiment.settling is not None:
        experiment.violations += experiment.settling.violations()
    experiment.violations += verdict.false_failures(accepted)
    for order in experiment.load.accepted:
        history = stored[order.order_id].history if order.order_id in stored else []
        found = verdict.violations_of(order, history)
        experiment.violations += (f"order {order.order_id}: {violation}" for violation in found)
    experiment.dead_letters = _dead_letters(experiment.world)
    market = Market(seed=market_seed(experiment.seed))
    experiment.audit = audit(experiment.database_url, accepted=experiment.order_ids, market=market)


def _dead_letters(world: World) -> Counter[str]:
    """Count the messages in the queues that should be empty."""
    description = world.stack.description
    sqs = description.client("sqs")
    count = "ApproximateNumberOfMessages"
    counted: Counter[str] = Counter()
    for queue in DEAD_LETTER_QUEUES:
        url = description.outputs[queue]
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[count])
        counted[queue] = int(answer["Attributes"][count])
    return +counted


def _keep_evidence(experiment: Experiment) -> None:
    """Write the faults, the orders and the functions' logs into the stack's folder."""
    stack = experiment.world.stack
    (stack.folder / "faults.log").write_text("\n".join(experiment.events))
    (stack.folder / "orders.log").write_text("\n".join(map(str, experiment.load.orders)))
    pages = stack.description.client("logs").get_paginator("filter_log_events")
    for function in function_names(stack.description):
        found = pages.paginate(logGroupName=log_group(function)).search("events")
        lines = (json.dumps([event["timestamp"], event["message"]]) for event in found)
        (stack.folder / f"{function}.log").write_text("\n".join(lines))


def market_seed(seed: int) -> str:
    """Return the seed of the simulated market and chain."""
    return f"chaos-{seed}"


def parameters(seed: int) -> dict[str, str]:
    """Return the template's parameters for a run."""
    return {**PARAMETERS, "MarketSeed": market_seed(seed)}
