import json
import re
import shlex
from html.parser import HTMLParser

import pytest

from chalicelib.entrypoints.contract import docs_page
from tests.unit.entrypoints.contract import ASYNCAPI, OPENAPI
from tests.unit.functions import Functions

LOADED = {"src", "srcset", "data", "action", "formaction", "poster", "background"}


class Page(HTMLParser):
    """What a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.preformatted: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "pre":
            self.preformatted.append("")

    def handle_data(self, data):
        self.text += data
        if self.get_starttag_text() == "<pre>":
            self.preformatted[-1] += data


@pytest.fixture
def page(functions: Functions) -> Page:
    return Page(functions.get("/docs").body)


def test_page_names_every_route_and_frame_when_read(page: Page) -> None:
    assert all(path in page.text for path in OPENAPI["paths"])
    assert all(
        message["summary"] in page.text for message in ASYNCAPI["components"]["messages"].values()
    )


def test_page_loads_and_runs_nothing_when_read(functions: Functions, page: Page) -> None:
    names = {name for name, _ in page.attributes}
    links = [value for name, value in page.attributes if name == "href"]

    assert not {"script", "link", "img", "iframe", "object", "embed", "base"} & {*page.tags}
    assert not names & LOADED
    assert not [name for name in names if name.startswith("on")]
    assert links == ["api/openapi.json", "api/asyncapi.json"]
    assert "url(" not in docs_page.STYLE
    policy = functions.get("/docs").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")


def test_page_fits_eyes_and_phones_when_read(page: Page) -> None:
    assert ("name", "viewport") in page.attributes
    assert "color-scheme:light dark" in docs_page.STYLE


def test_page_shows_text_as_text_when_it_looks_like_markup() -> None:
    document = json.loads(json.dumps(OPENAPI))
    document["info"]["title"] = "<script>alert(1)</script>"
    document["paths"]["/api/orders"]["get"]["description"] = "`<b onclick=x>`\"'&"

    html = docs_page.page(document, ASYNCAPI)

    assert "<script" not in html
    assert "<b " not in html


def test_call_places_an_order_when_copied_from_the_page(functions: Functions, page: Page) -> None:
    [command] = [text for text in page.preformatted if '/execute" ' in text and "-d '" in text]
    arguments = shlex.split(command)

    answer = functions.post(arguments[arguments.index("-d") + 1])

    assert arguments[:2] == ["curl", "https://orders.example/api/orders/execute"]
    assert answer.status == 202


def test_every_route_has_a_call_when_read(page: Page) -> None:
    calls = [shlex.split(text)[1] for text in page.preformatted if text.startswith("curl ")]

    assert len(calls) == sum(map(len, OPENAPI["paths"].values()))
    assert not re.search(r"[{}]", "".join(calls))
