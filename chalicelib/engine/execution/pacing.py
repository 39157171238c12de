"""How fast the step machine goes."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """How fast the step machine goes: when it first asks for a confirmation, how often after that,
    and how long it waits inside an invocation before the queue does the waiting."""

    quote_latency: timedelta = timedelta(0)
    build_latency: timedelta = timedelta(0)
    confirmation_first: timedelta = timedelta(0)
    confirmation_poll: timedelta = timedelta(milliseconds=200)
    rebroadcast_after: timedelta = timedelta(seconds=4)
    backoff_first: timedelta = timedelta(milliseconds=500)
    backoff_max: timedelta = timedelta(seconds=8)
    attempts_max: int = 3
    wait_inside_max: timedelta = timedelta(seconds=1)
    hold_every: timedelta = timedelta(seconds=5)

    @property
    def wait_max(self) -> timedelta:
        """The longest wait that a step may ask for."""
        return max(
            self.quote_latency,
            self.build_latency,
            self.confirmation_first,
            self.confirmation_poll,
            self.backoff_max,
        )
