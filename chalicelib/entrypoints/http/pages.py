"""The dashboard: one page, and the files it loads under a name that changes with their content."""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from chalice.app import Request, Response

from chalicelib.domain.errors import NotFoundError

FOLDER = Path(__file__).parents[2] / "web"
PAGE = "index.html"
# What the page loads by itself; every other script is a module that one of them imports.
ENTRY, BEFORE_DRAWING = "main.js", "theme.js"
CONTENT_TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOREVER = "public, max-age=31536000, immutable"
# Browsers do not agree on whether 'self' covers a WebSocket, which may be of another host anyway.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' {stream}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@cache
def files() -> Mapping[str, str]:
    """Every file of the dashboard by its name."""
    paths = sorted(path for path in FOLDER.iterdir() if path.suffix in CONTENT_TYPES)
    return {path.name: path.read_text(encoding="utf-8") for path in paths}


@cache
def version() -> str:
    """What names the content of all files."""
    return version_of(files())


def version_of(contents: Mapping[str, str]) -> str:
    """Return what names these contents by their files' names."""
    return _digest(*(part for item in contents.items() for part in item))


def index(request: Request, *, public_base_url: str, stream_url: str) -> Response:
    """GET /: the page, which asks every time whether it is still the one."""
    base = urlsplit(public_base_url).path if public_base_url else request.context["path"]
    # A stage's page is opened at "/live" as well as at "/live/": no address in it is relative.
    addresses = {"base": escape(base.rstrip("/")), "version": version()}
    page = Template(files()[PAGE]).safe_substitute(preloads=_preloads())
    body = Template(page).substitute(addresses)
    stream = urlsplit(stream_url)
    policy = _POLICY.format(stream=f"{stream.scheme}://{stream.netloc}")
    tag = f'"{_digest(body, policy)}"'
    headers = {"Cache-Control": "no-cache", "ETag": tag, "Content-Security-Policy": policy}
    if request.headers.get("if-none-match") == tag:
        return _answer(PAGE, "", headers, status=304)
    return _answer(PAGE, body, headers)


def file(wanted: str, name: str) -> Response:
    """GET /web/{version}/{name}: a file of that version. Raises NotFoundError."""
    if wanted != version() or name not in files() or name == PAGE:
        raise NotFoundError("this version of the dashboard has no such file")
    return _answer(name, files()[name], {"Cache-Control": FOREVER})


@cache
def _preloads() -> str:
    """Links by which a browser fetches all modules at once, not import after import."""
    modules = (name for name in files() if name.endswith(".js"))
    return "\n".join(
        f'<link rel="modulepreload" href="$base/web/$version/{name}">'
        for name in modules
        if name not in (ENTRY, BEFORE_DRAWING)
    )


def _answer(name: str, body: str, headers: Mapping[str, str], *, status: int = 200) -> Response:
    safe = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
    content_type = {"Content-Type": CONTENT_TYPES[Path(name).suffix]}
    return Response(body=body, status_code=status, headers={**headers, **safe, **content_type})


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()[:16]
