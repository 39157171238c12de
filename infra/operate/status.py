"""`make status`: how a stage on AWS is."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console

from chalicelib.entrypoints.metrics import NAMESPACE
from infra.arguments import OneLineArgumentParser
from infra.deploy.change_sets import describe_stack, outputs_of
from infra.deploy.database import database_target
from infra.deploy.operator import operator_of
from infra.deploy.target import Target
from infra.deploy.template import RUNTIME
from infra.errors import DeploymentError
from infra.local.commands import command
from infra.stages import stage_name, target_of
from infra.tables import pairs_table

# The outputs with the addresses of the queues, and what the table calls them.
QUEUES = {
    "orders": "OrdersQueue",
    "status": "StatusQueue",
    "dead letters": "OrdersDeadLetterQueue",
    "unresolved": "OrdersUnresolvedQueue",
    "undelivered": "StatusDeadLetterQueue",
}
METRICS = ("OrdersAccepted", "OrdersConfirmed", "OrdersFailed", "OrdersCancelled")
HOUR = timedelta(hours=1)


def main() -> None:
    """Show a stage's stacks, queues, watcher, alarms, and orders of the last hour."""
    parser = OneLineArgumentParser(description=main.__doc__)
    parser.add_argument("--stage", type=stage_name, required=True)
    arguments = parser.parse_args()
    with command():
        Console().print(pairs_table(stage_status(target_of(arguments.stage))))


def stage_status(target: Target) -> Mapping[str, str]:
    """Return what there is to say of the stage, by name. Raises DeploymentError without a stack."""
    stack = describe_stack(target)
    if stack is None:
        raise DeploymentError(f"there is no stack {target.stack_name}")
    found = outputs_of(stack)
    own = describe_stack(database_target(target))
    changed_at = stack.get("LastUpdatedTime", stack["CreationTime"])
    return {
        "stack": f"{stack['StackStatus']} since {changed_at:%Y-%m-%d %H:%M} UTC",
        "runtime": found.get(RUNTIME, "unknown"),
        "database": f"of its own, {own['StackStatus']}" if own else "yours",
        **_said_by_the_stage(target),
        **_queues(target, found),
        "alarms": ", ".join(_alarms(target)) or "none",
        "last hour": _last_hour(target),
        "HTTP": found["EndpointURL"],
        "WebSocket": found["WebsocketConnectEndpointURL"],
    }


def _said_by_the_stage(target: Target) -> Mapping[str, str]:
    said = operator_of(target).ask("status")
    behind = said["behindSeconds"]
    waiting = f"slot {said['slot']}, looked at {behind:.0f} s ago" if behind is not None else "none"
    return {
        "halted": f"since {said['haltedSince']}" if said["haltedSince"] else "no",
        "schema": str(said["schema"]),
        "watcher": waiting if said["ordersWait"] else "nothing waits",
    }


def _queues(target: Target, found: Mapping[str, str]) -> Mapping[str, str]:
    sqs = target.clients.client("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    states = {}
    for name, output in QUEUES.items():
        counts: Mapping[str, Any] = sqs.get_queue_attributes(
            QueueUrl=found[output], AttributeNames=names
        )["Attributes"]
        waiting, in_hand = (counts[each] for each in names)
        states[name] = f"{waiting} waiting, {in_hand} in hand"
    return states


def _alarms(target: Target) -> list[str]:
    pages = target.clients.client("cloudwatch").get_paginator("describe_alarms")
    found = pages.paginate(AlarmNamePrefix=f"{target.stack_name}-", StateValue="ALARM")
    return [str(alarm["AlarmName"]) for page in found for alarm in page["MetricAlarms"]]


def _last_hour(target: Target) -> str:
    cloudwatch, now = target.clients.client("cloudwatch"), datetime.now(UTC)
    counts = []
    for metric in METRICS:
        points = cloudwatch.get_metric_statistics(
            Namespace=NAMESPACE,
            MetricName=metric,
            Dimensions=[{"Name": "stack", "Value": target.stack_name}],
            StartTime=now - HOUR,
            EndTime=now,
            Period=int(HOUR.total_seconds()),
            Statistics=["Sum"],
        )["Datapoints"]
        total = sum(point["Sum"] for point in points)
        counts.append(f"{total:,.0f} {metric.removeprefix('Orders').lower()}")
    return ", ".join(counts)


if __name__ == "__main__":
    main()
