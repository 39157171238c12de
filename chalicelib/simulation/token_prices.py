"""What a token costs in one slot: fairly, and at each venue.

A venue deviates by token, not by pair: what a token costs there in one pair it costs in all, so the
rates within a venue agree. Deviations are factors, in parts per billion; prices are nano-dollars.
"""

from functools import lru_cache
from typing import NamedTuple

from chalicelib.domain.tokens import Token
from chalicelib.simulation.listings import (
    LISTED_TOKENS,
    METEORA,
    RAYDIUM,
    ListedToken,
    StakedToken,
)
from chalicelib.simulation.noise import ONE, drawn, rough_noise, smooth_noise

PPB_PER_BPS = 100_000

# How far a pool's price stands from its venue's at most: half a bps, so that two pools of a stable
# pair, a half bin included, stay within 3.
POOL_STRAY_PPB = PPB_PER_BPS // 2

# Venues change sides about every two hours, within about a minute.
_SIDE_PERIOD_SLOTS, _SIDE_STEEPNESS = 9_000, 48
_GAP_PERIOD_SLOTS = 1_500

# One dislocation of each token in three hours. It comes and goes within half a minute, so that an
# order in flight mostly keeps within the usual slippage.
_DISLOCATION_PERIOD_SLOTS = 27_000
_DISLOCATION_SLOTS, _DISLOCATION_EDGE_SLOTS = 200, 80
_DISLOCATION_BPS_MIN, _DISLOCATION_BPS_MAX = 200, 500


class Dislocation(NamedTuple):
    """One venue's price of a token has gone away from the other's.

    At its height Raydium is `gap_ppb` dearer than Meteora, or cheaper where that is below 0;
    `extent_ppb` says how much of the way there the venue is.
    """

    venue: str
    gap_ppb: int
    extent_ppb: int


class GapRange(NamedTuple):
    """Least and greatest distance of the venues' prices of a pair, in basis points."""

    bps_min: int
    bps_max: int

    @property
    def bounds_ppb(self) -> tuple[int, int]:
        """What the venues keep to, so that their pools, which stray, keep within the range."""
        low, high = self.bps_min * PPB_PER_BPS, self.bps_max * PPB_PER_BPS
        low = min(low + 2 * POOL_STRAY_PPB, high)
        return low, max(high - 2 * POOL_STRAY_PPB, low)


def fair_price(seed: str, token: Token, slot: int) -> int:
    """Return the token's price in nano-dollars per whole token."""
    listed = LISTED_TOKENS[token.mint]
    if isinstance(listed, StakedToken):
        return fair_price(seed, listed.underlying, slot) * listed.ratio_ppb_at(slot) // ONE
    noise = (
        6 * smooth_noise(seed, f"{token.mint}:hour", slot, 9_000)
        + 3 * smooth_noise(seed, f"{token.mint}:minutes", slot, 750)
        + 1 * smooth_noise(seed, f"{token.mint}:seconds", slot, 75)
    ) // 10
    return listed.price_nano_usd * (ONE + listed.volatility_ppb * noise // ONE) // ONE


def dislocation(seed: str, token: Token, slot: int) -> Dislocation | None:
    """Return the dislocation that the token is in; tokens that have no gap are in none."""
    listed = LISTED_TOKENS[token.mint]
    if isinstance(listed, StakedToken) or not listed.gap_percent:
        return None
    period, offset = divmod(slot, _DISLOCATION_PERIOD_SLOTS)
    key = f"{token.mint}:dislocation"
    into = offset - drawn(
        seed, f"{key}:start", period, 0, _DISLOCATION_PERIOD_SLOTS - _DISLOCATION_SLOTS
    )
    if not 0 < into < _DISLOCATION_SLOTS:
        return None
    gap_bps = drawn(seed, f"{key}:gap", period, _DISLOCATION_BPS_MIN, _DISLOCATION_BPS_MAX)
    begun_on = _side(seed, token, slot - into)
    return Dislocation(
        venue=(RAYDIUM, METEORA)[drawn(seed, f"{key}:venue", period, 0, 1)],
        gap_ppb=(gap_bps if begun_on > 0 else -gap_bps) * PPB_PER_BPS,
        extent_ppb=_eased(min(into, _DISLOCATION_SLOTS - into), _DISLOCATION_EDGE_SLOTS),
    )


class VenuePrices:
    """What a token costs at each venue in one slot; remembers what it has computed."""

    def __init__(self, seed: str, gaps: GapRange, slot: int) -> None:
        self._seed, self._gaps, self._slot = seed, gaps, slot
        self._prices: dict[tuple[Token, str], int] = {}

    def price(self, token: Token, venue: str) -> int:
        """Return billionths of nano-dollars per whole token."""
        known = self._prices.get((token, venue))
        if known is None:
            fair = fair_price(self._seed, token, self._slot)
            known = self._prices[token, venue] = fair * self._factor(token, venue)
        return known

    def _factor(self, token: Token, venue: str) -> int:
        """How much of its fair price the token costs at the venue."""
        listed = LISTED_TOKENS[token.mint]
        if isinstance(listed, StakedToken):
            return self._factor(listed.underlying, venue)
        factor = ONE + self._deviation(token, listed, venue) if listed.gap_percent else ONE
        return factor * self._factor(listed.anchor, venue) // ONE if listed.anchor else factor

    def _deviation(self, token: Token, listed: ListedToken, venue: str) -> int:
        """How far the venue's price of the token in its anchor stands from the fair one."""
        side = _side(self._seed, token, self._slot)
        gap = self._gap(token, listed)
        # (1 + d) / (1 - d) = 1 + gap
        from_fair = side * gap // (2 * ONE + gap)
        off = dislocation(self._seed, token, self._slot) if self._gaps.bps_max else None
        if off and off.venue == venue:
            from_fair += (off.gap_ppb - side * gap // ONE) * off.extent_ppb // ONE
        return from_fair * _position(venue) // ONE

    def _gap(self, token: Token, listed: ListedToken) -> int:
        low, high = self._gaps.bounds_ppb
        span = (high - low) * listed.gap_percent // 100
        if listed.anchor and listed.is_beyond_anchor:
            anchor = LISTED_TOKENS[listed.anchor.mint]
            assert isinstance(anchor, ListedToken), "a staked token has no gap of its own"
            # Its gap and its anchor's add up in what the anchor is priced in.
            room = (ONE + high) * ONE // (ONE + self._gap(listed.anchor, anchor)) - ONE - low
            span = max(0, min(span, room))
        noise = smooth_noise(self._seed, f"{token.mint}:gap", self._slot, _GAP_PERIOD_SLOTS)
        return low + span * (noise + ONE) // (2 * ONE)


def _side(seed: str, token: Token, slot: int) -> int:
    """1 where Raydium is the dearer one, -1 where Meteora is, in parts per billion."""
    listed = LISTED_TOKENS[token.mint]
    if isinstance(listed, ListedToken) and listed.anchor and listed.is_beyond_anchor:
        return _side(seed, listed.anchor, slot)
    # Steep and clamped: nearly always one of the two sides, with a smooth way between.
    noise = smooth_noise(seed, f"{token.mint}:side", slot, _SIDE_PERIOD_SLOTS)
    return max(-ONE, min(ONE, _SIDE_STEEPNESS * noise))


@lru_cache(maxsize=256)
def _position(venue: str) -> int:
    """Where a venue stands between the two that are farthest apart."""
    ends = {RAYDIUM: ONE, METEORA: -ONE}
    return ends[venue] if venue in ends else rough_noise("position", venue, 0)


def _eased(step: int, steps: int) -> int:
    """From 0 to one in so many steps, smooth at both ends; one from there on."""
    step = min(step, steps)
    return ONE * step * step * (3 * steps - 2 * step) // steps**3
