import os
import subprocess
import sys

import pytest

from infra.paths import ROOT
from orders_client.cli.exits import ExitCode
from tests.unit.client.commands import Finished
from tests.unit.client.fake_http import CannedService, canned
from tests.unit.client.fake_stream import ACCEPTED, ORDER_ID

ORDER = ACCEPTED | {"orderId": ORDER_ID, "streamUrl": "ws://localhost/"}
LISTED = ORDER | {
    "createdAt": "2026-01-01T00:00:00.000Z",
    "type": "MARKET",
    "tokenIn": "SOL",
    "tokenOut": "USDC",
    "amount": "1",
}
TOKENS = {"tokens": [{"symbol": "→ ключ", "mint": "m", "decimals": 9}]}
ANSWERS = {"/api/orders/execute": (202, ORDER), "/api/tokens": (200, TOKENS)}
READ = ANSWERS | {
    "/api/orders?limit=20": (200, {"orders": [LISTED], "nextCursor": None}),
    f"/api/orders/{ORDER_ID}": (200, ORDER | {"events": []}),
}
SUBMIT = ("submit", "SOL", "USDC", "1")
ACCEPTED_LINE = f"the order {ORDER_ID} was accepted\n"
GONE = ["> /dev/full", ">&-", "| true"]


def shell(service: CannedService, redirection: str, *words: str, encoding: str = "") -> Finished:
    """Run the command in a shell; with `encoding`, in a terminal that has no other characters."""
    script = f'set -o pipefail; "$0" -m orders_client.cli "$@" {redirection}'
    done = subprocess.run(
        ["bash", "-c", script, sys.executable, *words],
        cwd=ROOT,
        env=os.environ | {"ORDERS_URL": service.url, "PYTHONIOENCODING": encoding},
        capture_output=True,
        timeout=60,
    )
    return done.returncode, done.stdout.decode("latin-1"), done.stderr.decode()


@pytest.mark.parametrize("redirection", GONE)
@pytest.mark.parametrize("options", [[], ["--json"]], ids=["for people", "for scripts"])
def test_submit_succeeds_and_names_its_order_when_stdout_is_gone(
    redirection: str, options: list[str]
) -> None:
    with canned(ANSWERS) as service:
        code, _, errors = shell(service, redirection, *SUBMIT, *options)

    assert code == ExitCode.OK
    assert errors.startswith(ACCEPTED_LINE)
    assert ("could not be written" in errors) == (redirection != "| true")


@pytest.mark.parametrize("redirection", ["> /dev/full 2>&1", ">&- 2>&-", "2>&-"])
def test_submit_succeeds_when_stderr_is_gone(redirection: str) -> None:
    with canned(ANSWERS) as service:
        assert shell(service, redirection, *SUBMIT)[0] == ExitCode.OK


@pytest.mark.parametrize("redirection", GONE)
@pytest.mark.parametrize(
    ("words", "expected"),
    [(["--help"], ExitCode.OK), (["pools"], ExitCode.REFUSED)],
    ids=["help", "refused"],
)
def test_exit_code_keeps_its_meaning_when_stdout_is_gone(
    redirection: str, words: list[str], expected: ExitCode
) -> None:
    with canned(ANSWERS) as service:
        code, _, errors = shell(service, redirection, *words)

    assert code == expected
    assert "Traceback" not in errors


@pytest.mark.parametrize("redirection", GONE)
@pytest.mark.parametrize("words", [["tokens"], ["list"], ["show", ORDER_ID]], ids=" ".join)
@pytest.mark.parametrize("options", [[], ["--json"]], ids=["for people", "for scripts"])
def test_command_that_only_shows_something_fails_when_it_cannot(
    redirection: str, words: list[str], options: list[str]
) -> None:
    with canned(READ) as service:
        code, _, errors = shell(service, redirection, *words, *options)

    # A reader that left, such as `head`, has what it wanted.
    is_lost = redirection != "| true"
    assert code == (ExitCode.OUTPUT_LOST if is_lost else ExitCode.OK)
    assert errors.startswith("the output could not be written: " if is_lost else "")
    assert len(errors.splitlines()) == is_lost


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize(
    ("words", "shown"), [(SUBMIT, f"{ORDER_ID}  1 SOL ? USDC"), (["tokens"], "? ????")]
)
def test_character_is_replaced_when_the_terminal_cannot_show_it(
    encoding: str, words: list[str], shown: str
) -> None:
    with canned(ANSWERS) as service:
        code, output, errors = shell(service, "", *words, encoding=encoding)

    assert (code, errors) == (ExitCode.OK, "")
    assert shown in output
