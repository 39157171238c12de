"""The tiles and the bars: what they count, and that they agree with the rows."""

import re
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.dashboard import Dashboard
from tests.outside import Outside

STATISTICS = "**/api/statistics?*"


def minute(number: int, *, accepted: int, confirmed: int, failed: int) -> dict[str, Any]:
    at = f"2026-01-01T10:{number:02}:00.000Z"
    return {"timestamp": at, "accepted": accepted, "confirmed": confirmed, "failed": failed}


def heights(bar: Locator) -> dict[str, float]:
    return {
        name: float(bar.locator(f"rect.{name}").get_attribute("height") or "nan")
        for name in ("confirmed", "failed")
    }


def test_bar_is_divided_by_outcome_when_one_of_ten_failed(dashboard: Dashboard) -> None:
    per_minute = [
        minute(0, accepted=11, confirmed=9, failed=1),
        minute(1, accepted=0, confirmed=5, failed=0),
        minute(2, accepted=0, confirmed=0, failed=0),
    ]
    statistics = {
        **{"minutes": 3, "accepted": 16, "confirmed": 14, "failed": {"SOME_CODE": 1}},
        **{"unfinished": 1, "secondsToConfirmed": {"p50": 1.5, "p99": 2.5}},
        "perMinute": per_minute,
    }
    dashboard.page.route(STATISTICS, lambda route: route.fulfill(json=statistics))

    dashboard.open()
    bars = dashboard.page.locator("#figures [data-part=bars] g")
    expect(bars).to_have_count(3)
    first, second, third = (heights(bar) for bar in bars.all())

    assert first["failed"] * 9 == first["confirmed"] > 0
    assert second == {"confirmed": (first["confirmed"] + first["failed"]) / 2, "failed": 0}
    assert third == {"confirmed": 0, "failed": 0}
    tops = [float(rect.get_attribute("y") or "nan") for rect in bars.first.locator("rect").all()]
    assert tops[2] + first["failed"] == tops[1]
    title = bars.first.locator("title").text_content()
    assert re.fullmatch(r"\d\d:00:00: 9 confirmed, 1 failed, 11 placed", title or "")
    drawing = dashboard.page.locator("#figures [data-part=bars]")
    expect(drawing).to_have_attribute(
        "aria-label", "Orders that became final in each minute, 10 orders at most"
    )


def test_tiles_agree_with_the_rows_when_orders_have_ended(
    dashboard: Dashboard, outside: Outside
) -> None:
    # Every three seconds it would ask anyway.
    dashboard.page.add_init_script(
        """const later = window.setTimeout;
        window.setTimeout = (call, ms, ...given) =>
          ms > 2500 && ms <= 3000 ? 0 : later(call, ms, ...given);"""
    )
    dashboard.open()
    expect(dashboard.part("accepted")).to_have_text(re.compile(r"^\d+$"))

    dashboard.place(4)
    dashboard.expect_confirmed(4)

    now = outside.call("GET", "/api/statistics").document
    for name in ("accepted", "confirmed", "unfinished"):
        expect(dashboard.part(name)).to_have_text(str(now[name]))
    expect(dashboard.part("failed")).to_have_text(str(sum(now["failed"].values())))
