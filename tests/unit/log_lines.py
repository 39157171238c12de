"""Reads what was logged, and what CloudWatch would count of it."""

import io
import json
from dataclasses import dataclass
from typing import Any

Line = dict[str, Any]

METRICS_MAX = 100
DIMENSIONS_MAX = 30
NAME_LENGTH_MAX = 255
UNITS = {"Count", "Milliseconds"}


@dataclass(frozen=True, slots=True, order=True)
class Count:
    """A number that CloudWatch takes from a line."""

    name: str
    dimensions: tuple[tuple[str, str], ...]
    value: int


def lines_of(output: io.StringIO, *actions: str) -> list[Line]:
    """The lines of these actions, or all."""
    lines: list[Line] = [json.loads(line) for line in output.getvalue().splitlines()]
    return [line for line in lines if not actions or line["action"] in actions]


def counts_of(lines: list[Line]) -> list[Count]:
    """Everything that is counted, each line checked against the rules of the format."""
    return sorted(
        Count(metric["Name"], tuple((name, line[name]) for name in names), line[metric["Name"]])
        for line in lines
        for directive in directives_of(line)
        for names in directive["Dimensions"]
        for metric in directive["Metrics"]
    )


def directives_of(line: Line) -> list[Line]:
    """What CloudWatch is told of a line. Fails when it would not understand."""
    if "_aws" not in line:
        return []
    told = line["_aws"]
    assert told.keys() == {"Timestamp", "CloudWatchMetrics"}
    assert type(told["Timestamp"]) is int
    directives: list[Line] = told["CloudWatchMetrics"]
    assert 1 <= sum(len(directive["Metrics"]) for directive in directives) <= METRICS_MAX
    for directive in directives:
        _check_directive(directive, line)
    return directives


def _check_directive(directive: Line, line: Line) -> None:
    assert directive.keys() == {"Namespace", "Dimensions", "Metrics"}
    assert 1 <= len(directive["Namespace"]) <= NAME_LENGTH_MAX
    assert directive["Dimensions"]
    for names in directive["Dimensions"]:
        assert len(names) == len(set(names)) <= DIMENSIONS_MAX
        assert all(isinstance(line[name], str) and line[name] for name in names)
    for metric in directive["Metrics"]:
        assert metric.keys() == {"Name", "Unit"}
        assert 1 <= len(metric["Name"]) <= NAME_LENGTH_MAX
        assert metric["Unit"] in UNITS
        assert type(line[metric["Name"]]) in (int, float)
