import io
import time
from datetime import timedelta

import pytest

from chalicelib.adapters.memory.ports import MemoryClock
from chalicelib.domain.errors import AbandonedError
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.execution.rescue import RESCUES_MAX
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.entrypoints import logs
from chalicelib.entrypoints.metrics import METRICS, NAMESPACE
from infra.deploy.template import merge_template
from tests.unit.feeds import HangingFeed, world_with_followers
from tests.unit.log_lines import Count, counts_of, lines_of
from tests.world import World

TEMPLATE = merge_template()
STACK = (("stack", "test"),)


def failed_with(code: str) -> list[Count]:
    by_code = (*STACK, ("code", code))
    return [Count("OrdersFailed", STACK, 1), Count("OrdersFailed", by_code, 1)]


def test_order_is_counted_once_when_it_is_accepted(log_output: io.StringIO) -> None:
    world = World()

    order_id = world.submit()

    [line] = lines_of(log_output)
    assert (line["action"], line["order_id"], line["duration_ms"]) == (
        "order_accepted",
        order_id,
        0,
    )
    assert counts_of([line]) == [Count("OrdersAccepted", STACK, 1)]


def test_order_is_not_counted_when_it_cannot_be_stored(log_output: io.StringIO) -> None:
    world = World(outages={"store": UnavailableError("database")})

    with pytest.raises(UnavailableError):
        world.submit()

    assert counts_of(lines_of(log_output)) == []


def test_time_and_attempts_are_told_when_an_order_is_confirmed(log_output: io.StringIO) -> None:
    world = World(latency=timedelta(seconds=2))
    order_id = world.submit()

    world.run()

    [line] = lines_of(log_output, "order_confirmed")
    order = world.order(order_id)
    took = (order.updated_at - order.created_at) // timedelta(milliseconds=1)
    assert took >= 2_000
    assert (line["order_id"], line["duration_ms"], line["attempt"]) == (order_id, took, 1)
    assert counts_of([line]) == [
        Count("Attempts", STACK, 1),
        Count("OrdersConfirmed", STACK, 1),
        Count("TimeToConfirmed", STACK, took),
    ]


def test_code_and_attempts_are_told_when_an_order_fails(log_output: io.StringIO) -> None:
    world = World(failure_rate_bps=10_000)
    world.submit()

    world.run()

    [line] = lines_of(log_output, "order_failed")
    assert line["attempt"] == 3
    assert counts_of([line]) == [
        Count("Attempts", STACK, 3),
        *failed_with("TRANSACTION_FAILED"),
    ]


def test_failure_is_counted_when_an_order_is_given_up(log_output: io.StringIO) -> None:
    world = World()
    order_id = world.submit()

    world.rescuer.rescue([ExecuteOrder(order_id=order_id, rescues=RESCUES_MAX)])

    [line] = lines_of(log_output, "order_failed")
    assert (line["level"], line["order_id"]) == ("ERROR", order_id)
    assert counts_of([line]) == [Count("Attempts", STACK, 0), *failed_with("ABANDONED")]


def test_every_end_is_counted_once_when_batches_are_delivered_twice(
    log_output: io.StringIO,
) -> None:
    world = World()
    messages = [ExecuteOrder(order_id=world.submit()) for _ in range(3)]
    # Another worker wins all of it while this one is about to save.
    world.meanwhile("store.save", lambda: world.execute(messages))

    world.execute(messages)

    ends = [c for c in counts_of(lines_of(log_output)) if c.name == "OrdersConfirmed"]
    assert len(ends) == len(messages)


def test_push_failure_is_counted_when_a_frame_is_skipped(log_output: io.StringIO) -> None:
    world, feed, order_id = world_with_followers("a")
    feed.refusals["a"] = [UnavailableError("throttled")] * 3
    world.execute(world.take())

    world.publish()

    [line] = lines_of(log_output, "push_skipped")
    assert (line["order_id"], line["connection_id"]) == (order_id, "a")
    assert counts_of([line]) == [Count("PushFailures", STACK, 1)]


def test_push_failure_is_counted_when_a_frame_is_not_even_tried(log_output: io.StringIO) -> None:
    clock = MemoryClock()
    feed = HangingFeed(clock=clock)
    world = World(clock=clock, feed=feed)
    order_id = world.submit()
    world.connect("hanging", order_id)
    world.publish()
    world.run()
    log_output.truncate(0)
    log_output.seek(0)

    world.publish()

    skipped = lines_of(log_output, "push_skipped")
    assert len(skipped) == len(world.statuses(order_id)) - 1
    assert sum(count.value for count in counts_of(skipped)) == len(skipped)


def test_metric_has_the_time_of_its_line_in_milliseconds(log_output: io.StringIO) -> None:
    before_ms = int(time.time() * 1000)

    World().submit()

    [line] = lines_of(log_output)
    assert before_ms <= line["_aws"]["Timestamp"] <= time.time() * 1000


def test_metrics_are_written_when_the_log_level_hides_their_lines(
    log_output: io.StringIO,
) -> None:
    logs.configure("ERROR", stack="test", stream=log_output)
    world = World()

    world.submit()
    world.run()

    assert {line["action"] for line in lines_of(log_output)} == {
        "order_accepted",
        "order_confirmed",
    }


def test_alarm_watches_what_is_counted_when_its_metric_is_ours() -> None:
    counted = {
        (metric.name, frozenset(names))
        for metrics in METRICS.values()
        for metric in metrics
        for names in metric.dimensions
    }
    resources = [resource["Properties"] for resource in TEMPLATE["Resources"].values()]
    alarms = [alarm for alarm in resources if alarm.get("Namespace") == NAMESPACE]

    watched = {(a["MetricName"], frozenset(d["Name"] for d in a["Dimensions"])) for a in alarms}
    values = {d["Name"]: d["Value"] for alarm in alarms for d in alarm["Dimensions"]}

    assert watched
    assert watched <= counted
    assert values == {"stack": {"Ref": "AWS::StackName"}, "code": AbandonedError.code}
