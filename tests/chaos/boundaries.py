"""The edges of what a process does to the world outside it, and what may happen to it there."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from multiprocessing.synchronize import Event
from typing import Any

from chalicelib.engine.ports.clock import Clock
from tests.chaos.files import Lines

PATIENCE_SECONDS = 60
# What the journal of a process ends with that came to its end.
END = "end"

# What changes the world: a call of another name is not counted.
COUNTED = {
    "store": {"add", "save", "schedule_sweep"},
    "chain": {"send"},
    "order_queue": {"enqueue"},
    "status_queue": {"announce"},
    "book": {"tick", "postpone"},
}
# A statement is done or not; these are a message or a transaction after the other.
DIVISIBLE = {"chain.send", "order_queue.enqueue", "status_queue.announce"}


class Moment(StrEnum):
    """When something happens to the process: around the call, or when half of it is done."""

    BEFORE = "before"
    WITHIN = "within"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Gate:
    """A process waits here until another lets it go on."""

    reached: Event
    opened: Event

    def pass_through(self) -> None:
        self.reached.set()
        assert self.opened.wait(PATIENCE_SECONDS), "nobody opened the gate"

    def await_arrival(self) -> None:
        assert self.reached.wait(PATIENCE_SECONDS), "nobody came to the gate"

    def open(self) -> None:
        self.opened.set()


@dataclass(frozen=True, slots=True)
class Strike:
    """What happens at the boundary of that number: the process kills itself, or waits at a gate."""

    number: int
    moment: Moment
    gate: Gate | None = None

    def fall(self) -> None:
        if self.gate is None:
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            self.gate.pass_through()


@dataclass(frozen=True, slots=True)
class Boundary:
    """A boundary that a process came to, by its clock; `size` is how much the call was about."""

    name: str
    size: int
    at: datetime

    @property
    def moments(self) -> list[Moment]:
        is_divisible = self.name in DIVISIBLE and self.size > 1
        return [m for m in Moment if m is not Moment.WITHIN or is_divisible]


@dataclass(slots=True, kw_only=True)
class Boundaries:
    """Counts the boundaries of this process and writes each down before it is crossed."""

    journal: Lines
    clock: Clock
    strike: Strike | None = None
    count: int = field(default=0, init=False)

    def cross(self, name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.count += 1
        subject = args[0] if args else None
        size = len(subject) if isinstance(subject, (list, tuple)) else 1
        self.record(name, size)
        if self.strike is None or self.strike.number != self.count:
            return call(*args, **kwargs)
        if self.strike.moment is Moment.BEFORE:
            self.strike.fall()
            return call(*args, **kwargs)
        if self.strike.moment is Moment.WITHIN:
            args = (subject[: size // 2], *args[1:])
        try:
            return call(*args, **kwargs)
        finally:
            self.strike.fall()

    def record(self, name: str, size: int) -> None:
        self.journal.append({"name": name, "size": size, "at": self.clock.now().isoformat()})


class Counted:
    """A port whose counted calls are boundaries."""

    def __init__(self, name: str, port: Any, boundaries: Boundaries) -> None:
        self._name, self._port, self._boundaries = name, port, boundaries

    def __getattr__(self, method: str) -> Any:
        attribute = getattr(self._port, method)
        if method not in COUNTED.get(self._name, ()):
            return attribute

        def call(*args: Any, **kwargs: Any) -> Any:
            return self._boundaries.cross(f"{self._name}.{method}", attribute, *args, **kwargs)

        return call
