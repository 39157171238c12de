import io

import pytest

from chalicelib.adapters.postgres.database import PostgresDatabase
from chalicelib.adapters.postgres.orders import PostgresOrderStore
from chalicelib.adapters.solana.wallet import SolanaWallet
from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.messages import ExecuteOrder, encode
from chalicelib.entrypoints import logs
from chalicelib.settings import SettingsError, settings_of
from tests.unit.functions import Functions, batch, captured
from tests.unit.log_lines import lines_of
from tests.world import KEYPAIR, SETTINGS

PASSWORD = "correct-horse"
DATABASE_URLS = {
    "out of reach": f"postgresql://orders:{PASSWORD}@127.0.0.1:1/orders",
    "malformed": f"orders:{PASSWORD}@127.0.0.1/orders",
    "badly escaped": f"postgresql://orders:%{PASSWORD}@127.0.0.1/orders",
}
API_KEY, TICKET, AUTHORIZATION = "key_battery", "ticket.staple", "Bearer key_battery"
WALLET_KEY = str(KEYPAIR)
SECRETS = (PASSWORD, API_KEY, TICKET, WALLET_KEY, bytes(KEYPAIR).hex())
ORDER = '{"type":"MARKET","tokenIn":"SOL","tokenOut":"USDC","amount":1}'
HEADERS = {
    "content-type": "application/json",
    "authorization": AUTHORIZATION,
    "x-api-key": API_KEY,
}


def assert_tells_nothing(output: str) -> None:
    assert [secret for secret in SECRETS if secret in output] == []


def run_an_order(functions: Functions) -> OrderId:
    """From the post to the last frame, with every secret that a client or a deployment has."""
    order_id = OrderId(functions.post(ORDER, headers=HEADERS).document["orderId"])
    functions.get("/api/orders/{order_id}", path={"order_id": order_id}, query={"ticket": TICKET})
    functions.get("/api/orders", query={"ticket": TICKET, "cursor": TICKET})
    functions.connect({"orderId": order_id, "ticket": TICKET})
    functions.connect({"orderId": TICKET, "ticket": TICKET})
    functions.message(f'{{"action":"{TICKET}"}}')
    functions.execute(batch("sqs_standard", [encode(ExecuteOrder(order_id=order_id)), TICKET]))
    functions.publish(captured("sqs_fifo"))
    functions.rescue(captured("sqs_standard"))
    functions.sweep()
    return order_id


def test_log_tells_no_secret_when_an_order_is_executed(
    functions: Functions, log_output: io.StringIO
) -> None:
    logs.configure("DEBUG", stack="test", stream=log_output)
    functions.world.feed.open(captured("websocket_connect")["requestContext"]["connectionId"])

    order_id = run_an_order(functions)

    assert functions.world.order(order_id).status == "confirmed"
    actions = {line["action"] for line in lines_of(log_output)}
    assert {"order_accepted", "order_confirmed", "ws_refused", "http", "swept"} <= actions
    assert_tells_nothing(log_output.getvalue())


@pytest.mark.parametrize("url", DATABASE_URLS.values(), ids=DATABASE_URLS.keys())
def test_log_tells_no_password_when_the_database_does_not_answer(
    functions: Functions,
    log_output: io.StringIO,
    url: str,
) -> None:
    store = PostgresOrderStore(PostgresDatabase(url))
    functions.deploy(order_store=store)

    answer = functions.post(ORDER, headers=HEADERS)

    assert answer.status in (500, 503)
    assert "request_failed" in {line["action"] for line in lines_of(log_output)}
    assert_tells_nothing(log_output.getvalue() + answer.body)


def test_error_tells_no_secret_when_the_settings_are_incomplete() -> None:
    secrets = {"database_url": DATABASE_URLS["malformed"], "wallet_secret_key": WALLET_KEY}
    rest = {name: value for name, value in SETTINGS.items() if name not in secrets}
    rest.pop("stream_url")

    with pytest.raises(SettingsError) as raised:
        settings_of(rest | secrets)

    assert_tells_nothing(str(raised.value))


def test_error_tells_no_secret_when_the_wallet_key_is_malformed() -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        SolanaWallet.from_base58(WALLET_KEY[:-1])

    assert WALLET_KEY[:-1] not in str(raised.value)
