"""The page's arithmetic: amounts are exact, and written as people read them."""

import json
from typing import Any

import pytest

from tests.browser.conftest import Call


@pytest.mark.parametrize(
    ("function", "arguments", "answer"),
    [
        ("compare", ["10", "9.999999999"], 1),
        ("compare", ["0.10", "0.1"], 0),
        ("compare", ["18446744073709551614", "18446744073709551615"], -1),
        ("subtract", ["18446744073709551615", "0.000000001"], "18446744073709551614.999999999"),
        ("subtract", ["1.5", "2"], "-0.5"),
        ("subtract", ["2.50", "2.5"], "0"),
        ("add", ["0.1", "0.2", "10"], "10.3"),
        ("bpsAbove", ["101", "100"], 100),
        ("bpsAbove", ["99.9999", "100"], -0.01),
        ("bpsAbove", ["1", "0"], None),
        ("percentOf", ["1", "3"], 33),
        ("percentOf", ["2", "3"], 67),
        ("percentToBps", ["1"], 100),
        ("percentToBps", ["0.05"], 5),
        ("percentToBps", ["100"], 10_000),
        ("percentToBps", ["0.005"], None),
        ("percentToBps", ["100.01"], None),
        ("percentToBps", ["-1"], None),
        ("isDecimal", ["1."], False),
        ("isDecimal", ["1e3"], False),
        ("isDecimal", ["0.5"], True),
        *(("isAmount", [text], False) for text in ("", "sol", ".5", "01", "1e-8", "-1", "0.0")),
        *(("isAmount", [text], True) for text in ("1", "0.25", "10.0", "0.000000001")),
        ("grouped", ["1234567.8901"], "1,234,567.8901"),
        ("grouped", ["123"], "123"),
        ("brief", ["154.50080912"], "154.5008"),
        ("brief", ["0.000012345678"], "0.00001234567"),
        ("brief", ["123456789.5"], "123,456,789"),
        ("brief", ["0"], "0"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, list) else None,
)
def test_decimals_are_exact(call: Call, function: str, arguments: list[str], answer: Any) -> None:
    assert call("decimals.js", function, *arguments) == answer


@pytest.mark.parametrize(
    ("bps", "text"),
    [(4, "0.04%"), (250, "2.50%"), (0, "0.00%"), (3.48, "0.0348%"), (-12.25, "-0.12%")],
)
def test_basis_points_are_read_as_percent(call: Call, bps: float, text: str) -> None:
    assert call("format.js", "percent", bps) == text


@pytest.mark.parametrize(
    ("least", "most", "ticks"),
    [(146.2, 154.9, [148, 150, 152, 154]), (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (5, 5, [5])],
)
def test_ticks_are_round(call: Call, least: float, most: float, ticks: list[float]) -> None:
    assert call("chart_scale.js", "ticks", least, most, 5) == pytest.approx(ticks)
