import io
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from chalicelib.engine.errors import UnavailableError
from tests.unit.functions import Functions, LambdaContext, captured
from tests.unit.log_lines import lines_of

INVOCATION = LambdaContext().aws_request_id
ORDER = '{"type":"MARKET","tokenIn":"SOL","tokenOut":"USDC","amount":1}'
JSON = {"content-type": "application/json"}
CONNECTION_ID = captured("websocket_connect")["requestContext"]["connectionId"]
ORDER_ID = "00000000-0000-4000-8000-000000000001"

Handle = Callable[[Functions], object]

EVENTS: dict[str, Handle] = {
    "ws_connected": lambda functions: functions.connect({"orderId": ORDER_ID}),
    "ws_refused": lambda functions: functions.connect({"orderId": "1"}),
    "ws_message": lambda functions: functions.message('{"action":"ping"}'),
    "orders_executed": lambda functions: functions.execute(captured("sqs_standard")),
    "statuses_published": lambda functions: functions.publish(captured("sqs_fifo")),
    "orders_rescued": lambda functions: functions.rescue(captured("sqs_standard")),
    "swept": lambda functions: functions.sweep(),
}


@pytest.mark.parametrize(("action", "handle"), EVENTS.items(), ids=EVENTS.keys())
def test_every_line_names_the_invocation_when_an_event_is_handled(
    functions: Functions, log_output: io.StringIO, action: str, handle: Handle
) -> None:
    functions.world.feed.open(CONNECTION_ID)
    functions.world.submit()
    log_output.truncate(0)
    log_output.seek(0)

    handle(functions)

    lines = lines_of(log_output)
    assert lines[-1]["action"] == action
    assert {line["request_id"] for line in lines} == {INVOCATION}
    assert type(lines[-1]["duration_ms"]) is int


def test_every_line_names_the_request_when_a_client_can_ask_for_it(
    functions: Functions, log_output: io.StringIO
) -> None:
    answer = functions.post(ORDER, headers=JSON)

    lines = lines_of(log_output)
    assert [line["action"] for line in lines] == ["order_accepted", "http"]
    assert {line["request_id"] for line in lines} == {answer.headers["X-Request-Id"]}
    assert answer.headers["X-Request-Id"] == captured("http_post")["requestContext"]["requestId"]


def test_request_gets_a_name_when_the_gateway_gave_it_none(
    functions: Functions, log_output: io.StringIO
) -> None:
    event = captured("http_get")
    event["resource"] = event["requestContext"]["resourcePath"] = "/api/orders"
    event["requestContext"]["httpMethod"] = "PUT"
    del event["requestContext"]["requestId"]

    answers = [functions.http(event) for _ in range(2)]

    named = [answer.headers["X-Request-Id"] for answer in answers]
    assert len({"", *named}) == 3
    assert [answer.document["requestId"] for answer in answers] == named
    assert [line["request_id"] for line in lines_of(log_output)] == named


def test_failure_names_the_request_when_it_is_ours(
    functions: Functions, log_output: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    functions.deploy(submitter=SimpleNamespace(submit=lambda **_: 1 // 0))

    answer = functions.post(ORDER, headers=JSON)

    [failure, request] = lines_of(log_output)
    assert (failure["action"], request["status"]) == ("request_failed", 500)
    assert "ZeroDivisionError" in failure["exception"]
    assert failure["request_id"] == request["request_id"] == answer.headers["X-Request-Id"]


def test_line_names_nothing_when_the_event_before_it_failed(
    functions: Functions, log_output: io.StringIO
) -> None:
    functions.world.outages["store"] = UnavailableError("database")
    with pytest.raises(UnavailableError):
        functions.sweep()
    functions.world.outages.clear()

    functions.world.submit()

    [line] = lines_of(log_output)
    assert line["request_id"] == ""


def test_http_line_says_what_was_asked_and_how_long_it_took(
    functions: Functions, log_output: io.StringIO
) -> None:
    functions.get("/api/tokens", query={"ticket": "t"})

    [line] = lines_of(log_output)
    assert (line["method"], line["path"], line["status"]) == ("GET", "/api/tokens", 200)
    assert 0 <= line["duration_ms"] < 60_000
