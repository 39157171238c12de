"""Queues as files: every message is one write, so that what was sent outlives its sender."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from chalicelib.domain.orders.events import Pack
from chalicelib.engine.messages import (
    ExecuteOrder,
    StatusUpdate,
    decode_execute_order,
    decode_status_message,
    encode,
)
from chalicelib.engine.ports.clock import Clock
from chalicelib.entrypoints.queue import HOLD_SECONDS

BATCH_MAX = 10
HOLD = timedelta(seconds=HOLD_SECONDS)


@dataclass(frozen=True, slots=True)
class Lines:
    """A file of JSON lines that several processes add to."""

    path: Path

    def append(self, *entries: Any) -> None:
        for entry in entries:
            line = json.dumps(entry).encode() + b"\n"
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, line)
            finally:
                os.close(file)

    def read(self) -> list[Any]:
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)


@dataclass(slots=True)
class FileOrderQueue:
    """A queue of orders; a message comes again to every process until it is deleted.

    What one process has received is hidden from itself for a while, but not from the next one: that
    one begins when the messages of its dead predecessor are visible again.
    """

    folder: Path
    clock: Clock
    name: str = "orders"
    hidden_until: dict[int, datetime] = field(default_factory=dict)

    @property
    def sent(self) -> Lines:
        return Lines(self.folder / self.name)

    @property
    def deleted(self) -> Lines:
        return Lines(self.folder / f"{self.name}.deleted")

    def enqueue(self, messages: Sequence[ExecuteOrder], *, delay_seconds: int = 0) -> None:
        visible_at = (self.clock.now() + timedelta(seconds=delay_seconds)).isoformat()
        self.sent.append(*({"body": encode(m), "visible_at": visible_at} for m in messages))

    def hold(self, receipts: Sequence[str], *, seconds: int) -> None:
        return

    def receive(self) -> dict[int, ExecuteOrder]:
        """Wait until there are messages to see and take a batch of them; none when all are gone."""
        waiting = self._waiting()
        if not waiting:
            return {}
        wait = min(visible_at for visible_at, _ in waiting.values()) - self.clock.now()
        self.clock.sleep(max(wait.total_seconds(), 0))
        now = self.clock.now()
        visible = [n for n, (visible_at, _) in waiting.items() if visible_at <= now][:BATCH_MAX]
        self.hidden_until.update(dict.fromkeys(visible, now + HOLD))
        return {n: decode_execute_order(waiting[n][1]) for n in visible}

    def delete(self, numbers: Iterable[int]) -> None:
        self.deleted.append(*numbers)

    def _waiting(self) -> dict[int, tuple[datetime, str]]:
        deleted = set(self.deleted.read())
        waiting = {}
        for number, message in enumerate(self.sent.read()):
            visible_at = datetime.fromisoformat(message["visible_at"])
            hidden_until = self.hidden_until.get(number, visible_at)
            if number not in deleted:
                waiting[number] = max(visible_at, hidden_until), message["body"]
        return waiting


@dataclass(frozen=True, slots=True)
class FileStatusQueue:
    """The announced packs, in the order in which they were announced."""

    folder: Path

    @property
    def sent(self) -> Lines:
        return Lines(self.folder / "status")

    def announce(self, packs: Sequence[Pack]) -> None:
        self.sent.append(*(encode(StatusUpdate(events=pack)) for pack in packs))

    def announced(self) -> list[Pack]:
        messages = [decode_status_message(body) for body in self.sent.read()]
        return [message.events for message in messages if isinstance(message, StatusUpdate)]
