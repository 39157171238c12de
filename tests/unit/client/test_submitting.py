import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from aiohttp import ClientError, web

from orders_client import LostAnswerError, OrdersClient, ProblemError
from tests.unit.client.fake_stream import FakeService, served

LOST = None


class BusyService(FakeService):
    """Answers submissions with these statuses, one after the other; LOST closes the connection."""

    def __init__(self, statuses: Sequence[int | None], retry_after: str = "0") -> None:
        super().__init__({"a": []})
        self._retry_after = retry_after
        self._statuses = list(statuses)
        self.keys: list[str] = []

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/api/orders/execute", self.accept), *super().routes()]

    async def accept(self, request: web.Request) -> web.Response:
        self.keys.append(request.headers["Idempotency-Key"])
        status = self._statuses.pop(0)
        if status is LOST:
            assert request.transport is not None
            request.transport.abort()
        elif status != 202:
            refusal = {"code": "BUSY", "detail": "later"}
            headers = {"Retry-After": self._retry_after}
            return web.json_response(refusal, status=status, headers=headers)
        return web.json_response(self.order("a"), status=202)


def submit(service: FakeService, *, retries: int = 2, **options: Any) -> dict[str, Any]:
    async def run() -> dict[str, Any]:
        async with served(service, submit_retry_delays_seconds=[0.0] * retries) as client:
            return await client.submit("SOL", "USDC", "1", **options)

    return asyncio.run(run())


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, LOST])
def test_submit_repeats_the_order_under_its_key_when_the_first_response_is(
    status: int | None,
) -> None:
    service = BusyService([status, 202])

    assert submit(service)["orderId"] == "a"
    [key, again] = service.keys
    assert key == again


def test_submit_uses_a_key_of_its_own_unless_one_is_given() -> None:
    service = BusyService([202, 202, 202])

    submit(service)
    submit(service)
    submit(service, idempotency_key="mine")

    assert len({*service.keys}) == 3
    assert service.keys[-1] == "mine"


def test_submit_does_not_repeat_the_order_when_it_is_refused_for_good() -> None:
    service = BusyService([422])

    with pytest.raises(ProblemError) as refusal:
        submit(service)

    assert refusal.value.status == 422
    assert len(service.keys) == 1


@pytest.mark.parametrize("retries", [0, 1, 2])
@pytest.mark.parametrize(("status", "error"), [(503, ProblemError), (LOST, ClientError)])
def test_submit_raises_when_the_retries_are_used_up(
    retries: int, status: int | None, error: type[Exception]
) -> None:
    service = BusyService([status] * 5)

    with pytest.raises(error):
        submit(service, retries=retries)

    assert len(service.keys) == retries + 1


def test_submit_waits_as_long_as_the_service_says_when_it_is_busy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delays: list[float] = []
    sleep = asyncio.sleep

    async def record(seconds: float) -> None:
        delays.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", record)

    submit(BusyService([429, 503, 202], retry_after="30"))

    assert [seconds for seconds in delays if seconds] == [30, 30]


@pytest.mark.parametrize("statuses", [[LOST, LOST], [LOST, 429], [503, 401]])
def test_error_has_the_key_when_it_is_not_known_whether_the_order_arrived(
    statuses: list[int | None],
) -> None:
    service = BusyService(statuses)

    with pytest.raises((LostAnswerError, ProblemError)) as failure:
        submit(service, retries=1)

    assert {failure.value.idempotency_key} == {*service.keys}


@pytest.mark.parametrize("statuses", [[422], [429, 429], [429, 422]])
def test_error_has_no_key_when_the_order_cannot_have_arrived(statuses: list[int | None]) -> None:
    with pytest.raises(ProblemError) as failure:
        submit(BusyService(statuses), retries=1)

    assert failure.value.idempotency_key is None


@pytest.mark.parametrize("key", ["", '""', "a" * 256, "a b", "a\n", "\u043a", 'a"b', "a\x00"])
def test_submit_sends_nothing_when_the_key_is_unusable(key: str) -> None:
    service = BusyService([202])

    with pytest.raises(ValueError, match="1 to 255 visible ASCII"):
        submit(service, idempotency_key=key)

    assert service.keys == []


@pytest.mark.parametrize("key", ["sk\n", "a b", "\u043a"])
def test_client_is_refused_when_no_header_can_carry_its_api_key(key: str) -> None:
    with pytest.raises(ValueError, match="visible ASCII"):
        OrdersClient("http://localhost", api_key=key)
