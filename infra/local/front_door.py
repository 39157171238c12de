"""One origin for the HTTP API and the WebSocket API: a small reverse proxy before the emulator.

It limits how many calls run at once, as API Gateway's quotas do: each call beyond what the machine
can run would only start another cold process.
"""

import argparse
import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
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

from infra.deploy.gateway import FORBIDDEN, NOT_FOUND, TOO_LARGE, UNAVAILABLE, refusal_of
from infra.local.description import Apis, read_description
from infra.local.forwarding import end_to_end, forward, forwarding_session
from infra.local.processes import loopback_addresses
from infra.local.refusals import objection_to, refuse, refuse_with_problems, unreadable
from infra.local.warm_up import CALLS

log = logging.getLogger(__name__)

HANDSHAKES_AT_ONCE = 4
BODY_BYTES_MAX = 10 * 1024 * 1024
CALL_SECONDS = 30
# How long a handshake gives way to calls.
CALLS_FIRST_SECONDS = 1.0
# Followers stay connected for as long as they like.
STOP_SECONDS = 1
# API Gateway's limits on a WebSocket, which the emulator does not enforce.
MESSAGE_BYTES_MAX = 128 * 1024
IDLE_SECONDS = 10 * 60.0
OPEN_SECONDS = 2 * 60 * 60.0
# How long a client may take nothing while frames wait for it: nobody keeps them for longer.
STALLED_SECONDS = 5.0
# What the kernel keeps for such a client. As it likes, that is megabytes: thousands of frames.
UNREAD_BYTES_MAX = 64 * 1024
WEBSOCKET_PATH = "/api/orders/execute"
# API Gateway knows these methods. The function refuses any other as it refuses DELETE, which is
# that of no route.
REFUSED_METHOD = "DELETE"
METHODS = {name: name for name in ("GET", "POST", "PUT", "PATCH", REFUSED_METHOD, "OPTIONS")}
# `chalice local` answers HEAD with a body, which aiohttp takes for the next answer.
METHODS["HEAD"] = "GET"


def _set_event() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass(slots=True)
class FrontDoor:
    """The proxy: where the two APIs are, and its limits."""

    apis: Callable[[], Apis]
    session: ClientSession
    calls: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CALLS))
    handshakes: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(HANDSHAKES_AT_ONCE)
    )
    has_free_call: asyncio.Event = field(default_factory=_set_event)
    calls_first_seconds: float = CALLS_FIRST_SECONDS
    message_bytes_max: int = MESSAGE_BYTES_MAX
    idle_seconds: float = IDLE_SECONDS
    open_seconds: float = OPEN_SECONDS
    stalled_seconds: float = STALLED_SECONDS

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Pass a call on to the HTTP API, or a WebSocket on to the WebSocket API."""
        if objection := objection_to(request):
            return refuse(objection)
        if request.method == "GET" and request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._join(request)
        if (request.content_length or 0) > BODY_BYTES_MAX:
            return refuse(TOO_LARGE)
        try:
            # Who sends a body slowly keeps nobody else waiting.
            await request.read()
        except web.HTTPRequestEntityTooLarge:
            return refuse(TOO_LARGE)
        except web.RequestPayloadError:
            response = refuse(unreadable("its body is malformed"))
            response.force_close()
            return response
        await self.calls.acquire()
        if self.calls.locked():
            self.has_free_call.clear()
        call = asyncio.create_task(self._call(request))
        call.add_done_callback(self._finish)
        try:
            return await asyncio.shield(call)
        except (ClientError, TimeoutError):
            return refuse(UNAVAILABLE)

    def _finish(self, call: asyncio.Task[web.Response]) -> None:
        """Let the next call in: not when a caller gives up, for the function goes on working."""
        self.calls.release()
        if not self.calls.locked():
            self.has_free_call.set()
        if not call.cancelled() and call.exception() is not None:
            log.info("a call failed: %r", call.exception())

    async def _let_calls_go_first(self, until: float) -> None:
        """Wait while there are calls enough, but not for ever: an order takes longer than a call,
        and its follower has until then."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self.has_free_call.wait()

    async def _call(self, request: web.Request) -> web.Response:
        method = METHODS.get(request.method, REFUSED_METHOD)
        answer = await forward(self.session, request, self.apis().http, method=method)
        if answer.status < 400 or "X-Request-Id" in answer.headers:
            return answer
        # Neither the function nor a gateway response: the emulator or `chalice local` itself.
        is_unknown = answer.status == FORBIDDEN.status
        return refuse(NOT_FOUND if is_unknown else refusal_of(answer.status))

    async def _join(self, request: web.Request) -> web.StreamResponse:
        if request.path != WEBSOCKET_PATH:
            return refuse(NOT_FOUND)
        # Whether aiohttp takes a message of just its limit depends on compression.
        client = web.WebSocketResponse(heartbeat=30, max_msg_size=self.message_bytes_max + 2)
        if not client.can_prepare(request):
            return refuse(unreadable("its WebSocket handshake is malformed"))
        address = URL(f"{self.apis().websocket}?{request.rel_url.raw_query_string}", encoded=True)
        try:
            until = asyncio.get_running_loop().time() + self.calls_first_seconds
            async with self.handshakes:
                await self._let_calls_go_first(until)
                headers = _handshake_headers(request)
                upstream = await self.session.ws_connect(address, headers=headers)
        except WSServerHandshakeError as refusal:
            return refuse(refusal_of(refusal.status))
        except (ClientError, TimeoutError):
            return refuse(UNAVAILABLE)
        async with upstream:
            transport = request.transport
            if transport is None:
                raise ConnectionResetError("the client has gone")
            _narrow(transport)
            await client.prepare(request)
            try:
                await JoinedSockets(transport, client, upstream, self).carry()
            finally:
                # What the client has not taken by now would keep its connection open for ever.
                transport.abort()
            return client


@dataclass(slots=True)
class JoinedSockets:
    """A client's WebSocket and the upstream one, for as long as the door's limits allow."""

    transport: asyncio.Transport
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
        finally:
            # Also when this is cancelled, because the client has gone.
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
                await self._send_out(message.data)

    async def _send_out(self, frame: str) -> None:
        try:
            async with asyncio.timeout(self.door.stalled_seconds):
                await self.client.send_str(frame)
        except TimeoutError:
            # A close frame would not reach it either. It connects again, and asks for the rest.
            self.transport.abort()
            raise

    def _restart_idle(self) -> None:
        self.idle.reschedule(asyncio.get_running_loop().time() + self.door.idle_seconds)


def _narrow(transport: asyncio.Transport) -> None:
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNREAD_BYTES_MAX)


def _handshake_headers(request: web.Request) -> CIMultiDict[str]:
    """Return the client's headers without those of the handshake, which each connection has."""
    headers = end_to_end(request.headers).items()
    return CIMultiDict((k, v) for k, v in headers if not k.lower().startswith("sec-websocket-"))


async def application(apis: Callable[[], Apis]) -> web.Application:
    """Return the proxy as an application to serve; `apis` is asked at each call."""
    refuse_with_problems()
    served = web.Application(client_max_size=BODY_BYTES_MAX)
    session = forwarding_session(ClientTimeout(total=None, sock_read=CALL_SECONDS))
    handle = FrontDoor(apis=apis, session=session).handle
    served.router.add_route("*", r"/{path:[\s\S]*}", handle)

    async def close_session(_: web.Application) -> None:
        await session.close()

    served.on_cleanup.append(close_session)
    return served


def described_apis(file: Path, *, http: str | None = None) -> Callable[[], Apis]:
    """Return a function that reads the APIs from a stack's description, again when it changed.

    `http` is served in place of the HTTP API there.
    """

    @lru_cache(maxsize=1)
    def read(written_at_ns: int) -> Apis:
        apis = read_description(file).apis()
        return apis._replace(http=http) if http else apis

    return lambda: read(file.stat().st_mtime_ns)


def main() -> None:
    """Serve the front door on a loopback port."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--description", type=Path, required=True, help="the stack's file")
    parser.add_argument("--http", help="where HTTP is served instead of by the deployed function")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    uvloop.install()
    web.run_app(
        application(described_apis(arguments.description, http=arguments.http)),
        host=loopback_addresses(),
        port=arguments.port,
        print=None,
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=STOP_SECONDS,
    )


if __name__ == "__main__":
    main()
