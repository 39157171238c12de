"""One run: start the stack, break it under load, mend it, wait for quiet, and judge."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from chalicelib.simulation.market import Market
from infra.local.stack import LocalStack
from infra.operate.audit import Report, audit
from infra.verify.chaos import evidence, faults, watch
from infra.verify.chaos.background import BackgroundLoop
from infra.verify.chaos.faults import Fault, Planned, World
from infra.verify.chaos.load import Load
from infra.verify.chaos.proxies import AwsProxy, PostgresProxy
from infra.verify.chaos.watch import Quiet

PARAMETERS = {
    "LatencyMs": "100-600",
    "DropRateBps": "500",
    "FailureRateBps": "500",
    "SlowRateBps": "300",
    "LostAnswerRateBps": "300",
    "QuoteTimeoutRateBps": "300",
    "CongestionRateBps": "1500",
}
FOLLOW_SECONDS = 90.0
# Orders go on coming for so long after the last fault: what was broken is used again at once.
MENDED_SECONDS, MENDED_SHARE = 15.0, 0.25
DEAD_LETTER_QUEUES = ("OrdersDeadLetterQueue", "OrdersUnresolvedQueue", "StatusDeadLetterQueue")


@dataclass(slots=True, kw_only=True)
class Course:
    """How a run goes, and what came of it."""

    seed: int
    seconds: float
    load: Load
    world: World
    started_at: float = field(default_factory=time.monotonic)
    faults: Counter[str] = field(default_factory=Counter)
    events: list[str] = field(default_factory=list)
    quiet: Quiet | None = None
    complaints: list[str] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    unanswered: int = 0
    dead_letters: Counter[str] = field(default_factory=Counter)
    books: Report | None = None

    @property
    def holds(self) -> bool:
        """Whether everything is as it must be."""
        return not self.complaints and self.books is not None and self.books.holds

    def note(self, fault: Fault, what: str) -> None:
        """Remember a fault that has begun."""
        self.faults[fault.kind] += 1
        self.tell(what)

    def tell(self, what: str) -> None:
        """Remember what has happened, and when."""
        self.events.append(f"{datetime.now(UTC):%H:%M:%S.%f} {what}")


def run(
    stack: LocalStack,
    *,
    seed: int,
    seconds: float,
    per_second: float,
    follow_seconds: float = FOLLOW_SECONDS,
    prepare: Callable[[LocalStack], object] = lambda _: None,
    show: Callable[[Course], contextlib.AbstractContextManager[object]] = contextlib.nullcontext,
) -> Course:
    """Start the stack, break it under load, mend it, and say what came of it.

    The stack must not be up yet, and is down afterwards. `prepare` sees it between its start and
    the first fault.
    """
    aws = AwsProxy(stack.emulator_port, Random(f"{seed} aws"))
    database = PostgresProxy(stack.postgres.port, Random(f"{seed} database"))
    plan = faults.make_plan(
        Random(f"{seed} plan"), seconds - min(MENDED_SECONDS, MENDED_SHARE * seconds)
    )
    with (
        BackgroundLoop() as loop,
        loop.serving(aws) as aws_port,
        loop.serving(database) as database_port,
    ):
        stack.reroute(aws_port=aws_port, database_port=database_port)
        with stack:
            prepare(stack)
            load = Load(
                stack.description.base_url,
                Random(f"{seed} load"),
                per_second=per_second,
                seconds=seconds,
            )
            world = World(stack, aws, database, loop)
            course = Course(seed=seed, seconds=seconds, load=load, world=world)
            with show(course):
                _break_and_mend(course, plan, follow_seconds)
            _judge(course)
            if not course.holds:
                evidence.keep(stack.folder, world, course.events, load.orders)
    return course


def _break_and_mend(course: Course, plan: Sequence[Planned], follow_seconds: float) -> None:
    followers = course.world.loop.start(course.load.run())
    try:
        faults.carry_out(plan, course.world, report=course.note)
        course.tell("the faults are over")
        time.sleep(max(0.0, course.started_at + course.seconds - time.monotonic()))
        course.tell("the load is over; waiting for quiet")
        _wait_for_quiet(course)
        course.tell("waiting for the followers")
        with contextlib.suppress(TimeoutError):
            followers.result(follow_seconds)
    finally:
        followers.cancel()


def _wait_for_quiet(course: Course) -> None:
    url = course.world.stack.description.database_url
    accepted = [order.order_id for order in course.load.accepted]
    course.quiet = watch.wait_for_quiet(url, accepted, since=datetime.now(UTC))
    course.complaints += course.quiet.complaints()


def _judge(course: Course) -> None:
    url = course.world.stack.description.database_url
    accepted = [order.order_id for order in course.load.accepted]
    course.ends = watch.ends(url, accepted)
    course.complaints += watch.false_failures(course.ends)
    course.complaints += watch.followers_complaints(url, course.load.accepted)
    course.unanswered = watch.unanswered(url, accepted)
    course.dead_letters = _dead_letters(course.world)
    course.books = audit(url, accepted=accepted, market=Market(seed=market_seed(course.seed)))


def _dead_letters(world: World) -> Counter[str]:
    """Count what lies in the queues that should be empty."""
    description = world.stack.description
    sqs: Any = description.target().clients.client("sqs")
    count = "ApproximateNumberOfMessages"
    counted: Counter[str] = Counter()
    for queue in DEAD_LETTER_QUEUES:
        url = description.outputs[queue]
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[count])
        counted[queue] = int(answer["Attributes"][count])
    return +counted


def market_seed(seed: int) -> str:
    """Return the seed of the simulated world: its prices and its mishaps."""
    return f"chaos-{seed}"


def parameters(seed: int) -> dict[str, str]:
    """Return the template's parameters for a run."""
    return {**PARAMETERS, "MarketSeed": market_seed(seed)}
