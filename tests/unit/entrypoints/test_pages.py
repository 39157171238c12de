import re
import subprocess
import sys
from base64 import b64encode
from dataclasses import replace
from enum import StrEnum
from hashlib import sha256
from html.parser import HTMLParser
from types import SimpleNamespace
from urllib.parse import quote

import pytest

from chalicelib.domain.orders.order import OrderStatus
from chalicelib.domain.orders.terms import OrderType
from chalicelib.entrypoints.http import pages
from chalicelib.entrypoints.http.bundle import bundle
from tests.unit.functions import Answer, Functions, captured
from tests.unit.test_cold_start import HEAVY, ROOT, environment
from tests.world import SETTINGS

SCRIPTS = [name for name in pages.files() if name.endswith(".js")]
HOSTS_OR_MARKUP = r"\b(https?|wss?)://|(inner|outer)HTML|insertAdjacentHTML|eval\("
ADDRESSES = {"script": "src", "link": "href", "a": "href", "img": "src"}


class Page(HTMLParser):
    """The addresses of a page by tag, the code that stands in it, and attributes that are code."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[tuple[str, str]] = []
        self.code: list[tuple[str, str]] = []
        self.attributes: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        address = given.get(ADDRESSES.get(tag, ""))
        if address:
            self.addresses.append((tag, address))
        self.attributes += [name for name in given if name == "style" or name.startswith("on")]
        if tag in ("style", "script"):
            self.code.append((tag, ""))

    def handle_data(self, data: str) -> None:
        if self.code and self.cdata_elem:
            tag, before = self.code.pop()
            self.code.append((tag, before + data))


def policy_of(answer: Answer) -> dict[str, str]:
    directives = answer.headers["Content-Security-Policy"].split("; ")
    return dict(directive.split(" ", 1) for directive in directives)


def opened_at(functions: Functions, path: str, **headers: str) -> Answer:
    event = captured("http_get")
    event |= {"path": "/", "resource": "/", "headers": headers}
    event["multiValueHeaders"] = {name: [value] for name, value in headers.items()}
    event["requestContext"] |= {"resourcePath": "/", "path": path}
    return functions.http(event)


def test_page_is_safe_when_opened(functions: Functions) -> None:
    answer = functions.get("/")

    policy = policy_of(answer)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in str(policy)
    origin = re.match(r"wss?://[^/]+", SETTINGS["stream_url"])
    assert origin is not None
    assert policy["connect-src"] == f"'self' {origin[0]}"


def test_page_runs_what_stands_in_it_and_nothing_else(functions: Functions) -> None:
    answer = functions.get("/")
    page, policy = Page(answer.body), policy_of(answer)

    def hashes(kind: str) -> str:
        digests = [sha256(text.encode()).digest() for tag, text in page.code if tag == kind]
        return " ".join(f"'sha256-{b64encode(digest).decode()}'" for digest in digests)

    assert policy["script-src"] == hashes("script")
    assert policy["style-src"] == hashes("style")
    assert page.attributes == []


def test_page_is_all_that_a_first_visit_loads(functions: Functions) -> None:
    page = Page(functions.get("/").body)

    loaded = [address for tag, address in page.addresses if tag != "a"]
    assert [address.partition(",")[0] for address in loaded] == ["data:image/svg+xml"]
    assert all(address.startswith(("/", "#")) for tag, address in page.addresses if tag == "a")


@pytest.mark.parametrize("name", sorted(pages.files()))
def test_page_has_every_file_in_it(functions: Functions, name: str) -> None:
    content = pages.files()[name]
    # A line that is no import, no export and no address.
    [line, *_] = sorted(
        (line for line in content.splitlines() if not re.search(r"^(import|export|\}) |\$", line)),
        key=len,
        reverse=True,
    )

    assert (quote(line) if name == pages.ICON else line) in functions.get("/").body


@pytest.mark.parametrize(
    ("path", "base"), [("/live/", "/live"), ("/live", "/live"), ("/", "")], ids=str
)
def test_page_finds_the_api_when_opened_below_a_stage(
    functions: Functions, path: str, base: str
) -> None:
    settings = replace(functions.world.settings, public_base_url="")
    functions.deploy(settings=settings)

    answer = opened_at(functions, path)

    assert ("a", f"{base}/docs") in Page(answer.body).addresses
    assert f'data-base="{base}"' in answer.body


def test_page_finds_the_api_when_the_settings_name_its_place() -> None:
    answer = pages.index(
        SimpleNamespace(headers={}, context={"path": "/live/"}),
        public_base_url="https://orders.example/swap",
        stream_url="wss://stream.example/live",
    )

    assert 'data-base="/swap"' in answer.body


def test_page_is_not_sent_again_when_the_browser_has_it(functions: Functions) -> None:
    first = opened_at(functions, "/")

    again = opened_at(functions, "/", **{"If-None-Match": first.headers["ETag"]})
    other = opened_at(functions, "/", **{"If-None-Match": '"0"'})

    assert first.headers["Cache-Control"] == "no-cache"
    assert (again.status, again.body) == (304, "")
    assert (other.status, other.body) == (200, first.body)


@pytest.mark.parametrize("name", sorted(pages.files()))
def test_file_names_no_other_host_and_makes_no_markup(name: str) -> None:
    content = pages.files()[name].replace("http://www.w3.org/2000/svg", "")

    assert not re.search(HOSTS_OR_MARKUP, content)


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_does_not_end_its_element(name: str) -> None:
    assert "</" not in pages.files()[name]


def test_page_loads_neither_stores_nor_router_when_served() -> None:
    script = (
        "import sys, app\n"
        "from chalicelib.entrypoints.http import pages\n"
        "pages.parts()\n"
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


MODULES = {
    "main.js": 'import { twice } from "./a.js";\nimport { one, Two } from "./b.js";\nrun(twice);\n',
    "a.js": 'import { one } from "./b.js";\nexport const twice = () => one() * 2;\n',
    "b.js": "const own = 1;\nexport function one() { return own; }\nexport class Two {}\n",
}


def test_modules_run_once_and_after_what_they_need_when_bundled() -> None:
    assert bundle(MODULES, "main.js") == (
        "const $b = (() => {\nconst own = 1;\nfunction one() { return own; }\nclass Two {}\n"
        "return { one, Two };\n})();\n"
        "const $a = (() => {\nconst { one } = $b;\nconst twice = () => one() * 2;\n"
        "return { twice };\n})();\n"
        "const $main = (() => {\nconst { twice } = $a;\nconst { one, Two } = $b;\nrun(twice);\n"
        "return {  };\n})();\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        'import * as all from "./a.js";\n',
        'import one from "./a.js";\n',
        'import "./a.js";\n',
        'import { one } from "https://elsewhere/a.js";\n',
        "export default 1;\n",
        "export { one };\n",
        'export * from "./a.js";\n',
        "export let changing = 1;\n",
    ],
)
def test_bundling_is_refused_when_a_module_uses_more_of_the_language(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"main.js: not understood: {text.strip()}")):
        bundle(MODULES | {"main.js": text}, "main.js")


def test_bundling_is_refused_when_a_module_is_missing() -> None:
    with pytest.raises(ValueError, match=r"^there is no module c\.js$"):
        bundle({"main.js": 'import { c } from "./c.js";\n'}, "main.js")
