import re
import subprocess
import sys
from dataclasses import replace
from enum import StrEnum
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest

from chalicelib.domain.orders.order import OrderStatus
from chalicelib.domain.orders.terms import OrderType
from chalicelib.entrypoints.http import pages
from tests.unit.functions import Answer, Functions, captured
from tests.unit.test_cold_start import HEAVY, ROOT, environment
from tests.world import SETTINGS

MODULES = {name for name in pages.files() if name.endswith(".js")}
# Not a module: it runs before anything is drawn.
CLASSIC = {"theme.js"}
TYPES = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
HOSTS_OR_MARKUP = r"\b(https?|wss?)://|(inner|outer)HTML|insertAdjacentHTML|eval\("
ADDRESSES = {"script": "src", "link": "href", "a": "href"}


class Page(HTMLParser):
    """The addresses of a page by tag, and the attributes that a policy without inline code bans."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.preloaded: set[str] = set()
        self.inline: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        address = given.get(ADDRESSES.get(tag, ""))
        if address:
            self.addresses.append(address)
        if given.get("rel") == "modulepreload":
            self.preloaded.add(Path(str(address)).name)
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        self.inline += [tag] if tag == "style" or (tag == "script" and not address) else []


def get_file(functions: Functions, name: str, version: str | None = None) -> Answer:
    path = {"version": version or pages.version(), "name": name}
    return functions.get("/web/{version}/{name}", path=path)


def opened_at(functions: Functions, path: str, **headers: str) -> Answer:
    event = captured("http_get")
    event |= {"path": "/", "resource": "/", "headers": headers}
    event["multiValueHeaders"] = {name: [value] for name, value in headers.items()}
    event["requestContext"] |= {"resourcePath": "/", "path": path}
    return functions.http(event)


def test_page_is_safe_when_opened(functions: Functions) -> None:
    answer = functions.get("/")

    directives = answer.headers["Content-Security-Policy"].split("; ")
    policy = dict(directive.split(" ", 1) for directive in directives)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    origin = re.match(r"wss?://[^/]+", SETTINGS["stream_url"])
    assert origin is not None
    assert policy["connect-src"] == f"'self' {origin[0]}"


def test_page_holds_nothing_that_its_policy_forbids(functions: Functions) -> None:
    page = Page(functions.get("/").body)

    assert page.inline == []
    assert all(address.startswith(("/", "#")) for address in page.addresses)


def test_page_loads_every_module_at_once(functions: Functions) -> None:
    assert Page(functions.get("/").body).preloaded == MODULES - CLASSIC - {"main.js"}


@pytest.mark.parametrize(
    ("path", "base"), [("/live/", "/live"), ("/live", "/live"), ("/", "")], ids=str
)
def test_page_finds_its_files_when_opened_below_a_stage(
    functions: Functions, path: str, base: str
) -> None:
    settings = replace(functions.world.settings, public_base_url="")
    functions.deploy(settings=settings)

    page = Page(opened_at(functions, path).body)

    assert f"{base}/web/{pages.version()}/main.js" in page.addresses
    assert f"{base}/docs" in page.addresses


def test_page_finds_its_files_when_the_settings_name_its_place() -> None:
    answer = pages.index(
        SimpleNamespace(headers={}, context={"path": "/live/"}),
        public_base_url="https://orders.example/swap",
        stream_url="wss://stream.example/live",
    )

    assert f'src="/swap/web/{pages.version()}/main.js"' in answer.body


def test_page_is_not_sent_again_when_the_browser_has_it(functions: Functions) -> None:
    first = opened_at(functions, "/")

    again = opened_at(functions, "/", **{"If-None-Match": first.headers["ETag"]})
    other = opened_at(functions, "/", **{"If-None-Match": '"0"'})

    assert first.headers["Cache-Control"] == "no-cache"
    assert (again.status, again.body) == (304, "")
    assert (other.status, other.body) == (200, first.body)


@pytest.mark.parametrize("name", sorted(set(pages.files()) - {pages.PAGE}))
def test_file_is_kept_for_good_when_served(functions: Functions, name: str) -> None:
    answer = get_file(functions, name)

    assert (answer.status, answer.body) == (200, (pages.FOLDER / name).read_text())
    assert answer.headers["Content-Type"].startswith(TYPES[name.rpartition(".")[2]])
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "name",
    ["", "missing.js", pages.PAGE, "../__init__.py", "../../app.py", "..", ".", "/etc/passwd"],
)
def test_file_is_refused_when_it_is_none_of_the_dashboard(functions: Functions, name: str) -> None:
    answer = get_file(functions, name)

    assert (answer.status, answer.document["code"]) == (404, "NOT_FOUND")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"


def test_file_is_refused_when_it_is_of_another_version(functions: Functions) -> None:
    assert get_file(functions, "main.js", "0123456789abcdef").status == 404


@pytest.mark.parametrize("name", sorted(pages.files()))
def test_version_changes_when_any_file_does(name: str) -> None:
    changed = dict(pages.files()) | {name: pages.files()[name] + " "}

    assert pages.version_of(pages.files()) == pages.version()
    assert pages.version_of(changed) != pages.version()


@pytest.mark.parametrize("name", sorted(pages.files()))
def test_file_names_no_other_host_and_makes_no_markup(name: str) -> None:
    content = pages.files()[name].replace("http://www.w3.org/2000/svg", "")

    assert not re.search(HOSTS_OR_MARKUP, content)


def test_page_loads_neither_stores_nor_router_when_served() -> None:
    script = (
        "import sys, app\n"
        "from chalicelib.entrypoints.http import pages\n"
        "pages.file(pages.version(), 'main.js')\n"
        "print('\\n'.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert not set(done.stdout.split()).intersection({*HEAVY, "psycopg", "boto3", "botocore"})


@pytest.mark.parametrize(("name", "known"), [("status", OrderStatus), ("type", OrderType)])
def test_history_offers_every_filter_that_there_is(name: str, known: type[StrEnum]) -> None:
    page = (ROOT / "chalicelib/web/index.html").read_text()

    [select] = re.findall(rf'<select name="{name}">(.*?)</select>', page, re.DOTALL)

    assert sorted(re.findall("<option>([^<]+)", select)) == sorted(known)
