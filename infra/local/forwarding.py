"""HTTP calls passed on to another server, and its answers passed back, as they are."""

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from multidict import CIMultiDict, MultiMapping
from yarl import URL

# These belong to one connection, not to the message (RFC 9110, 7.6.1).
_ONE_CONNECTION = "connection content-length host keep-alive te trailer transfer-encoding upgrade"
HOP_BY_HOP = frozenset(_ONE_CONNECTION.split())


def forwarding_session(timeout: ClientTimeout) -> ClientSession:
    """Return a session that changes nothing: no cookies, no decompression, no queue for calls."""
    return ClientSession(
        connector=TCPConnector(limit=0),
        timeout=timeout,
        cookie_jar=DummyCookieJar(),
        auto_decompress=False,
    )


async def forward(
    session: ClientSession, request: web.Request, base_url: str, *, method: str | None = None
) -> web.Response:
    """Send the request to the same path below `base_url`, and return the answer.

    Raises ClientError or TimeoutError when there is no answer.
    """
    async with session.request(
        method or request.method,
        URL(base_url + request.raw_path, encoded=True),
        headers=_combined(end_to_end(request.headers)),
        data=await request.read(),
        allow_redirects=False,
    ) as answer:
        headers, body = end_to_end(answer.headers), await answer.read()
        return web.Response(status=answer.status, headers=headers, body=body)


def _combined(headers: MultiMapping[str]) -> dict[str, str]:
    """Return the lines of each header as one (RFC 9110, 5.2): `chalice local` reads the first."""
    return {name.lower(): ", ".join(headers.getall(name)) for name in headers}


def end_to_end(headers: MultiMapping[str]) -> CIMultiDict[str]:
    """Return the headers, every line of them, without those that belong to one connection."""
    return CIMultiDict((k, v) for k, v in headers.items() if k.lower() not in HOP_BY_HOP)
