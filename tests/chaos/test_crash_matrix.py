"""A process ends at every boundary, or in the middle of a statement, and the next one finds what it
has left."""

import os
import signal
import time
from itertools import chain

import psycopg
import pytest

from tests.chaos.audit import faults_of, outcome_of
from tests.chaos.boundaries import PATIENCE_SECONDS, Boundary, Moment, Strike
from tests.chaos.files import HOLD
from tests.chaos.matrix import Matrix
from tests.chaos.scenarios import FAILURES, LATENCY, SCENARIOS, Scenario, attempts_of
from tests.chaos.stage import Stage, gate, on_stages, shared_clock
from tests.chaos.worker import drain

BOUNDARIES_MAX = 200

_WAITING = """
    SELECT count(*) AS many
      FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def discover(stage: Stage, scenario: Scenario) -> list[Boundary]:
    """The boundaries that the job comes to when nothing happens to it."""
    scenario.begin(stage)
    boundaries = stage.run(scenario.job)
    stage.run(scenario.recover)
    stories = stage.stories()
    assert boundaries
    assert faults_of(stories) == []
    if scenario.attempts:
        assert attempts_of(story.events[-1] for story in stories) == scenario.attempts
    return boundaries


@pytest.mark.parametrize("name", SCENARIOS)
def test_orders_heal_when_their_process_is_killed_at_any_boundary(
    stages: list[Stage], matrix: Matrix, name: str
) -> None:
    scenario = SCENARIOS[name]
    boundaries = discover(stages[0], scenario)
    matrix.open(name, boundaries)

    def crash(stage: Stage, strike: Strike) -> list[str]:
        scenario.begin(stage)
        reached = stage.run(scenario.job, strike)
        assert reached == boundaries[: strike.number]
        stage.run(scenario.recover)
        stories = stage.stories()
        answered = set(stage.scene.lines("answered").read())
        lost = answered - {story.order.order_id for story in stories}
        wrong = [*faults_of(stories), *(f"{order_id}: answered, and lost" for order_id in lost)]
        matrix.fill(strike, "FAULT" if wrong else outcome_of(stories))
        return [f"killed {strike.moment} {strike.number}: {fault}" for fault in wrong]

    wrong = on_stages(stages, crash, matrix.strikes())

    assert [*chain.from_iterable(wrong)] == []


@pytest.mark.parametrize("scenario", [FAILURES, LATENCY], ids=["failures", "latency"])
def test_orders_come_to_their_end_when_every_process_dies_after_three_boundaries(
    stage: Stage, scenario: Scenario
) -> None:
    scenario.begin(stage)

    # Announce what the dead have left, send, save: with less, nobody would come any further.
    while len(stage.run(drain, Strike(3, Moment.AFTER), may_survive=True)) == 3:
        assert len(stage.journal()) < BOUNDARIES_MAX

    assert faults_of(stage.stories()) == []


def test_orders_heal_when_their_worker_is_terminated_while_postgres_saves(
    stages: list[Stage],
) -> None:
    boundaries = discover(stages[0], FAILURES)
    saves = [n for n, b in enumerate(boundaries, start=1) if b.name == "store.save"]

    def terminate(stage: Stage, save: int) -> list[str]:
        FAILURES.begin(stage)
        clock, before_save = shared_clock(stage.at), gate()
        with stage.process(drain, clock, Strike(save, Moment.BEFORE, before_save)) as worker:
            before_save.await_arrival()
            with psycopg.connect(stage.scene.database_url) as holder:
                holder.execute("SELECT FROM orders FOR UPDATE")
                before_save.open()
                await_waiting(stage)
                os.kill(worker.pid, signal.SIGTERM)
                stage.expect_end(worker, -signal.SIGTERM)
        stage.at = clock.now() + HOLD
        stage.run(drain)
        return [f"terminated in {save}: {fault}" for fault in faults_of(stage.stories())]

    wrong = on_stages(stages, terminate, saves)

    assert [*chain.from_iterable(wrong)] == []


def await_waiting(stage: Stage) -> None:
    """Wait until a statement waits for somebody's lock."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not stage.database.execute(_WAITING)[0]["many"]:
        assert time.monotonic() < deadline, "no statement ever waited"
        time.sleep(0.005)
