"""The dashboard as somebody in front of it sees it."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    expect,
)

WIDE, NARROW = (1440, 900), (360, 740)
# Beside others on a small machine, fifty orders may take a while.
PATIENCE_MS = 60_000
# A query that is typed over, or a page that is left, ends what was under way.
GIVEN_UP = "net::ERR_ABORTED"
CONFIRMED = [1, 2, 3, 4, 5]
EXECUTE = "/api/orders/execute"
ACCEPTED = 202
# Only the rows that are in sight are in the page: scroll through all of them.
READ_ROWS = """async () => {
  const frame = document.querySelector("#book [data-part=frame]");
  const rows = new Map();
  for (let top = 0; ; top += frame.clientHeight) {
    frame.scrollTop = top;
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    for (const row of frame.querySelectorAll(".row")) {
      const sequences = [...row.querySelectorAll(".bar [data-sequence]")];
      rows.set(row.dataset.order, {
        id: row.dataset.order,
        place: Number(row.getAttribute("aria-posinset")),
        status: row.dataset.status,
        sequences: sequences.map((step) => Number(step.dataset.sequence)),
      });
    }
    if (top + frame.clientHeight >= frame.scrollHeight) break;
  }
  frame.scrollTop = 0;
  return [...rows.values()].sort((a, b) => a.place - b.place);
}"""


@dataclass
class Dashboard:
    """A page, and what its browser complained of: errors, refused loads, failed calls."""

    page: Page
    base_url: str
    complaints: list[str] = field(default_factory=list)
    # What a refusal that the test provokes makes the browser say: a pattern.
    forgiven: str = "nothing"
    # The ids of the orders that were placed in this window.
    placed: list[str] = field(default_factory=list)

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

    def note_placed(self, status: int, headers: Mapping[str, str]) -> None:
        """Remember the order of an answer, if it is of one that was accepted."""
        order_id = headers["location"].rpartition("/")[2] if status == ACCEPTED else None
        if order_id is not None and order_id not in self.placed:
            self.placed.append(order_id)

    def row(self, order_id: str) -> Locator:
        """An order's line among those in sight."""
        return self.page.locator(f".row[data-order='{order_id}']")

    @property
    def last(self) -> Locator:
        """The line of the order that was placed last."""
        return self.row(self.placed[-1])

    def rows(self) -> list[dict[str, Any]]:
        """Every line, the newest first: its order's id and status, and the events in its bar."""
        rows: list[dict[str, Any]] = self.page.evaluate(READ_ROWS)
        return rows

    def expect_confirmed(self, count: int) -> None:
        """Wait until so many orders that were placed in this window are confirmed."""
        self.expect_rows("confirmed", count)

    def expect_rows(self, status: str, count: int) -> None:
        """Wait until so many orders that were placed in this window are shown in this status."""
        deadline = monotonic() + PATIENCE_MS / 1000
        while (shown := self.statuses().count(status)) != count:
            assert monotonic() < deadline, f"{shown} of {count} are {status}: {self.statuses()}"
            self.page.wait_for_timeout(100)

    def expect_complete(self, count: int) -> None:
        """Wait until so many orders that were placed in this window show all that they did: of what
        was done before a reload, the page asks for it."""
        deadline = monotonic() + PATIENCE_MS / 1000
        while (drawn := self.sequences()) != [CONFIRMED] * count:
            assert monotonic() < deadline, drawn
            self.page.wait_for_timeout(100)

    def statuses(self) -> list[str]:
        """The statuses of the orders that were placed in this window, as they are shown."""
        placed = {*self.placed}
        return [row["status"] for row in self.rows() if row["id"] in placed]

    def sequences(self) -> list[list[int]]:
        """The events that are drawn, for each order that was placed in this window."""
        placed = {*self.placed}
        return [row["sequences"] for row in self.rows() if row["id"] in placed]

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

    def on_response(response: Response) -> None:
        if response.url.endswith(EXECUTE):
            dashboard.note_placed(response.status, response.headers)

    dashboard.page.on("response", on_response)
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
