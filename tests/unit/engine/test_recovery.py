from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.engine.messages import ExecuteOrder
from tests.watched import Call
from tests.world import World


class WorkerDiedError(BaseException):
    """Nothing may handle it: a killed process runs no handlers."""


class FragileWorld(World):
    """Its worker dies before its n-th call; the message comes again after a while."""

    dies_at = 0
    calls_made = 0
    is_working = False

    def execute(
        self, messages: Sequence[ExecuteOrder], *, has_time: Callable[[], bool] = lambda: True
    ) -> set[OrderId]:
        self.is_working = True
        try:
            return super().execute(messages, has_time=has_time)
        except WorkerDiedError:
            self.clock.sleep(30)
            return {message.order_id for message in messages}
        finally:
            self.is_working = False

    def before_call(self, port: str, call: Call) -> None:
        self.calls_made += self.is_working
        if self.is_working and self.calls_made == self.dies_at:
            raise WorkerDiedError
        super().before_call(port, call)


def followed_to_the_end(world: World) -> OrderId:
    order_id = world.submit()
    world.connect("follower", order_id)
    world.publish()
    world.run()
    world.publish()
    return order_id


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"latency": timedelta(seconds=2.5)},
        {"drop_rate_bps": 6_000, "latency": timedelta(seconds=1)},
        {"failure_rate_bps": 6_000, "latency": timedelta(seconds=1)},
        {"failure_rate_bps": 10_000},
    ],
    ids=["at once", "slow", "drops", "failures", "nothing but failures"],
)
def test_order_heals_when_the_worker_dies_at_any_call(arguments: dict[str, Any]) -> None:
    unharmed = FragileWorld(**arguments)
    followed_to_the_end(unharmed)

    for dies_at in range(1, unharmed.calls_made + 1):
        world = FragileWorld(**arguments)
        world.dies_at = dies_at
        order_id = followed_to_the_end(world)

        status = world.order(order_id).status
        history = world.store.history[order_id]
        swaps = [entry for entry in world.landed(order_id) if entry.error_code is None]
        assert status.is_final, dies_at
        assert len(swaps) == (status is OrderStatus.CONFIRMED), dies_at
        assert [event.sequence for event in history] == list(range(1, len(history) + 1)), dies_at
        assert world.sequences("follower") == [event.sequence for event in history], dies_at


def test_one_transaction_is_sent_when_the_worker_dies_at_any_call() -> None:
    unharmed = FragileWorld()
    followed_to_the_end(unharmed)

    for dies_at in range(1, unharmed.calls_made + 1):
        world = FragileWorld()
        world.dies_at = dies_at
        followed_to_the_end(world)

        sends = world.calls("chain.send")
        assert len({sent.wire_bytes for call in sends for sent in call.arguments[0]}) == 1, dies_at
