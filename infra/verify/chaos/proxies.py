"""Proxies between the functions and what they depend on: AWS over HTTP, PostgreSQL over TCP.

Both pass everything on unchanged, unless there is a disturbance. The worst failure is the lost
answer: the call was carried out, and the caller gets nothing.
"""

import asyncio
import contextlib
import json
import re
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from infra.local.forwarding import forward, forwarding_session
from infra.local.processes import LOOPBACK

DATABASE = "postgres"
BODY_BYTES_MAX = 10 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
DELAY_SECONDS_MAX = 3.0
STOP_SECONDS = 1
# How long a call whose caller was cut off may still work.
CARRY_OUT_SECONDS = 1.0

_SERVICE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")
_THROTTLED: Mapping[str, tuple[int, str]] = {
    "sqs": (400, "RequestThrottled"),
    "dynamodb": (400, "ProvisionedThroughputExceededException"),
    "execute-api": (429, "LimitExceededException"),
}


class Failure(StrEnum):
    """How a call may fail."""

    SERVER_ERROR = "500"
    UNAVAILABLE = "503"
    THROTTLED = "throttled"
    DELAYED = "delayed"
    CUT = "cut before it was forwarded"
    ANSWER_LOST = "executed, answer lost"


CONNECTION_FAILURES = (Failure.DELAYED, Failure.CUT, Failure.ANSWER_LOST)


@dataclass(frozen=True, slots=True)
class Disturbance:
    """A share of the calls to these services meets one of these failures."""

    share: float
    failures: Sequence[Failure]
    services: frozenset[str]

    def __str__(self) -> str:
        return f"{self.share:.0%} of {', '.join(sorted(self.services))}"


@dataclass(slots=True)
class FailureInjector:
    """Decides from a seed which calls fail and how, and counts them."""

    random: Random
    disturbance: Disturbance | None = None
    calls: Counter[str] = field(default_factory=Counter)
    failures: Counter[Failure] = field(default_factory=Counter)

    def draw(self, service: str) -> Failure | None:
        """Return how this call to the service shall fail, if it shall."""
        self.calls[service] += 1
        if self.disturbance is None or service not in self.disturbance.services:
            return None
        if self.random.random() >= self.disturbance.share:
            return None
        failure = self.random.choice(self.disturbance.failures)
        self.failures[failure] += 1
        return failure

    async def delay(self) -> None:
        """Wait: a while, or longer than callers wait."""
        await asyncio.sleep(self.random.uniform(0.1, DELAY_SECONDS_MAX))


class AwsProxy:
    """Passes the functions' AWS calls on to the emulator, or fails them as AWS would."""

    def __init__(self, upstream_port: int, random: Random) -> None:
        self.injector = FailureInjector(random)
        self._upstream = f"http://{LOOPBACK}:{upstream_port}"
        self._session: ClientSession
        self._runner: web.AppRunner

    async def start(self) -> int:
        """Start to listen on a free port, and return it."""
        self._session = forwarding_session(ClientTimeout(total=30))
        application = web.Application(client_max_size=BODY_BYTES_MAX)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=STOP_SECONDS)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, 0).start()
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Stop to listen."""
        await self._runner.cleanup()
        await self._session.close()

    async def _handle(self, request: web.Request) -> web.Response:
        try:
            await request.read()
        except OSError:
            # The caller was killed.
            return _hang_up(request)
        service = _service_of(request)
        match self.injector.draw(service):
            case Failure.CUT:
                return _hang_up(request)
            case Failure.SERVER_ERROR:
                return _refusal(500, "InternalFailure")
            case Failure.UNAVAILABLE:
                return _refusal(503, "ServiceUnavailable")
            case Failure.THROTTLED:
                return _refusal(*_THROTTLED.get(service, (400, "ThrottlingException")))
            case Failure.ANSWER_LOST:
                await self._pass_on(request)
                return _hang_up(request)
            case Failure.DELAYED:
                await self.injector.delay()
        return await self._pass_on(request)

    async def _pass_on(self, request: web.Request) -> web.Response:
        try:
            return await forward(self._session, request, self._upstream)
        except (ClientError, TimeoutError):
            return _hang_up(request)


def _service_of(request: web.Request) -> str:
    found = _SERVICE.search(request.headers.get("Authorization", ""))
    return found[1] if found else "unsigned"


def _refusal(status: int, code: str) -> web.Response:
    """Return an error in the JSON form in which AWS says what may be retried."""
    return web.Response(
        status=status,
        headers={"Content-Type": "application/x-amz-json-1.0", "x-amzn-ErrorType": code},
        body=json.dumps({"__type": code, "message": "injected by the proxy"}).encode(),
    )


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    # Nobody gets this: the connection is gone.
    return web.Response(status=500)


class PostgresProxy:
    """Passes the functions' connections on to PostgreSQL, or cuts them."""

    def __init__(self, upstream_port: int, random: Random) -> None:
        self.injector = FailureInjector(random)
        self._upstream_port = upstream_port
        self._server: asyncio.Server
        self._clients: set[StreamWriter] = set()

    async def start(self) -> int:
        """Start to listen on a free port, and return it."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Stop to listen, and cut every connection."""
        self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """Cut every connection. What is under way at the database goes on there."""
        for client in self._clients:
            client.transport.abort()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._clients.add(writer)
        try:
            answers, database = await asyncio.open_connection(LOOPBACK, self._upstream_port)
        except OSError:
            writer.transport.abort()
        else:
            answering = asyncio.create_task(_pump(answers, writer))
            try:
                await self._ask(reader, writer, database)
            finally:
                writer.transport.abort()
                await asyncio.wait([answering], timeout=CARRY_OUT_SECONDS)
                answering.cancel()
                database.transport.abort()
        finally:
            self._clients.discard(writer)

    async def _ask(
        self, reader: StreamReader, writer: StreamWriter, database: StreamWriter
    ) -> None:
        """Pass on what the client sends, until it is cut or one side hangs up."""
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK_BYTES):
                failure = self.injector.draw(DATABASE)
                if failure is Failure.CUT:
                    return
                if failure is Failure.DELAYED:
                    await self.injector.delay()
                if failure is Failure.ANSWER_LOST:
                    writer.transport.abort()
                database.write(chunk)
                await database.drain()


async def _pump(source: StreamReader, sink: StreamWriter) -> None:
    """Pass on what the source sends until one side hangs up."""
    with contextlib.suppress(OSError):
        while chunk := await source.read(CHUNK_BYTES):
            sink.write(chunk)
            await sink.drain()
    sink.close()
