"""What goes wrong in the simulated world: a pure function of a seed and of what it happens to, so
that a failing run can be repeated."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.amounts import BPS

# A slow transaction takes this many times as long.
SLOWNESS = 10
# Congestion comes and goes in stretches of about half a minute, and drops most of what is sent.
CONGESTION_SLOTS = 75
CONGESTED_DROP_RATE_BPS = 8_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """How the network and the venues treat us; rates are parts per ten thousand.

    Latency is from sending to landing. A send whose answer is lost arrives all the same.
    """

    seed: str
    latency_min: timedelta = timedelta(0)
    latency_max: timedelta = timedelta(0)
    drop_rate_bps: int = 0
    failure_rate_bps: int = 0
    slow_rate_bps: int = 0
    lost_answer_rate_bps: int = 0
    quote_timeout_rate_bps: int = 0
    congestion_rate_bps: int = 0

    def latency(self, signature: str) -> timedelta:
        """Return how long the transaction is under way."""
        span = self.latency_max - self.latency_min
        latency = self.latency_min + span * self._chance(f"latency|{signature}") // BPS
        is_slow = self._happens(self.slow_rate_bps, f"slow|{signature}")
        return latency * SLOWNESS if is_slow else latency

    def drops(self, signature: str, slot: int) -> bool:
        """Tell whether the network loses the transaction when it is sent in that slot."""
        stretch = slot // CONGESTION_SLOTS
        is_congested = self._happens(self.congestion_rate_bps, f"congestion|{stretch}")
        rate_bps = max(self.drop_rate_bps, CONGESTED_DROP_RATE_BPS * is_congested)
        return self._happens(rate_bps, f"drop|{signature}|{slot}")

    def fails(self, signature: str) -> bool:
        """Tell whether the transaction lands and fails on chain."""
        return self._happens(self.failure_rate_bps, f"fail|{signature}")

    def loses_answer(self, signature: str, slot: int) -> bool:
        """Tell whether the sender does not hear that the transaction has arrived."""
        return self._happens(self.lost_answer_rate_bps, f"answer|{signature}|{slot}")

    def silences(self, venue: str, slot: int) -> bool:
        """Tell whether the venue does not answer in that slot."""
        return self._happens(self.quote_timeout_rate_bps, f"silence|{venue}|{slot}")

    def _happens(self, rate_bps: int, key: str) -> bool:
        return bool(rate_bps) and self._chance(key) < rate_bps

    def _chance(self, key: str) -> int:
        """A number in 0…9,999 that the seed and the key decide."""
        digest = hashlib.blake2b(f"{self.seed}|{key}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) % BPS
