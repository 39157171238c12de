"""The same messages in several hands, and a database that says nothing: nothing lost, nothing
twice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain

import pytest

from chalicelib.adapters.clock import SystemClock
from chalicelib.engine.messages import ExecuteOrder
from tests.chaos.audit import Story, faults_of
from tests.chaos.boundaries import Moment, Strike
from tests.chaos.files import HOLD
from tests.chaos.proxy import Cut, proxy
from tests.chaos.scenarios import BLACKOUT, FAILURES, LATENCY, Scenario
from tests.chaos.stage import CONTEXT, Stage, gate, on_stages, shared_clock
from tests.chaos.worker import accept_and_drain, drain, race

MANY = 20
RATES = {"failure_rate_bps": 3_000, "lost_answer_rate_bps": 1_000}

STATEMENTS = {
    "add": "WITH crowd AS",
    "load": "AS unannounced",
    "save": "USING moved",
    "land": "INSERT INTO chain.transactions",
    "ask": "FROM chain.transactions",
}


def unannounced(stories: list[Story]) -> list[Story]:
    """The stories without what was announced: that may be said again."""
    return [replace(story, announced=()) for story in stories]


def test_nothing_changes_when_the_messages_come_again_after_the_end(stage: Stage) -> None:
    stage.begin(**RATES)
    stage.accept(MANY)
    stage.run(drain)
    first = stage.stories()

    stage.scene.order_queue(SystemClock()).deleted.clear()
    boundaries = stage.run(drain)

    assert faults_of(stage.stories()) == []
    assert unannounced(stage.stories()) == unannounced(first)
    assert {boundary.name for boundary in boundaries} == {"status_queue.announce"}


@pytest.mark.parametrize("steps", [1, 2, 30])
def test_orders_are_swapped_once_when_two_workers_have_the_messages_at_the_same_instant(
    stage: Stage, steps: int
) -> None:
    stage.begin(**RATES, backoff_first=timedelta(milliseconds=20))
    stage.at = datetime.now(UTC)
    messages = [ExecuteOrder(order_id=order_id) for order_id in stage.accept(MANY)]
    job = partial(race, start=CONTEXT.Barrier(2), messages=messages, steps=steps)

    with stage.process(job, SystemClock()) as one, stage.process(job, SystemClock()) as other:
        stage.expect_end(one, 0)
        stage.expect_end(other, 0)

    assert len(stage.stories()) == MANY
    assert faults_of(stage.stories()) == []


@pytest.mark.parametrize(
    "scenario", [FAILURES, LATENCY, BLACKOUT], ids=["failures", "latency", "blackout"]
)
def test_orders_are_swapped_once_when_another_takes_over_from_a_worker_that_lives(
    stages: list[Stage], scenario: Scenario
) -> None:
    scenario.begin(stages[0])
    boundaries = stages[0].run(drain)

    def take_over(stage: Stage, number: int) -> list[str]:
        scenario.begin(stage)
        clock, pause = shared_clock(stage.at), gate()
        with stage.process(drain, clock, Strike(number, Moment.BEFORE, pause)) as slow:
            pause.await_arrival()
            clock.sleep(HOLD.total_seconds())
            with stage.process(drain, clock) as other:
                stage.expect_end(other, 0)
            assert all(story.order.status.is_final for story in stage.stories())
            pause.open()
            stage.expect_end(slow, 0)
        return [f"paused before {number}: {fault}" for fault in faults_of(stage.stories())]

    wrong = on_stages(stages, take_over, range(1, len(boundaries) + 1))

    assert [*chain.from_iterable(wrong)] == []


@pytest.mark.parametrize("statement", STATEMENTS)
def test_orders_heal_when_their_database_breaks_around_any_statement(
    stages: list[Stage], statement: str
) -> None:
    text = STATEMENTS[statement]
    cuts = [
        Cut(text, number, moment)
        for number in range(1, count_statements(stages[0], text) + 1)
        for moment in (Moment.BEFORE, Moment.AFTER)
    ]

    def break_off(stage: Stage, cut: Cut) -> list[str]:
        with proxy(stage.database_url, cut) as (url, through):
            stage.begin(**RATES, database_url=url)
            stage.run(accept_and_drain)
            assert through.statements >= cut.number
        assert len(stage.stories()) == len(stage.scene.lines("answered").read()) == 2
        return [f"{cut}: {fault}" for fault in faults_of(stage.stories())]

    wrong = on_stages(stages, break_off, cuts)

    assert cuts
    assert [*chain.from_iterable(wrong)] == []


def count_statements(stage: Stage, text: str) -> int:
    """How many statements with that text there are when nothing breaks."""
    with proxy(stage.database_url, Cut(text)) as (url, through):
        stage.begin(**RATES, database_url=url)
        stage.run(accept_and_drain)
    return through.statements
