"""Smooth noise that every process on every machine sees the same, in integers only."""

import hashlib
from functools import lru_cache

# Noise is in parts per billion, prices in nano-dollars.
ONE = 10**9


def smooth_noise(seed: str, key: str, slot: int, period_slots: int) -> int:
    """Return noise in [-10⁹, 10⁹]: random at multiples of the period, cubic in between."""
    step, offset = divmod(slot, period_slots)
    start, end = rough_noise(seed, key, step), rough_noise(seed, key, step + 1)
    eased = offset * offset * (3 * period_slots - 2 * offset)
    return start + (end - start) * eased // period_slots**3


@lru_cache(maxsize=1 << 14)
def rough_noise(seed: str, key: str, step: int) -> int:
    """Return noise in [-10⁹, 10⁹], independent from step to step."""
    digest = hashlib.blake2b(f"{seed}|{key}|{step}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % (2 * ONE + 1) - ONE


def drawn(seed: str, key: str, step: int, low: int, high: int) -> int:
    """Return a number from low to high, both included, independent from step to step."""
    return low + (rough_noise(seed, key, step) + ONE) * (high - low + 1) // (2 * ONE + 1)
