"""One origin for the HTTP API and the WebSocket API: a small reverse proxy before the emulator.

It limits how many calls run at once, as API Gateway's quotas do: each call beyond what the machine
can run would only start another cold process.
"""

import argparse
import asyncio
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import uvloop
from aiohttp import (
    ClientError,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    WSCloseCode,
    WSMsgType,
    WSServerHandshakeError,
    web,
)
from multidict import CIMultiDict
from yarl import URL

from chalicelib.entrypoints import problems
from infra.deploy.gateway import (
    NOT_FOUND,
    RETRY_AFTER_SECONDS,
    TOO_LARGE,
    UNAVAILABLE,
    Refusal,
    refusal_of,
)
from infra.local.description import Apis, read_description
from infra.local.forwarding import can_forward, end_to_end, forward, forwarding_session
from infra.local.processes import loopback_addresses
from infra.local.warm_up import CALLS

log = logging.getLogger(__name__)

HANDSHAKES_AT_ONCE = 4
BODY_BYTES_MAX = 10 * 1024 * 1024
CALL_SECONDS = 30
# Followers stay connected for as long as they like.
STOP_SECONDS = 1
# API Gateway's limits on a WebSocket, which the emulator does not enforce.
MESSAGE_BYTES_MAX = 128 * 1024
IDLE_SECONDS = 10 * 60.0
OPEN_SECONDS = 2 * 60 * 60.0
WEBSOCKET_PATH = "/api/orders/execute"
# API Gateway knows these methods. The function refuses any other as it refuses OPTIONS.
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
REFUSED_METHOD = "OPTIONS"
UNREADABLE_HEADER = Refusal(400, "INVALID_REQUEST", "a header has bytes that are not UTF-8")


@dataclass(slots=True)
class FrontDoor:
    """The proxy: where the two APIs are, and its limits."""

    apis: Callable[[], Apis]
    session: ClientSession
    calls: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CALLS))
    handshakes: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(HANDSHAKES_AT_ONCE)
    )
    message_bytes_max: int = MESSAGE_BYTES_MAX
    idle_seconds: float = IDLE_SECONDS
    open_seconds: float = OPEN_SECONDS

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Pass a call on to the HTTP API, or a WebSocket on to the WebSocket API."""
        if not can_forward(request.headers):
            return _refuse(UNREADABLE_HEADER)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._join(request)
        await self.calls.acquire()
        call = asyncio.create_task(self._call(request))
        call.add_done_callback(self._finish)
        try:
            return await asyncio.shield(call)
        except web.HTTPRequestEntityTooLarge:
            return _refuse(TOO_LARGE)
        except (ClientError, TimeoutError):
            return _refuse(UNAVAILABLE)

    def _finish(self, call: asyncio.Task[web.Response]) -> None:
        """Let the next call in: not when a caller gives up, for the function goes on working."""
        self.calls.release()
        if not call.cancelled() and call.exception() is not None:
            log.info("a call failed: %r", call.exception())

    async def _call(self, request: web.Request) -> web.Response:
        method = request.method if request.method in METHODS else REFUSED_METHOD
        return await forward(self.session, request, self.apis().http, method=method)

    async def _join(self, request: web.Request) -> web.StreamResponse:
        if request.path != WEBSOCKET_PATH:
            return _refuse(NOT_FOUND)
        address = URL(f"{self.apis().websocket}?{request.rel_url.raw_query_string}", encoded=True)
        try:
            async with self.handshakes:
                headers = _handshake_headers(request)
                upstream = await self.session.ws_connect(address, headers=headers)
        except WSServerHandshakeError as refusal:
            return _refuse(refusal_of(refusal.status))
        except (ClientError, TimeoutError):
            return _refuse(UNAVAILABLE)
        async with upstream:
            # Whether aiohttp takes a message of just its limit depends on compression.
            client = web.WebSocketResponse(heartbeat=30, max_msg_size=self.message_bytes_max + 2)
            await client.prepare(request)
            await JoinedSockets(client, upstream, self).carry()
            return client


@dataclass(slots=True)
class JoinedSockets:
    """A client's WebSocket and the upstream one, for as long as the door's limits allow."""

    client: web.WebSocketResponse
    upstream: ClientWebSocketResponse
    door: FrontDoor
    idle: asyncio.Timeout = field(init=False)

    async def carry(self) -> None:
        """Carry frames both ways until one side closes or a limit is reached, then close both."""
        self.idle = asyncio.timeout(self.door.idle_seconds)
        directions = {asyncio.create_task(self._carry_in()), asyncio.create_task(self._carry_out())}
        code = WSCloseCode.OK
        try:
            async with asyncio.timeout(self.door.open_seconds), self.idle:
                await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            code = WSCloseCode.GOING_AWAY
        for task in directions:
            task.cancel()
        ends = await asyncio.gather(*directions, return_exceptions=True)
        code = next((end for end in ends if isinstance(end, WSCloseCode)), code)
        await self.client.close(code=code)
        await self.upstream.close()

    async def _carry_in(self) -> WSCloseCode | None:
        """Carry what the client sends; return the code to close with if it may not send that."""
        async for message in self.client:
            if message.type is WSMsgType.BINARY:
                return WSCloseCode.UNSUPPORTED_DATA
            if message.type is WSMsgType.TEXT:
                if len(message.data.encode()) > self.door.message_bytes_max:
                    return WSCloseCode.MESSAGE_TOO_BIG
                self._restart_idle()
                await self.upstream.send_str(message.data)
        return None

    async def _carry_out(self) -> None:
        async for message in self.upstream:
            if message.type is WSMsgType.TEXT:
                self._restart_idle()
                await self.client.send_str(message.data)

    def _restart_idle(self) -> None:
        self.idle.reschedule(asyncio.get_running_loop().time() + self.door.idle_seconds)


def _handshake_headers(request: web.Request) -> CIMultiDict[str]:
    """Return the client's headers without those of the handshake, which each connection has."""
    headers = end_to_end(request.headers).items()
    return CIMultiDict((k, v) for k, v in headers if not k.lower().startswith("sec-websocket-"))


def _refuse(refusal: Refusal) -> web.Response:
    """Return a problem document, as the function would."""
    request_id = str(uuid.uuid4())
    headers = {"Cache-Control": "no-store", "X-Request-Id": request_id}
    if refusal.status == UNAVAILABLE.status:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return web.Response(
        status=refusal.status,
        text=problems.problem(**refusal._asdict(), requestId=request_id),
        content_type=problems.CONTENT_TYPE,
        headers=headers,
    )


async def application(apis: Callable[[], Apis]) -> web.Application:
    """Return the proxy as an application to serve; `apis` is asked at each call."""
    served = web.Application(client_max_size=BODY_BYTES_MAX)
    session = forwarding_session(ClientTimeout(total=None, sock_read=CALL_SECONDS))
    handle = FrontDoor(apis=apis, session=session).handle
    served.router.add_route("*", r"/{path:[\s\S]*}", handle)

    async def close_session(_: web.Application) -> None:
        await session.close()

    served.on_cleanup.append(close_session)
    return served


def described_apis(file: Path) -> Callable[[], Apis]:
    """Return a function that reads the APIs from a stack's description, again when it changed."""

    @lru_cache(maxsize=1)
    def read(written_at_ns: int) -> Apis:
        return read_description(file).apis()

    return lambda: read(file.stat().st_mtime_ns)


def main() -> None:
    """Serve the front door on a loopback port."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--description", type=Path, required=True, help="the stack's file")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    uvloop.install()
    web.run_app(
        application(described_apis(arguments.description)),
        host=loopback_addresses(),
        port=arguments.port,
        print=None,
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=STOP_SECONDS,
    )


if __name__ == "__main__":
    main()
