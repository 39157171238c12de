"""One origin for the HTTP API and the WebSocket API: a small reverse proxy before the emulator.

It bounds how much is under way at once, as API Gateway's quotas do: every call beyond what the
machine can run would only start another cold process.
"""

import argparse
import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

import uvloop
from aiohttp import (
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    DummyCookieJar,
    TCPConnector,
    WSCloseCode,
    WSMsgType,
    WSServerHandshakeError,
    web,
)
from yarl import URL

from infra.local.processes import LOOPBACK
from infra.local.warm_up import CALLS

log = logging.getLogger(__name__)

HANDSHAKES_AT_ONCE = 4
BODY_BYTES_MOST = 10 * 1024 * 1024
CALL_SECONDS = 30
# Followers stay connected for as long as they like.
STOP_SECONDS = 1
# API Gateway's limits on a WebSocket, which the emulator does not enforce.
MESSAGE_BYTES_MOST = 128 * 1024
IDLE_SECONDS = 10 * 60.0
OPEN_SECONDS = 2 * 60 * 60.0
WEBSOCKET_PATH = "/api/orders/execute"
# These belong to one connection, not to the message (RFC 9110, 7.6.1).
HOP_BY_HOP = {
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


@dataclass(slots=True)
class FrontDoor:
    """The proxy's state: where the two APIs are, and how much may be under way."""

    http: str
    websocket: str
    session: ClientSession
    calls: asyncio.Semaphore
    handshakes: asyncio.Semaphore
    message_bytes_most: int = MESSAGE_BYTES_MOST
    idle_seconds: float = IDLE_SECONDS
    open_seconds: float = OPEN_SECONDS

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Pass on a call, or join a WebSocket to the WebSocket API."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._join(request)
        await self.calls.acquire()
        call = asyncio.create_task(self._call(request))
        call.add_done_callback(self._finish)
        return await asyncio.shield(call)

    def _finish(self, call: asyncio.Task[web.Response]) -> None:
        """Let the next call in. A caller may give up; the function works on all the same."""
        self.calls.release()
        if not call.cancelled() and call.exception() is not None:
            log.info("a call failed: %r", call.exception())

    async def _call(self, request: web.Request) -> web.Response:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP}
        async with self.session.request(
            request.method,
            URL(self.http + request.raw_path, encoded=True),
            headers=headers,
            data=await request.read(),
            allow_redirects=False,
        ) as answer:
            kept = {k: v for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP}
            return web.Response(status=answer.status, headers=kept, body=await answer.read())

    async def _join(self, request: web.Request) -> web.StreamResponse:
        if request.path != WEBSOCKET_PATH:
            raise web.HTTPNotFound
        address = URL(f"{self.websocket}?{request.rel_url.raw_query_string}", encoded=True)
        try:
            async with self.handshakes:
                upstream = await self.session.ws_connect(address, autoclose=True, autoping=True)
        except WSServerHandshakeError as refusal:
            return web.Response(status=refusal.status, text="the handshake was refused")
        async with upstream:
            # Whether aiohttp takes a message of just its limit depends on compression.
            client = web.WebSocketResponse(heartbeat=30, max_msg_size=self.message_bytes_most + 2)
            await client.prepare(request)
            await self._pump_both(client, upstream)
            return client

    async def _pump_both(
        self, client: web.WebSocketResponse, upstream: ClientWebSocketResponse
    ) -> None:
        """Carry frames both ways until one side closes or a limit is reached, then close both."""
        time_left = asyncio.timeout(self.idle_seconds)
        directions = {
            asyncio.create_task(self._pump_in(client, upstream, self._touch(time_left))),
            asyncio.create_task(_pump_out(upstream, client, self._touch(time_left))),
        }
        code = WSCloseCode.OK
        try:
            async with asyncio.timeout(self.open_seconds), time_left:
                await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            code = WSCloseCode.GOING_AWAY
        for task in directions:
            task.cancel()
        ends = await asyncio.gather(*directions, return_exceptions=True)
        code = next((end for end in ends if isinstance(end, WSCloseCode)), code)
        await client.close(code=code)
        await upstream.close()

    async def _pump_in(
        self,
        client: web.WebSocketResponse,
        upstream: ClientWebSocketResponse,
        touch: Callable[[], None],
    ) -> WSCloseCode | None:
        """Carry what the client sends; return the code to close with if it may not send that."""
        async for message in client:
            if message.type is WSMsgType.BINARY:
                return WSCloseCode.UNSUPPORTED_DATA
            if message.type is WSMsgType.TEXT:
                if len(message.data.encode()) > self.message_bytes_most:
                    return WSCloseCode.MESSAGE_TOO_BIG
                touch()
                await upstream.send_str(message.data)
        return None

    def _touch(self, time_left: asyncio.Timeout) -> Callable[[], None]:
        return lambda: time_left.reschedule(asyncio.get_running_loop().time() + self.idle_seconds)


async def _pump_out(
    upstream: ClientWebSocketResponse, client: web.WebSocketResponse, touch: Callable[[], None]
) -> None:
    async for message in upstream:
        if message.type is WSMsgType.TEXT:
            touch()
            await client.send_str(message.data)


async def _application(http: str, websocket: str) -> web.Application:
    application = web.Application(client_max_size=BODY_BYTES_MOST)
    session = ClientSession(
        connector=TCPConnector(limit=0),
        timeout=ClientTimeout(total=None, sock_read=CALL_SECONDS),
        cookie_jar=DummyCookieJar(),
        auto_decompress=False,
    )
    door = FrontDoor(
        http=http,
        websocket=websocket,
        session=session,
        calls=asyncio.Semaphore(CALLS),
        handshakes=asyncio.Semaphore(HANDSHAKES_AT_ONCE),
    )
    application.router.add_route("*", "/{path:.*}", door.handle)

    async def close_session(_: web.Application) -> None:
        await session.close()

    application.on_cleanup.append(close_session)
    return application


def main() -> None:
    """Open the front door on a loopback port."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--http", required=True)
    parser.add_argument("--websocket", required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    uvloop.install()
    web.run_app(
        _application(arguments.http, arguments.websocket),
        host=[LOOPBACK, "::1"],
        port=arguments.port,
        print=None,
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=STOP_SECONDS,
    )


if __name__ == "__main__":
    main()
