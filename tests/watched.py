"""Ports that a test watches, and the deployment that is made of them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from chalicelib.bootstrap import Deployment
from chalicelib.domain.orders.order import OrderId

if TYPE_CHECKING:
    from tests.world import World


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a port: its name as `port.method`, and what was passed."""

    name: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]


class Watched:
    """A port behind the world's journal, outages and interruptions."""

    def __init__(self, world: "World", name: str, port: Callable[[], Any]) -> None:
        self._world, self._name, self._port = world, name, port

    def __getattr__(self, method: str) -> Any:
        # Looked up each time: a test may exchange a part of its world between two calls.
        attribute = getattr(self._port(), method)
        if not callable(attribute):
            return attribute

        def call(*args: Any, **kwargs: Any) -> Any:
            self._world.before_call(self._name, Call(f"{self._name}.{method}", args, kwargs))
            answer = attribute(*args, **kwargs)
            self._world.after_call(f"{self._name}.{method}")
            return answer

        return call


class WatchedDeployment(Deployment):
    """The deployment of a world in memory: real use cases, the world's ports."""

    def __init__(self, held: "World") -> None:
        super().__init__(lambda: held.settings)
        self._held = held

    def configure_logging(self) -> None:
        """Leave the test runner its handlers."""

    def new_order_id(self) -> OrderId:
        return self._held.new_order_id()

    @cached_property
    def world(self) -> Any:
        held = self._held
        return SimpleNamespace(
            venues=held.watched_venues(),
            listing=held.market,
            chain=held.watched("chain"),
            wallet=held.watched("wallet"),
            price_history=held.price_history,
            pacing=held.pacing,
        )

    @cached_property
    def order_store(self) -> Any:
        return self._held.watched("store")

    @cached_property
    def order_queue(self) -> Any:
        return self._held.watched("order_queue")

    @cached_property
    def status_queue(self) -> Any:
        return self._held.watched("status_queue")

    @cached_property
    def follower_store(self) -> Any:
        return self._held.watched("followers")

    @cached_property
    def status_feed(self) -> Any:
        return self._held.watched("feed")

    @cached_property
    def clock(self) -> Any:
        return self._held.watched("clock")

    @cached_property
    def random(self) -> Any:
        return self._held.random
