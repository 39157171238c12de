"""What the page asks for: little at first, and less while nobody touches it."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request

from tests.browser.conftest import visitor
from tests.browser.dashboard import Dashboard, hide, opened
from tests.outside import Outside

MINUTE_MS = 60_000
# After that long nobody seems to look any more.
ATTENTION_MS = 60_000
PER_MINUTE_MAX = 6
SETTLE_SECONDS = 20


@dataclass
class Asked:
    """The paths that a page asks for, and which of its requests are under way."""

    page: Page
    paths: list[str] = field(default_factory=list)
    under_way: set[Request] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on("request", self._begin)
        for name in ("requestfinished", "requestfailed"):
            self.page.on(name, self._end)

    def _begin(self, request: Request) -> None:
        if not request.url.startswith("data:"):
            self.paths.append(urlsplit(request.url).path)
            self.under_way.add(request)

    def _end(self, request: Request) -> None:
        self.under_way.discard(request)

    def settle(self) -> None:
        """Wait until every request is answered, and what the answers make the page ask as well."""
        deadline = time.monotonic() + SETTLE_SECONDS
        quiet = 0
        while quiet < 3:
            assert time.monotonic() < deadline, self.under_way
            self.page.evaluate("() => new Promise(requestAnimationFrame)")
            quiet = 0 if self.under_way else quiet + 1

    def pass_time(self, ms: int) -> int:
        """Let time go by in small steps, and return how much was asked for."""
        before = len(self.paths)
        for _ in range(ms // 10_000):
            self.page.clock.run_for(10_000)
            self.settle()
        return len(self.paths) - before


@pytest.fixture
def visited(browser: Browser, outside: Outside) -> Iterator[tuple[Dashboard, Asked]]:
    """The page of somebody who was never here, and whose time the test tells."""
    with closing(visitor(browser)) as context, opened(context, outside.base_url) as dashboard:
        context.clock.install()
        asked = Asked(dashboard.page)
        dashboard.open()
        asked.settle()
        yield dashboard, asked


def test_first_visit_loads_one_document_beside_the_api(visited: tuple[Dashboard, Asked]) -> None:
    _, asked = visited

    assert [path for path in asked.paths if not path.startswith("/api/")] == ["/"]
    assert "/api/tokens" in asked.paths


def test_page_asks_seldom_while_nobody_touches_it(visited: tuple[Dashboard, Asked]) -> None:
    dashboard, asked = visited
    asked.pass_time(2 * ATTENTION_MS)

    untouched = asked.pass_time(3 * MINUTE_MS)
    dashboard.page.mouse.move(100, 100)
    touched = asked.pass_time(30_000)

    assert 3 <= untouched <= 3 * PER_MINUTE_MAX
    assert touched > 2 * PER_MINUTE_MAX


def test_page_asks_nothing_while_it_is_hidden_although_orders_move_on(
    visited: tuple[Dashboard, Asked],
) -> None:
    dashboard, asked = visited
    dashboard.place(1)
    asked.settle()
    hide(dashboard.page, True)
    asked.settle()

    assert asked.pass_time(3 * MINUTE_MS) == 0
    hide(dashboard.page, False)
    asked.settle()
    assert asked.pass_time(10_000) > 0
    dashboard.expect_confirmed(1)
