"""What the front door refuses itself, as problem documents: also what aiohttp cannot parse."""

import uuid
from typing import Any

from aiohttp import HttpVersion10, HttpVersion11, web, web_server
from aiohttp.http_exceptions import InvalidURLError
from aiohttp.http_parser import RawRequestMessage
from multidict import MultiMapping

from chalicelib.entrypoints import problems
from infra.deploy.gateway import UNREADABLE, Refusal, refusal_headers, refusal_of

VERSIONS = (HttpVersion10, HttpVersion11)


def refuse(refusal: Refusal) -> web.Response:
    """Return a problem document, as the function and API Gateway would."""
    request_id = str(uuid.uuid4())
    return web.Response(
        status=refusal.status,
        body=problems.problem(**refusal._asdict(), requestId=request_id).encode(),
        headers=refusal_headers(refusal, request_id),
    )


def unreadable(reason: str) -> Refusal:
    """Return the refusal of a request that is no proper HTTP, and why."""
    return UNREADABLE._replace(detail=f"{UNREADABLE.detail}: {reason}")


def objection_to(request: web.BaseRequest) -> Refusal | None:
    """Return why a request cannot be passed on as it was sent."""
    if request.version not in VERSIONS:
        return unreadable("this server speaks HTTP/1.1")
    if not request.raw_path.startswith("/"):
        return unreadable("its target is not a path")
    if not _is_unicode(request.headers):
        return unreadable("a header has bytes that are not UTF-8")
    if request.headers.get("Transfer-Encoding", "chunked").lower() != "chunked":
        return unreadable("its Transfer-Encoding is not chunked")
    return None


def _is_unicode(headers: MultiMapping[str]) -> bool:
    """Tell whether aiohttp passes all values on whole: what is not UTF-8 is a lone surrogate."""
    try:
        "".join(headers.values()).encode()
    except UnicodeEncodeError:
        return False
    return True


class RefusingHandler(web.RequestHandler):
    """aiohttp's side of a connection, which answers in plain text where no handler is asked."""

    __slots__ = ()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        # The function refuses what is compressed, here as on AWS.
        super().__init__(*arguments, **options | {"auto_decompress": False})

    def data_received(self, data: bytes) -> None:
        """Take in what was sent. As released, who reads a body that breaks off waits for ever."""
        super().data_received(data)
        if self._messages and not isinstance(self._messages[-1][0], RawRequestMessage):
            reading = [self._current_request.content] if self._current_request else []
            for body in reading + [body for _, body in self._messages]:
                if not body.is_eof():
                    body.set_exception(web.RequestPayloadError())
                    body.feed_eof()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what could not be parsed, or ended in an error."""
        super().handle_error(request, status, exc, message)
        # What follows the first colon is what was sent.
        reason = (message or "").partition(":")[0]
        if isinstance(exc, InvalidURLError):
            reason = "its target is malformed"
        response = refuse(unreadable(reason) if status == UNREADABLE.status else refusal_of(status))
        response.force_close()
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer; those of aiohttp itself become problem documents."""
        if isinstance(resp, web.HTTPException):
            resp = refuse(refusal_of(resp.status))
        return await super().finish_response(request, resp, start_time)


def refuse_with_problems() -> None:
    """Let the servers of this process answer so; aiohttp has no option for it."""
    web_server.RequestHandler = RefusingHandler  # type: ignore[attr-defined]
