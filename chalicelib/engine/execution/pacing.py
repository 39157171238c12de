"""How fast the step machine goes."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """How fast the step machine goes: when it first asks for a confirmation, how often soon after
    that and later, and how long it waits inside an invocation before the queue does the waiting."""

    quote_latency: timedelta = timedelta(0)
    build_latency: timedelta = timedelta(0)
    confirmation_first: timedelta = timedelta(0)
    confirmation_poll: timedelta = timedelta(milliseconds=200)
    # Nearly all transactions land by then. The others are waited for in the queue: a few that the
    # network dropped would otherwise keep all workers.
    confirmation_soon: timedelta = timedelta(milliseconds=1_500)
    confirmation_poll_late: timedelta = timedelta(seconds=1)
    rebroadcast_after: timedelta = timedelta(seconds=4)
    backoff_first: timedelta = timedelta(milliseconds=500)
    backoff_max: timedelta = timedelta(seconds=8)
    attempts_max: int = 3
    # Liquidity may deepen while the price stands still: a limit that could not be filled at its
    # size is tried again after so long at the latest.
    limit_recheck: timedelta = timedelta(seconds=10)
    # The queue waits whole seconds, so a second is the shortest wait that it takes over.
    wait_inside_max: timedelta = timedelta(milliseconds=800)
    hold_every: timedelta = timedelta(seconds=5)

    def until_next_poll(self, asked_for: timedelta) -> timedelta:
        """When to ask again for a confirmation that has been asked for so long."""
        is_soon = asked_for < self.confirmation_soon
        return self.confirmation_poll if is_soon else self.confirmation_poll_late

    @property
    def slice_interval_min(self) -> timedelta:
        """The least time between two slices of an order over time, which swap one by one."""
        is_instant = self.confirmation_first == timedelta(0)
        return timedelta(seconds=1 if is_instant else 60)

    @property
    def wait_max(self) -> timedelta:
        """The longest wait that a step may ask for."""
        return max(
            self.quote_latency,
            self.build_latency,
            self.confirmation_first,
            self.confirmation_poll,
            self.confirmation_poll_late,
            self.backoff_max,
        )
