"""What an audit has found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A claim that must always hold: how often it was looked at, and how often it was wrong.

    `subjects` are the orders where it was wrong; for a ledger entry that names none, its memo.
    """

    name: str
    claim: str
    looked_at: int
    wrong: int
    subjects: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Every check, and how many orders there are.

    Unfinished orders are not final yet; of these, the ones in flight have a swap in the ledger.
    """

    checks: tuple[Check, ...]
    orders: int
    unfinished: int
    in_flight: int

    @property
    def holds(self) -> bool:
        return not self.findings

    @property
    def findings(self) -> Mapping[str, Sequence[str]]:
        """The subjects of each check that does not hold, by the check's name."""
        return {check.name: check.subjects for check in self.checks if check.wrong}
