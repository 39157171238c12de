import re
from pathlib import Path

import pytest

from chalicelib.domain.orders.order import OrderStatus
from chalicelib.entrypoints.metrics import METRICS, NAMESPACE
from infra.deploy.template import merge_template

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "operating.md").read_text()
TEMPLATE = merge_template()
SOURCE = "".join(path.read_text() for path in (ROOT / "chalicelib").rglob("*.py"))


def rows(section: str, header: str) -> list[list[str]]:
    """The cells of the table under these headings."""
    text = DOCUMENT.split(f"\n## {section}\n")[1].split("\n## ")[0]
    table = text.split(f"| {header} |")[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def names_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_metric_is_documented_as_it_is_counted() -> None:
    counted: dict[tuple[str, str, str, str], set[str]] = {}
    for action, metrics in METRICS.items():
        for metric in metrics:
            dimensions = "; ".join(
                " and ".join(f"`{name}`" for name in names) for names in metric.dimensions
            )
            value = f"`{metric.field}`" if metric.field else "1"
            counted.setdefault((metric.name, metric.unit, dimensions, value), set()).add(action)

    documented = {
        (*names_in(name), unit, dimensions, value): set(names_in(lines))
        for name, unit, dimensions, lines, value in rows("Metrics", "metric")
    }

    assert documented == counted
    assert f"Namespace `{NAMESPACE}`" in DOCUMENT


def test_every_alarm_is_documented_when_it_is_deployed() -> None:
    deployed = [
        name
        for name, resource in TEMPLATE["Resources"].items()
        if resource.get("Type") == "AWS::CloudWatch::Alarm"
    ]

    documented = [name for alarm, *_ in rows("Alarms", "alarm") for name in names_in(alarm)]

    assert sorted(documented) == sorted(deployed)


@pytest.mark.parametrize(
    "action", [name for cell, *_ in rows("Log lines", "action") for name in names_in(cell)]
)
def test_line_is_written_when_it_is_documented(action: str) -> None:
    transitions = {"order_accepted", *(f"order_{status}" for status in OrderStatus)}

    assert action in transitions or f'"{action}"' in SOURCE


def test_make_target_exists_when_an_operator_is_sent_to_it() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"`make ([a-z-]+)", DOCUMENT)) <= targets
