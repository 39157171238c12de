"""The dashboard as somebody in front of it sees it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, expect

WIDE, NARROW = (1440, 900), (360, 740)
# Beside others on a small machine, fifty orders may take a while.
PATIENCE_MS = 60_000
# A query that is typed over, or a page that is left, ends what was under way.
GIVEN_UP = "net::ERR_ABORTED"
CONFIRMED = [1, 2, 3, 4, 5]


@dataclass
class Dashboard:
    """A page, and what its browser complained of: errors, refused loads, failed calls."""

    page: Page
    base_url: str
    complaints: list[str] = field(default_factory=list)
    # What a refusal that the test provokes makes the browser say: a pattern.
    forgiven: str = "nothing"

    def open(self, view: str = "") -> None:
        """Open a view, by the part of its address after the #/."""
        # To another page first: the same one would only see its address change.
        self.page.goto("about:blank")
        self.page.goto(f"{self.base_url}/#/{view}")
        # The page before it may have taken the focus along when it was closed.
        self.page.bring_to_front()

    def part(self, name: str) -> Locator:
        return self.page.locator(f"[data-part={name}]")

    def field(self, name: str) -> Locator:
        return self.page.locator(f"#order-form [name={name}]")

    def place(self, count: int = 1, **fields: str) -> None:
        """Fill in the form and place so many orders."""
        expect(self.field("tokenIn")).not_to_have_value("")
        for name, value in (fields | {"count": str(count)}).items():
            self.field(name).fill(value)
        self.part("place").click()

    def choose(self, kind: str) -> None:
        """Choose what the ticket places: Market, Limit, Stop, DCA/TWAP or Snipe."""
        self.page.locator(".types label").filter(has_text=kind).click()

    @property
    def cards(self) -> Locator:
        return self.page.locator(".card")

    def expect_confirmed(self, count: int) -> None:
        """Wait until so many live orders are confirmed."""
        confirmed = self.page.locator(".card[data-status=confirmed]")
        expect(confirmed).to_have_count(count, timeout=PATIENCE_MS)

    def sequences(self) -> list[list[int]]:
        """The events that are drawn, for each live order."""
        drawn: list[list[int]] = self.page.evaluate(
            """() => [...document.querySelectorAll(".card .timeline")].map((line) =>
                [...line.querySelectorAll("[data-sequence]")].map((step) =>
                    Number(step.dataset.sequence)))"""
        )
        return drawn

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        wider: int = self.page.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return wider

    def expect_live(self, pattern: str = "^Live") -> None:
        """Wait until the stream says so of itself."""
        said = self.page.locator("#connection")
        expect(said).to_have_text(re.compile(pattern), timeout=PATIENCE_MS)


@contextmanager
def opened(context: BrowserContext, base_url: str) -> Iterator[Dashboard]:
    """A window of its own; whatever its browser complains of in the end is a failure."""
    dashboard = Dashboard(context.new_page(), base_url)
    dashboard.page.set_default_timeout(PATIENCE_MS)
    _listen(dashboard)
    try:
        yield dashboard
    finally:
        dashboard.page.unroute_all(behavior="ignoreErrors")
        dashboard.page.close()
    complaints = [c for c in dashboard.complaints if not re.search(dashboard.forgiven, c)]
    assert not complaints, complaints


def _listen(dashboard: Dashboard) -> None:
    complaints = dashboard.complaints

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(f"console: {message.text}")

    def on_failure(request: Request) -> None:
        if request.failure != GIVEN_UP:
            complaints.append(f"failed: {request.method} {request.url} {request.failure}")

    dashboard.page.on("console", on_console)
    dashboard.page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    dashboard.page.on("requestfailed", on_failure)
    dashboard.page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))


def expect_active(node: Locator) -> None:
    """Wait until the page has its focus there, whether or not the browser shows the page."""
    node.page.wait_for_function(
        "(node) => node === document.activeElement", arg=node.element_handle()
    )


def hide(page: Page, is_hidden: bool) -> None:
    """Let the page believe that it is hidden, or seen again."""
    page.evaluate(
        """(isHidden) => {
          Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        is_hidden,
    )
