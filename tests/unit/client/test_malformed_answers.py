"""Ids that are none are not sent, and an answer that lacks what the contract says is no answer."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import ClientError

from orders_client import LostAnswerError, OrdersClient
from orders_client.cli.exits import ExitCode
from tests.unit.client.fake_http import CannedService, canned
from tests.unit.client.fake_stream import ACCEPTED, ORDER_ID
from tests.unit.client.test_cli_output import ANSWERS, ORDER, SUBMIT, shell

EXECUTE = "/api/orders/execute"
NO_IDS = ["", " ", ORDER_ID[:8], ORDER_ID[:-1], f"{ORDER_ID}/", f"/{ORDER_ID}", "../health", "a/b"]
NO_IDS += [f"{ORDER_ID}\n", f"{ORDER_ID}?", f"{ORDER_ID}a", ORDER_ID.replace("-", ""), "execute"]
NOT_ACCEPTED: dict[str, Any] = {
    "empty": {},
    "list": [ORDER],
    "text": "accepted",
    "null": None,
    "no JSON": "<html>",
    **{
        f"no {name}": ORDER | {name: ...} for name in ("orderId", "status", "sequence", "streamUrl")
    },
}


def without(document: Any) -> Any:
    return (
        {name: value for name, value in document.items() if value is not ...}
        if isinstance(document, dict)
        else document
    )


def answer_to_submit(service: CannedService) -> Any:
    async def submit() -> Any:
        async with OrdersClient(service.url, submit_retry_delays_seconds=[0.0]) as client:
            return await client.submit("SOL", "USDC", "1", idempotency_key="mine")

    return asyncio.run(submit())


@pytest.mark.parametrize("order_id", NO_IDS)
def test_order_id_is_refused_before_anything_is_sent(order_id: str) -> None:
    async def ask(service: CannedService) -> None:
        async with OrdersClient(service.url) as client:
            with pytest.raises(ValueError, match="an order id has 36 characters, such as "):
                await client.get(order_id)
            with pytest.raises(ValueError, match="an order id has 36 characters, such as "):
                await anext(client.follow(order_id))
            with pytest.raises(ValueError, match="an order id has 36 characters, such as "):
                await anext(client.follow_many([order_id]))

    with canned({}) as service:
        asyncio.run(ask(service))

    assert service.requests == []


@pytest.mark.parametrize("order_id", [ORDER_ID, ORDER_ID.upper()])
def test_order_is_shown_when_its_id_is_one(order_id: str) -> None:
    async def get(service: CannedService) -> Any:
        async with OrdersClient(service.url) as client:
            return await client.get(order_id)

    with canned({f"/api/orders/{order_id}": (200, ORDER)}) as service:
        assert asyncio.run(get(service)) == ORDER


@pytest.mark.parametrize("document", NOT_ACCEPTED.values(), ids=NOT_ACCEPTED.keys())
def test_order_may_have_arrived_when_the_answer_is_none(document: Any) -> None:
    answers = {EXECUTE: (202, without(document))}
    with canned(answers) as service, pytest.raises(LostAnswerError) as lost:
        answer_to_submit(service)

    assert lost.value.idempotency_key == "mine"
    assert {request.headers["Idempotency-Key"] for request in service.requests} == {"mine"}
    assert len(service.requests) == 2


@pytest.mark.parametrize("options", [[], ["--json"], ["--follow"]])
def test_command_says_how_to_repeat_the_order_when_the_answer_is_none(options: list[str]) -> None:
    words = (*SUBMIT, *options, "--idempotency-key", "mine")
    with canned({EXECUTE: (202, {"accepted": True})}) as service:
        code, output, errors = shell(service, "", *words)

    assert (code, output) == (ExitCode.UNAVAILABLE, "")
    assert errors == (
        "no answer: the service's answer has no 'orderId'; "
        "not known whether it arrived; trying again is safe with --idempotency-key mine\n"
    )


def test_command_names_the_order_when_the_rest_of_the_answer_is_wanting() -> None:
    accepted = {name: value for name, value in ORDER.items() if name != "createdAt"}
    with canned({EXECUTE: (202, accepted)}) as service:
        code, output, errors = shell(service, "", *SUBMIT)

    assert (code, output) == (ExitCode.UNAVAILABLE, "")
    assert errors.startswith(f"the order {ORDER_ID} was accepted\n")
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("words", "path", "missing"),
    [
        (["list"], "/api/orders?limit=20", "orders"),
        (["tokens"], "/api/tokens", "tokens"),
        (["pools"], "/api/pools", "pools"),
        (["launches"], "/api/launches?limit=20", "launches"),
        (["show", ORDER_ID], f"/api/orders/{ORDER_ID}", "createdAt"),
        (["follow", ORDER_ID], f"/api/orders/{ORDER_ID}", "sequence"),
    ],
    ids=["list", "tokens", "pools", "launches", "show", "follow"],
)
def test_command_says_what_is_missing_when_another_service_answers(
    words: list[str], path: str, missing: str
) -> None:
    with canned(ANSWERS | {path: (200, {})}) as service:
        code, output, errors = shell(service, "", *words)

    assert (code, output) == (ExitCode.UNAVAILABLE, "")
    assert errors.endswith(f"the service's answer has no '{missing}'\n")
    assert len(errors.splitlines()) == 1


def test_parts_of_an_answer_tell_what_they_lack_too() -> None:
    async def symbol(service: CannedService) -> Any:
        async with OrdersClient(service.url) as client:
            return (await client.tokens())["tokens"][0]["name"]

    with canned(ANSWERS) as service, pytest.raises(ClientError, match="has no 'name'"):
        asyncio.run(symbol(service))


def test_answer_is_an_ordinary_document_otherwise() -> None:
    with canned({EXECUTE: (202, ORDER)}) as service:
        order = answer_to_submit(service)

    assert order == ORDER
    assert order.get("nothing") is None
    assert json.loads(json.dumps(order)) == ACCEPTED | ORDER
