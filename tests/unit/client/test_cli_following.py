import asyncio
import contextlib
import json
import os
import re
import signal
from collections.abc import Sequence
from typing import IO, Any

import pytest

from orders_client.cli.exits import ExitCode
from tests.unit.client.commands import Finished, orders, started
from tests.unit.client.fake_stream import (
    ALL,
    CONFIRMED,
    FAILED,
    ORDER_ID,
    FakeService,
    served,
)

GREEN = "\x1b[32m"
COLOUR = re.compile(r"\x1b\[(?:\d+;)*3\dm")


@pytest.mark.parametrize(
    ("events", "code"),
    [(CONFIRMED, ExitCode.OK), (FAILED, ExitCode.ORDER_FAILED)],
    ids=["confirmed", "failed"],
)
def test_follow_prints_each_event_as_json_and_exits_by_the_last_one(
    events: Sequence[dict[str, Any]], code: ExitCode
) -> None:
    service = FakeService({ORDER_ID: [range(1, len(events) + 1)]}, events)

    exit_code, output, errors = orders(service, "follow", ORDER_ID, "--json")

    assert [json.loads(line) for line in output.splitlines()] == [
        {**event, "orderId": ORDER_ID} for event in events
    ]
    assert (exit_code, errors) == (code, "")


def test_follow_prints_a_plain_timeline_when_it_is_piped() -> None:
    service = FakeService({ORDER_ID: [ALL]})

    exit_code, output, errors = orders(service, "follow", ORDER_ID)

    heading, *lines = output.splitlines()
    limits = "slippage at most 100 bps, price impact at most 1500 bps"
    assert heading == f"{ORDER_ID}  1 SOL → USDC, {limits}"
    assert [line.split()[3] for line in lines] == [event["status"] for event in CONFIRMED]
    assert "\x1b" not in output
    assert (exit_code, errors) == (ExitCode.OK, "")


@pytest.mark.parametrize(
    ("environment", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False)], ids=["", "NO_COLOR"]
)
def test_timeline_is_coloured_in_a_terminal_unless_no_color_is_set(
    environment: dict[str, str], is_coloured: bool
) -> None:
    service = FakeService({ORDER_ID: [ALL]})

    async def run() -> str:
        terminal, child_side = os.openpty()
        with open(terminal, "rb", buffering=0) as screen:
            more = {"TERM": "xterm-256color"} | environment
            async with (
                served(service, seconds=60),
                started(service, "follow", ORDER_ID, stdout=child_side, **more),
            ):
                os.close(child_side)
                return await asyncio.to_thread(read_to_end, screen)

    output = asyncio.run(run())

    assert "confirmed" in output
    assert bool(COLOUR.search(output)) == is_coloured
    assert (f"{GREEN}confirmed" in output) == is_coloured


def read_to_end(screen: IO[bytes]) -> str:
    content = b""
    # Linux ends a terminal that nobody writes to any more with an error.
    with contextlib.suppress(OSError):
        while part := screen.read(4096):
            content += part
    return content.decode()


@pytest.mark.parametrize(
    ("events", "code"), [(CONFIRMED, ExitCode.OK), (FAILED, ExitCode.ORDER_FAILED)]
)
def test_follow_does_not_connect_when_after_leaves_out_the_last_event(
    events: Sequence[dict[str, Any]], code: ExitCode
) -> None:
    class Done(FakeService):
        def order(self, order_id: str, ticket: str | None = None) -> dict[str, Any]:
            last = events[-1]
            end = {"status": last["status"], "sequence": last["sequence"]}
            return super().order(order_id, ticket) | end

    service = Done({ORDER_ID: []}, events)

    assert orders(service, "follow", ORDER_ID, "--after", "99", "--json") == (code, "", "")
    assert service.connections == 0


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["for people", "for scripts"])
def test_follow_exits_with_130_and_says_how_to_go_on_when_it_is_interrupted(
    options: list[str],
) -> None:
    service = FakeService({ORDER_ID: [[1, 2]]})

    async def run() -> Finished:
        async with (
            served(service, seconds=60),
            started(service, "follow", ORDER_ID, *options) as process,
        ):
            assert process.stdout is not None
            first = b""
            while b"routing" not in first:
                first += await process.stdout.readline()
            process.send_signal(signal.SIGINT)
            output, errors = await process.communicate()
            return process.returncode, (first + output).decode(), errors.decode()

    exit_code, output, errors = asyncio.run(run())

    assert exit_code == ExitCode.INTERRUPTED
    assert output
    assert errors == f"to go on: orders follow {ORDER_ID} --after 2\n"


def test_follow_says_when_its_connection_breaks_and_shows_each_event_once() -> None:
    service = FakeService({ORDER_ID: [[1, 2, 1006], [3, 4, 5]]})

    exit_code, output, errors = orders(service, "follow", ORDER_ID, "--json")

    assert [json.loads(line)["sequence"] for line in output.splitlines()] == [1, 2, 3, 4, 5]
    assert (exit_code, errors) == (ExitCode.OK, "reconnecting…\n")
