"""What a failed run leaves: the faults, the functions' logs, and what every follower saw."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from infra.verify.chaos.faults import World
from infra.verify.chaos.load import Followed


def keep(folder: Path, world: World, faults: Sequence[str], orders: Sequence[Followed]) -> None:
    """Write it all into the folder, one file each, while the stack is still up."""
    _write(folder / "faults.log", faults)
    _write(folder / "orders.log", (_line_of(order) for order in orders))
    for function, name in world.names.items():
        _write(folder / f"{function}.log", _logged(world, f"/aws/lambda/{name}"))


def _line_of(order: Followed) -> str:
    trade = f"{order.amount} {order.token_in} → {order.token_out}"
    return f"{order.order_id or order.refusal}  {trade}  {order.frames}"


def _logged(world: World, group: str) -> Iterator[str]:
    logs: Any = world.stack.description.target().clients.client("logs")
    for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
        for event in page["events"]:
            yield json.dumps([event["timestamp"], event["message"]])


def _write(path: Path, lines: Sequence[str] | Iterator[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines))
