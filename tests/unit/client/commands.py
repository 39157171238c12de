"""`orders` in a process of its own, against a fake service."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infra.paths import ROOT
from tests.unit.client.fake_stream import FakeService, served

# Exit code, stdout, stderr
Finished = tuple[int | None, str, str]


@asynccontextmanager
async def started(
    service: FakeService, *arguments: str, stdout: int = PIPE, **environment: str
) -> AsyncIterator[Process]:
    inherited = {k: v for k, v in os.environ.items() if k not in ("FORCE_COLOR", "COLUMNS")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "orders_client.cli", *arguments),
        cwd=ROOT,
        env=inherited | {"ORDERS_URL": service.base_url} | environment,
        stdout=stdout,
        stderr=PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def orders(service: FakeService, *arguments: str) -> Finished:
    async def run() -> Finished:
        async with served(service, seconds=60), started(service, *arguments) as process:
            output, errors = await process.communicate()
            return process.returncode, output.decode(), errors.decode()

    return asyncio.run(run())
