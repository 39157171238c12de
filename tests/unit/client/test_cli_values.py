import pytest
from typer.testing import CliRunner

from orders_client.cli.app import app
from orders_client.cli.exits import ExitCode
from tests.unit.client.fake_http import canned
from tests.unit.client.fake_stream import ACCEPTED, ORDER_ID

ORDER = ACCEPTED | {"orderId": ORDER_ID, "streamUrl": "ws://localhost/"}
AMOUNTS = ["sol", ".5", "1.", "01", "1e-8", "-1", "-.5", "", "0", "0.0", "1,5", "1\n", "[b]1"]
IDS = ["", ORDER_ID[:3], f"{ORDER_ID}/", f"{ORDER_ID}\n", "..", "[b]nonsense"]


def refused(*words: str) -> str:
    """The last line of the error; nothing is sent."""
    with canned({}) as service:
        result = CliRunner().invoke(app, ["--url", service.url, *words], prog_name="orders")

    assert (result.exit_code, result.stdout, service.requests) == (ExitCode.USAGE, "", [])
    last: str = result.stderr.splitlines()[-1]
    return last


@pytest.mark.parametrize("amount", AMOUNTS)
@pytest.mark.parametrize("command", ["submit", "quote"])
def test_amount_is_wrong_usage_when_it_is_no_positive_decimal(command: str, amount: str) -> None:
    said = refused(command, "SOL", "USDC", amount)

    assert said.endswith(f"a positive decimal in whole tokens, such as 1 or 0.25, not {amount!r}")


@pytest.mark.parametrize("words", [["--json", "-1"], ["--slippage-bps", "5", "-1"], ["--", "-1"]])
def test_amount_below_zero_is_told_as_one_when_it_comes_after_options(words: list[str]) -> None:
    assert refused("submit", "SOL", "USDC", *words).endswith("not '-1'")


def test_number_below_zero_is_sent_when_it_is_the_value_of_an_option() -> None:
    with canned({"/api/orders/execute": (202, ORDER)}) as service:
        words = ["submit", "SOL", "USDC", "1", "--slippage-bps", "-1"]
        CliRunner().invoke(app, ["--url", service.url, *words])

    assert service.requests[-1].body["slippageBps"] == -1


@pytest.mark.parametrize("order_id", IDS)
@pytest.mark.parametrize("command", ["show", "follow"])
def test_name_of_an_order_is_wrong_usage_when_no_id_begins_so(command: str, order_id: str) -> None:
    said = refused(command, order_id)

    assert "an order is named by its id, such as" in said
    assert said.endswith(f"not by {order_id!r}")
