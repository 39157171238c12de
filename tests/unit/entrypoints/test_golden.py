import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.world import ONE_SOL, World

GOLDEN_FOLDER = Path(__file__).parents[2] / "golden"


@pytest.mark.parametrize(
    ("name", "slippage_bps"), [("confirmed_order", 100), ("failed_order", 0)], ids=["good", "bad"]
)
def test_frames_are_exactly_the_golden_ones(name: str, slippage_bps: int) -> None:
    golden: list[Any] = json.loads((GOLDEN_FOLDER / f"{name}.json").read_text())
    world = World(latency=timedelta(seconds=2.5), seed="golden")
    order_id = world.submit(amount_in=3_000 * ONE_SOL, slippage_bps=slippage_bps)
    world.connect("follower", order_id)

    world.run()
    world.publish()

    assert world.feed.frames["follower"] == [json.dumps(frame) for frame in golden]
