"""What every Clock tells."""

from datetime import datetime, timedelta

import pytest

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.memory.ports import MemoryClock
from chalicelib.engine.ports.clock import Clock


@pytest.fixture(params=[MemoryClock, SystemClock], ids=["memory", "system"])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


def test_now_is_aware_and_utc_when_asked(clock: Clock) -> None:
    now = clock.now()

    assert isinstance(now, datetime)
    assert now.utcoffset() == timedelta(0)


@pytest.mark.parametrize("seconds", [0, 0.002])
def test_time_passes_when_somebody_sleeps(clock: Clock, seconds: float) -> None:
    before = clock.now()

    clock.sleep(seconds)

    assert clock.now() - before >= timedelta(seconds=seconds)
