import asyncio
import json
import re
import signal

import pytest
from aiohttp import web
from typer.testing import CliRunner

from infra.local.processes import LOOPBACK, free_port
from orders_client.cli.app import app
from orders_client.cli.exits import ExitCode
from tests.unit.client.commands import started
from tests.unit.client.fake_http import CannedService, canned
from tests.unit.client.fake_stream import FakeService, served

EXECUTE = "/api/orders/execute"
SUBMIT = ("submit", "SOL", "USDC", "1")
SAFE = "not known whether it arrived; trying again is safe with --idempotency-key"
UNUSABLE = ["", '""', "a" * 256, "a b", "a\n", "\u043a", 'a"b']


@pytest.fixture(autouse=True)
def _send_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "FORCE_COLOR", "ORDERS_API_KEY", "ORDERS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("random.uniform", lambda *_: 0)


def run(url: str, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["--url", url, *arguments], prog_name="orders")
    assert result.stdout == ""
    return result.exit_code, result.stderr


def keys(service: CannedService) -> set[str]:
    sent = [request for request in service.requests if request.path == EXECUTE]
    return {request.headers["Idempotency-Key"] for request in sent}


@pytest.mark.parametrize("key", UNUSABLE)
def test_submit_is_wrong_usage_when_its_key_is_unusable(key: str) -> None:
    with canned({}) as service:
        code, errors = run(service.url, *SUBMIT, "--idempotency-key", key)

    assert (code, service.requests) == (ExitCode.USAGE, [])
    assert "1 to 255 visible ASCII" in errors


def test_command_is_wrong_usage_when_no_header_can_carry_the_api_key() -> None:
    with canned({}) as service:
        code, errors = run(service.url, "--api-key", "sk\n", "tokens")

    assert (code, service.requests) == (ExitCode.USAGE, [])
    assert "an API key must be visible ASCII" in errors


def test_submit_tells_its_key_when_no_answer_came() -> None:
    code, errors = run(f"http://{LOOPBACK}:{free_port()}", *SUBMIT)

    assert code == ExitCode.UNAVAILABLE
    assert re.search(rf"{SAFE} [0-9a-f-]{{36}}\n$", errors)


@pytest.mark.parametrize("options", [[], ["--idempotency-key", "mine"]])
def test_submit_tells_its_key_when_the_service_could_not_answer(options: list[str]) -> None:
    with canned({EXECUTE: (503, {"code": "UNAVAILABLE", "detail": "later"})}) as service:
        code, errors = run(service.url, *SUBMIT, *options)

    [key] = keys(service)
    assert code == ExitCode.UNAVAILABLE
    assert errors == f"UNAVAILABLE: later; {SAFE} {key}\n"


def test_problem_has_the_key_when_json_is_asked_for() -> None:
    with canned({EXECUTE: (503, {"code": "UNAVAILABLE", "detail": "later"})}) as service:
        _, errors = run(service.url, *SUBMIT, "--json")

    assert {json.loads(errors)["idempotencyKey"]} == keys(service)


class SilentService(FakeService):
    """Takes orders, and does not answer."""

    def __init__(self) -> None:
        super().__init__({})
        self.key: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def routes(self) -> list[web.RouteDef]:
        return [web.post(EXECUTE, self.accept)]

    async def accept(self, request: web.Request) -> web.Response:
        self.key.set_result(request.headers["Idempotency-Key"])
        return await asyncio.get_running_loop().create_future()


def test_submit_tells_its_key_when_it_is_interrupted() -> None:
    async def interrupt() -> tuple[int | None, str, str]:
        service = SilentService()
        async with served(service, seconds=60), started(service, *SUBMIT) as process:
            key = await service.key
            process.send_signal(signal.SIGINT)
            _, errors = await process.communicate()
            return process.returncode, key, errors.decode()

    code, key, errors = asyncio.run(interrupt())

    assert (code, errors) == (ExitCode.INTERRUPTED, f"interrupted; {SAFE} {key}\n")
