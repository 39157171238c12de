from functools import partial

import pytest

from chalicelib.adapters.memory.ports import MemoryClock
from chalicelib.adapters.threads import CALLS_AT_ONCE, side_by_side
from chalicelib.engine.ports.side_by_side import SideBySide

BOTH = pytest.mark.parametrize(
    "make", [MemoryClock().side_by_side, side_by_side], ids=["memory", "threads"]
)


@BOTH
@pytest.mark.parametrize("many", [0, 1, 2, 10 * CALLS_AT_ONCE])
def test_calls_answer_in_order_however_many_there_are(make: SideBySide, many: int) -> None:
    assert [*make([partial(int, number) for number in range(many)])] == [*range(many)]


@BOTH
def test_error_is_raised_when_all_calls_are_done(make: SideBySide) -> None:
    done: list[int] = []

    def fail() -> None:
        raise ValueError("spoiled")

    with pytest.raises(ValueError, match="spoiled"):
        make([fail, *(partial(done.append, number) for number in range(3))])

    assert sorted(done) == [0, 1, 2]


@BOTH
def test_calls_may_make_calls_side_by_side(make: SideBySide) -> None:
    inner = partial(make, [partial(int, number) for number in range(3)])

    assert [[*numbers] for numbers in make([inner] * 3)] == [[0, 1, 2]] * 3
