"""The dashboard: one document that has everything in it, so that a first visit is one request."""

import base64
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import quote, urlsplit

from chalice.app import Request, Response

from chalicelib.entrypoints.http.bundle import bundle

FOLDER = Path(__file__).parents[2] / "web"
PAGE, ICON = "index.html", "icon.svg"
# The one runs before anything is drawn; the other, with all that it imports, once the page is read.
BEFORE_DRAWING, ENTRY = "theme.js", "main.js"
STYLES = ("style.css", "views.css")
# Only what stands in this document runs or styles it. Browsers do not agree on whether 'self'
# covers a WebSocket, which may be of another host anyway.
_POLICY = (
    "default-src 'none'; script-src {scripts}; style-src {styles}; img-src data:; "
    "connect-src 'self' {stream}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@cache
def files() -> Mapping[str, str]:
    """Every file of the dashboard by its name."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.iterdir())}


@cache
def parts() -> Mapping[str, str]:
    """What stands in the page, by the names it has there."""
    return {
        "before_drawing": files()[BEFORE_DRAWING],
        "script": bundle(files(), ENTRY),
        "style": "".join(files()[name] for name in STYLES),
    }


def index(request: Request, *, public_base_url: str, stream_url: str) -> Response:
    """GET /: the page, which asks every time whether it is still the one."""
    base = urlsplit(public_base_url).path if public_base_url else request.context["path"]
    icon = f"data:image/svg+xml,{quote(files()[ICON])}"
    # A stage's page is opened at "/live" as well as at "/live/": no address in it is relative.
    addresses = {"base": escape(base.rstrip("/")), "icon": icon}
    body = Template(files()[PAGE]).substitute(addresses, **parts())
    stream = urlsplit(stream_url)
    policy = _policy(f"{stream.scheme}://{stream.netloc}")
    tag = f'"{sha256(f"{body}{policy}".encode()).hexdigest()[:16]}"'
    headers = {"Cache-Control": "no-cache", "ETag": tag, "Content-Security-Policy": policy}
    if request.headers.get("if-none-match") == tag:
        return _answer("", headers, status=304)
    return _answer(body, headers)


def _policy(stream: str) -> str:
    hashes = {name: f"'sha256-{_digest(text)}'" for name, text in parts().items()}
    scripts = f"{hashes['before_drawing']} {hashes['script']}"
    return _POLICY.format(scripts=scripts, styles=hashes["style"], stream=stream)


def _digest(text: str) -> str:
    return base64.b64encode(sha256(text.encode()).digest()).decode()


def _answer(body: str, headers: Mapping[str, str], *, status: int = 200) -> Response:
    safe = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
    content_type = {"Content-Type": "text/html; charset=utf-8"}
    return Response(body=body, status_code=status, headers={**headers, **safe, **content_type})
