"""Ports that a test watches, who watches them, and the deployment that is made of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from chalicelib.bootstrap import Deployment
from chalicelib.domain.orders.order import OrderId
from chalicelib.simulation.directory import SimulatedListing

if TYPE_CHECKING:
    from tests.world import World


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a port: its name as `port.method`, and what was passed."""

    name: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]


class Watched:
    """A port behind the journal, outages and interruptions of who watches it."""

    def __init__(self, watching: "Watching", name: str, port: Callable[[], Any]) -> None:
        self._watching, self._name, self._port = watching, name, port

    def __getattr__(self, method: str) -> Any:
        # Looked up each time: a test may exchange a part of its world between two calls.
        attribute = getattr(self._port(), method)
        if not callable(attribute):
            return attribute

        def call(*args: Any, **kwargs: Any) -> Any:
            self._watching.before_call(self._name, Call(f"{self._name}.{method}", args, kwargs))
            answer = attribute(*args, **kwargs)
            self._watching.after_call(f"{self._name}.{method}")
            return answer

        return call


@dataclass(kw_only=True, repr=False)
class Watching:
    """Sees every call of the ports that are its attributes, and interferes as the test likes.

    Every call of a port is written down in `journal`. A port or call named in `outages` raises what
    stands there, and one named in `unheard` does so when it is done; `meanwhile` lets somebody else
    act just before a call.
    """

    journal: list[Call] = field(default_factory=list)
    outages: dict[str, Exception] = field(default_factory=dict)
    unheard: dict[str, Exception] = field(default_factory=dict)
    interruptions: dict[str, Callable[[], object]] = field(default_factory=dict)

    def calls(self, *names: str) -> list[Call]:
        """The journal's calls of these names."""
        return [call for call in self.journal if call.name in names]

    def meanwhile(self, name: str, action: Callable[[], object]) -> None:
        """Let the action happen once, just before the next call of that name."""
        self.interruptions[name] = action

    def watched(self, name: str) -> Any:
        """The port of that name as the engine sees it."""
        return Watched(self, name, lambda: getattr(self, name))

    def before_call(self, port: str, call: Call) -> None:
        """Called by every watched port before it does anything."""
        self.journal.append(call)
        self.interruptions.pop(call.name, lambda: None)()
        for refused in (port, call.name):
            if refused in self.outages:
                raise self.outages[refused]

    def after_call(self, name: str) -> None:
        """Called by every watched port when it is done."""
        if name in self.unheard:
            raise self.unheard[name]


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
            listing=SimulatedListing(market=held.market, clock=held.clock),
            rates=held.watched("rates"),
            chain=held.watched("chain"),
            wallet=held.watched("wallet"),
            price_history=held.price_history,
            pool_feed=held.watched("pool_feed"),
            pacing=held.pacing,
        )

    @cached_property
    def order_store(self) -> Any:
        return self._held.watched("store")

    @cached_property
    def halt_switch(self) -> Any:
        return self._held.watched("switch")

    @cached_property
    def watch_book(self) -> Any:
        return self._held.watched("book")

    def start_watcher(self) -> None:
        self._held.watched("starter").start()

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

    @property
    def side_by_side(self) -> Any:
        return self._held.clock.side_by_side

    @cached_property
    def random(self) -> Any:
        return self._held.random
