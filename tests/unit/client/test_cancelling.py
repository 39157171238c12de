import asyncio

import pytest

from orders_client import OrdersClient, ProblemError
from orders_client.cli.exits import ExitCode
from tests.unit.client.fake_http import canned
from tests.unit.client.fake_stream import ACCEPTED, ORDER_ID
from tests.unit.client.test_cli import orders_at

PATH = f"/api/orders/{ORDER_ID}/cancel"
ORDER = ACCEPTED | {"orderId": ORDER_ID}
CANCELLED = ORDER | {"status": "cancelled", "sequence": 2}
REQUESTED = ORDER | {"status": "submitted", "sequence": 5, "cancelRequested": True}
CONFIRMED = {
    "status": 409,
    "code": "ALREADY_CONFIRMED",
    "detail": "too late",
    "order": ORDER | {"status": "confirmed"},
}


@pytest.mark.parametrize(
    ("status", "document", "text"),
    [
        (200, CANCELLED, "cancelled"),
        (202, REQUESTED, "cancel requested; it may be confirmed"),
    ],
)
def test_command_says_what_became_of_the_order(
    status: int, document: dict[str, object], text: str
) -> None:
    with canned({PATH: (status, document)}) as service:
        result = orders_at(service, "cancel", ORDER_ID)
        [request] = service.requests

    assert (result.exit_code, result.stdout) == (ExitCode.OK, f"{ORDER_ID}  {text}\n")
    assert (request.method, request.path, request.body) == ("POST", PATH, None)


def test_command_is_refused_when_it_comes_too_late() -> None:
    with canned({PATH: (409, CONFIRMED)}) as service:
        result = orders_at(service, "cancel", ORDER_ID)

    assert result.exit_code == ExitCode.REFUSED
    assert "ALREADY_CONFIRMED: too late" in result.stderr


def test_client_raises_with_the_order_when_it_comes_too_late() -> None:
    async def cancel(url: str) -> None:
        async with OrdersClient(url) as client:
            await client.cancel(ORDER_ID)

    with (
        canned({PATH: (409, CONFIRMED)}) as service,
        pytest.raises(ProblemError) as refusal,
    ):
        asyncio.run(cancel(service.url))

    assert refusal.value.problem["order"]["status"] == "confirmed"
