"""CPU time by part of a stack, as Linux counts it for each process."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

import psutil

from infra.local.functions import processes_below, template_name

POSTGRES, EMULATOR, FRONT_DOOR, OTHER = "Postgres", "emulator", "front door", "other"
#: What functions used that ended before anybody saw them, or after they were last seen.
UNSEEN = "functions, unseen"
# The functions are quiet when they use no more than this in a second.
QUIET_CPU_SECONDS = 0.02
SETTLE_SECONDS_MAX = 20

_PROGRAMS = {"infra.local.emulator": EMULATOR, "infra.local.front_door": FRONT_DOOR}
# A number may come again: the time when the process was created makes it unique.
Key = tuple[int, float]


class Reading(NamedTuple):
    """What the kernel says of one process."""

    #: What it is, or nothing when it does not tell.
    part: str
    parent_id: int
    own_seconds: float
    #: Of children that have ended, for their whole lives.
    children_seconds: float = 0.0


class CpuLedger:
    """Adds up readings. What a process used after its last one is found at its parent's."""

    def __init__(self, start: Mapping[Key, Reading]) -> None:
        self._start, self._last, self._now = start, dict(start), start

    def add(self, readings: Mapping[Key, Reading]) -> None:
        """Note the readings of all processes there are now."""
        self._now = readings
        for key, reading in readings.items():
            known = self._last.get(key, reading)
            # What has ended, and is not buried yet, does not tell any more what it was.
            self._last[key] = reading if reading.part else reading._replace(part=known.part)

    def spent(self) -> dict[str, float]:
        """Return the CPU seconds of each part since the start."""
        spent: defaultdict[str, float] = defaultdict(float)
        unseen: defaultdict[int, float] = defaultdict(float)
        for key, last in self._last.items():
            before = self._start.get(key, Reading("", 0, 0.0))
            spent[last.part or OTHER] += last.own_seconds - before.own_seconds
            unseen[key[0]] += last.children_seconds - before.children_seconds
            if key not in self._now:
                unseen[last.parent_id] -= last.own_seconds + last.children_seconds
        for key, last in self._last.items():
            part = UNSEEN if last.part == EMULATOR else last.part or OTHER
            # A little less than nothing is what rounding leaves.
            spent[part] += max(0.0, unseen.pop(key[0], 0.0))
        return {part: seconds for part, seconds in spent.items() if seconds > 0}


class CpuMeter:
    """Reads the processes below one, from when it is made."""

    def __init__(self, parent_id: int) -> None:
        self._parent_id = parent_id
        self._ledger = CpuLedger(_read(parent_id))

    def sample(self) -> dict[str, float]:
        """Return the CPU seconds of each part until now; the more often, the less is unseen."""
        self._ledger.add(_read(self._parent_id))
        return self._ledger.spent()

    async def settled(self) -> dict[str, float]:
        """Return the CPU seconds of each part once the functions have nothing left to do."""
        before, spent = 0.0, self.sample()
        deadline = time.monotonic() + SETTLE_SECONDS_MAX
        while _of_functions(spent) > before + QUIET_CPU_SECONDS and time.monotonic() < deadline:
            await asyncio.sleep(1)
            before, spent = _of_functions(spent), self.sample()
        return spent


def _read(parent_id: int) -> dict[Key, Reading]:
    readings = {}
    for process in processes_below([parent_id]):
        with suppress(psutil.NoSuchProcess), process.oneshot():
            times = process.cpu_times()
            # Other systems than Linux do not count what ended children have used.
            children = [getattr(times, f"children_{kind}", 0.0) for kind in ("user", "system")]
            readings[process.pid, process.create_time()] = Reading(
                _part_of(process), process.ppid(), times.user + times.system, sum(children)
            )
    return readings


def _of_functions(spent: Mapping[str, float]) -> float:
    return sum(s for part, s in spent.items() if part not in (POSTGRES, EMULATOR, FRONT_DOOR))


def _part_of(process: psutil.Process) -> str:
    if process.name() == "postgres":
        return POSTGRES
    with suppress(psutil.AccessDenied, psutil.ZombieProcess):
        if function := process.environ().get("AWS_LAMBDA_FUNCTION_NAME"):
            return template_name(function)
        return next((_PROGRAMS[word] for word in process.cmdline() if word in _PROGRAMS), "")
    return ""
