"""Debian's Chromium, driven by Playwright, on the dashboard of the running stack."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Route,
    ViewportSize,
    expect,
    sync_playwright,
)

from chalicelib.entrypoints.http.pages import FOLDER
from tests.browser.dashboard import PATIENCE_MS, WIDE, Dashboard, opened
from tests.outside import Outside

Call = Callable[..., Any]
NAMES = ("chromium", "chromium-browser", "google-chrome")
NO_BROWSER = "there is no Chromium here: install Debian's chromium, or name one in CHROMIUM"
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str | None:
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def pytest_runtest_setup() -> None:
    """Before any stack is started for nothing."""
    if chromium() is None:
        (pytest.fail if os.environ.get("BROWSER_REQUIRED") else pytest.skip)(NO_BROWSER)


# No longer than these tests: Playwright's event loop would stand in the way of the others'.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=flags)
        yield running
        running.close()


def visitor(browser: Browser) -> BrowserContext:
    """Somebody who has never been here, whose browser keeps the files that it may keep."""
    width, height = WIDE
    size: ViewportSize = {"width": width, "height": height}
    return browser.new_context(viewport=size, color_scheme="light", locale="en-GB")


@pytest.fixture(scope="package")
def context(browser: Browser) -> BrowserContext:
    """The visitor of all tests that change nothing about the browser itself."""
    return visitor(browser)


@pytest.fixture
def dashboard(context: BrowserContext, outside: Outside) -> Iterator[Dashboard]:
    """The dashboard in a window of its own, which must have nothing to complain of."""
    with opened(context, outside.base_url) as dashboard:
        yield dashboard


@pytest.fixture(scope="module")
def loaded(context: BrowserContext, outside: Outside) -> Iterator[Dashboard]:
    """A page of nothing, beside the modules as they are written."""

    def answer(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        text = (FOLDER / name).read_text() if name else "<!doctype html>"
        kind = "text/javascript" if name else "text/html"
        route.fulfill(body=text, content_type=kind)

    with opened(context, outside.base_url) as dashboard:
        dashboard.page.route("**/modules/*", answer)
        dashboard.page.goto(f"{outside.base_url}/modules/")
        yield dashboard


@pytest.fixture
def call(loaded: Dashboard) -> Call:
    """Call a function of one of the page's modules."""

    def call(module: str, function: str, *arguments: Any) -> Any:
        return loaded.page.evaluate(
            """async ([module, name, given]) => {
              const { [name]: wanted } = await import(`/modules/${module}`);
              return wanted(...given);
            }""",
            [module, function, list(arguments)],
        )

    return call
