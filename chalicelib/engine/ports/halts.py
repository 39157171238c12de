"""The switch by which an operator stops a stage."""

from datetime import datetime
from typing import Protocol


class HaltSwitch(Protocol):
    """While it is thrown, the OrderStore takes no new order and no newly signed transaction; all
    else goes on. Raises UnavailableError when out of reach."""

    def halted_since(self) -> datetime | None:
        """Return when the stage was halted; None while it is not."""

    def halt(self, at: datetime) -> datetime:
        """Halt the stage, and return since when it is halted: that moment, or an earlier one."""

    def resume(self, at: datetime) -> bool:
        """Let the stage go on; the sweep queues the orders that stood still. False when it was not
        halted."""
