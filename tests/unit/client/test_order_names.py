"""Orders named by the beginning of their ids."""

import asyncio
from typing import Any

import pytest

from orders_client import NoSingleOrderError, OrdersClient
from orders_client.cli.exits import ExitCode
from tests.unit.client.fake_http import canned
from tests.unit.client.fake_stream import ACCEPTED, ORDER_ID
from tests.unit.client.test_cli import orders_at

ANOTHER = f"{ORDER_ID[:8]}-ffff-4fff-8fff-ffffffffffff"
LIST = "/api/orders"


def listed(*order_ids: str, prefix: str = ORDER_ID[:8]) -> dict[str, Any]:
    """These are the orders whose ids begin so."""
    orders = [ACCEPTED | {"orderId": order_id} for order_id in order_ids]
    page = {"orders": orders, "nextCursor": None}
    return {f"{LIST}?idPrefix={prefix}&limit=100": (200, page)}


def find(url: str, prefix: str) -> str:
    async def ask() -> str:
        async with OrdersClient(url) as client:
            return str((await client.find(prefix))["orderId"])

    return asyncio.run(ask())


@pytest.mark.parametrize("length", [4, 7, 8, 9, 13, 35])
def test_order_is_found_by_the_beginning_of_its_id(length: int) -> None:
    with canned(listed(ORDER_ID, prefix=ORDER_ID[: min(length, 8)])) as service:
        assert find(service.url, ORDER_ID[:length].upper()) == ORDER_ID


def test_longer_beginning_tells_two_orders_apart() -> None:
    with canned(listed(ORDER_ID, ANOTHER)) as service:
        assert find(service.url, ANOTHER[:11]) == ANOTHER


def test_beginning_that_several_have_names_them() -> None:
    with (
        canned(listed(ORDER_ID, ANOTHER)) as service,
        pytest.raises(NoSingleOrderError) as refusal,
    ):
        find(service.url, ORDER_ID[:8])

    assert refusal.value.order_ids == [ORDER_ID, ANOTHER]


def test_command_takes_the_eight_characters_that_the_dashboard_shows() -> None:
    cancelled = ACCEPTED | {"orderId": ORDER_ID, "status": "cancelled", "sequence": 2}
    answers = listed(ORDER_ID) | {f"{LIST}/{ORDER_ID}/cancel": (200, cancelled)}
    with canned(answers) as service:
        result = orders_at(service, "cancel", ORDER_ID[:8])

    assert (result.exit_code, result.stdout) == (ExitCode.OK, f"{ORDER_ID}  cancelled\n")


@pytest.mark.parametrize("command", ["show", "follow", "cancel"])
def test_command_says_when_no_order_or_more_than_one_is_meant(command: str) -> None:
    with canned(listed()) as service:
        none = orders_at(service, command, ORDER_ID[:8])
    with canned(listed(ORDER_ID, ANOTHER)) as service:
        two = orders_at(service, command, ORDER_ID[:8])

    assert (none.exit_code, two.exit_code) == (ExitCode.REFUSED, ExitCode.REFUSED)
    assert none.stderr == f"{ORDER_ID[:8]} begins the id of no order\n"
    assert two.stderr == f"{ORDER_ID[:8]} begins the id of 2 orders: {ORDER_ID}, {ANOTHER}\n"


@pytest.mark.parametrize("name", ["abc", "wxyz", "SOL", "-", f"{ORDER_ID}0", "12345678x"])
def test_name_that_is_none_is_wrong_usage(name: str) -> None:
    with canned(listed()) as service:
        result = orders_at(service, "show", "--", name)
        assert not service.requests

    assert result.exit_code == ExitCode.USAGE
    assert "the first four characters of it or more" in " ".join(result.stderr.split())


def test_list_is_filtered_by_the_beginning_of_ids() -> None:
    with canned(listed()) as service:
        orders_at(service, "list", "--id", ORDER_ID[:6])
        [request] = service.requests

    assert f"idPrefix={ORDER_ID[:6]}" in request.path
