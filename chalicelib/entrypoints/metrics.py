"""Which log lines are metrics, too: in CloudWatch's embedded metric format a line says itself what
is to be counted, so that no call is made for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NAMESPACE = "OrderEngine"
STACK, CODE = "stack", "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A number of a line: that of `field`, or 1 for the line itself.

    It is kept for each of the `dimensions`, which are sets of other fields.
    """

    name: str
    unit: str = "Count"
    field: str | None = None
    dimensions: tuple[tuple[str, ...], ...] = ((STACK,),)

    def value(self, fields: Mapping[str, Any]) -> Any:
        return 1 if self.field is None else fields[self.field]

    @property
    def directive(self) -> dict[str, Any]:
        return {
            "Namespace": NAMESPACE,
            "Dimensions": self.dimensions,
            "Metrics": [{"Name": self.name, "Unit": self.unit}],
        }


ATTEMPTS = Metric(name="Attempts", field="attempt")
METRICS: Mapping[str, tuple[Metric, ...]] = {
    "order_accepted": (Metric(name="OrdersAccepted"),),
    "order_confirmed": (
        Metric(name="OrdersConfirmed"),
        Metric(name="TimeToConfirmed", unit="Milliseconds", field="duration_ms"),
        ATTEMPTS,
    ),
    "order_failed": (
        Metric(name="OrdersFailed", dimensions=((STACK,), (STACK, CODE))),
        ATTEMPTS,
    ),
    "order_cancelled": (Metric(name="OrdersCancelled"),),
    "order_triggered": (Metric(name="OrdersTriggered"),),
    "order_expired": (Metric(name="OrdersExpired"),),
    "watch_behind": (Metric(name="SecondsUnwatched", unit="Seconds", field="seconds"),),
    # That these come at all is what an alarm looks at.
    "swept": (Metric(name="Sweeps"),),
    "watch_ended": (Metric(name="Watches"),),
    "push_skipped": (Metric(name="PushFailures"),),
}


def embedded(
    action: str, fields: Mapping[str, Any], *, stack: str, at_seconds: float
) -> dict[str, Any]:
    """What makes the action's line a metric; nothing when it is none."""
    metrics = METRICS.get(action)
    if metrics is None:
        return {}
    return {
        STACK: stack,
        **{metric.name: metric.value(fields) for metric in metrics},
        "_aws": {
            "Timestamp": int(at_seconds * 1000),
            "CloudWatchMetrics": [metric.directive for metric in metrics],
        },
    }
