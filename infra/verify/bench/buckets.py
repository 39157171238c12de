"""Quotes to measure, sorted into buckets by how far they walk on their curve.

The pools are those of the simulated market, at several slots.
"""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from chalicelib.domain.pools.clmm.pool import ConcentratedQuote
from chalicelib.domain.pools.cpmm import ConstantProductQuote
from chalicelib.domain.pools.damm_v2.fees import ConstantFee, ExponentialFee, LinearFee
from chalicelib.domain.pools.damm_v2.modes import CollectFeeMode
from chalicelib.domain.pools.damm_v2.pool import DammV2Quote
from chalicelib.domain.pools.dlmm.pool import BinQuote
from chalicelib.domain.pools.pool import Moment
from chalicelib.domain.pools.rejections import QuoteError
from chalicelib.domain.token_list import find_token
from chalicelib.domain.tokens import Mint, Token
from chalicelib.simulation.market import Market, moment_at_slot
from chalicelib.simulation.noise import ONE
from chalicelib.simulation.pool_states import SimulatedPool

Quote = ConstantProductQuote | ConcentratedQuote | BinQuote | DammV2Quote

SEED = "bench"
TURNS_MAX = 100

# Turns differ by ten millionths of the amount each: enough to be another quote of the same bucket.
_TURN_DIVISOR = 100_000
# In all of these the fee schedules of the market are still falling.
_SLOTS = (3_000, 6_000, 9_000, 12_000)
_DOLLARS_MIN, _DOLLARS_MAX = 10, 10_000_000


class Bucket(NamedTuple):
    """A curve, and what a quote on it has to do."""

    curve: str
    detail: str


CPMM = Bucket("CPMM", "")
TICKS_CROSSED = {
    Bucket("CLMM", "0 ticks"): range(1),
    Bucket("CLMM", "1-3 ticks"): range(1, 4),
    Bucket("CLMM", "4-10 ticks"): range(4, 11),
    Bucket("CLMM", "11-30 ticks"): range(11, 31),
}
TICKS_CROSSED_AT_DYNAMIC_FEE = {
    Bucket("CLMM", "4-10 ticks, dynamic fee"): range(4, 11),
}
BINS_CROSSED = {
    Bucket("DLMM", "0-1 bins"): range(2),
    Bucket("DLMM", "2-5 bins"): range(2, 6),
    Bucket("DLMM", "6-15 bins"): range(6, 16),
}
CONSTANT_FEE = Bucket("DAMM v2", "constant fee")
SCHEDULED_FEE = Bucket("DAMM v2", "scheduled fee")
DYNAMIC_FEE = Bucket("DAMM v2", "dynamic fee")
COMPOUNDING_FEE = Bucket("DAMM v2", "compounding")
DAMM_V2 = (CONSTANT_FEE, SCHEDULED_FEE, DYNAMIC_FEE, COMPOUNDING_FEE)

BUCKETS = (CPMM, *TICKS_CROSSED, *TICKS_CROSSED_AT_DYNAMIC_FEE, *BINS_CROSSED, *DAMM_V2)


class Ask(NamedTuple):
    """An exact-in quote to ask of a pool: about the same amount at every turn, never the same."""

    pool: SimulatedPool
    input_mint: Mint
    amount_in: int
    at: Moment

    def varied(self, turn: int) -> "Ask":
        """Return the ask of a turn, up to TURNS_MAX."""
        return self._replace(amount_in=varied(self.amount_in, turn))

    def quote(self) -> Quote:
        """Return the pool's quote. Raises a QuoteError."""
        return self.pool.quote_exact_in(self.input_mint, self.amount_in, self.at)


def bucket_of(quote: Quote) -> Bucket | None:
    """Return the bucket that a quote belongs to, or None when it belongs to none."""
    match quote:
        case ConstantProductQuote():
            return CPMM
        case ConcentratedQuote():
            is_plain = quote.pool.dynamic_fee is None
            ranges = TICKS_CROSSED if is_plain else TICKS_CROSSED_AT_DYNAMIC_FEE
            return _bucket_with(ranges, ticks_crossed(quote))
        case BinQuote():
            return _bucket_with(BINS_CROSSED, bins_crossed(quote))
        case DammV2Quote():
            return _fee_bucket(quote)


def ticks_crossed(quote: ConcentratedQuote) -> int:
    """Return how many initialized ticks lie between the price before and the price after."""
    before, after = quote.pool.tick_current, quote.tick_current
    lowest, highest = min(before, after), max(before, after)
    return sum(lowest < tick.tick <= highest for tick in quote.pool.ticks)


def bins_crossed(quote: BinQuote) -> int:
    """Return how many filled bins the swap has crossed."""
    return quote.bins_visited - 1


def find_asks(asks_max: int) -> dict[Bucket, list[Ask]]:
    """Return up to `asks_max` asks for each bucket; their quotes stay in it at every turn."""
    found: dict[Bucket, list[Ask]] = {bucket: [] for bucket in BUCKETS}
    for ask in _candidates():
        bucket = _steady_bucket(ask)
        if bucket is not None:
            found[bucket].append(ask)
    choose = Random(SEED)
    return {b: choose.sample(asks, min(asks_max, len(asks))) for b, asks in found.items()}


def varied(amount: int, turn: int) -> int:
    """Return about the same amount at every turn, never the same."""
    return amount + amount * turn // _TURN_DIVISOR


def amount_worth(market: Market, dollars: int, token: Token, slot: int) -> int:
    """Return about how many base units of the token these dollars are worth at the slot."""
    return int(dollars * ONE * 10**token.decimals // market.fair_price(token, slot))


def _candidates() -> Iterator[Ask]:
    market = Market(seed=SEED)
    for slot in _SLOTS:
        at = moment_at_slot(slot)
        for pool in market.pools(slot):
            for mint in (pool.mint_a, pool.mint_b):
                for dollars in _dollars():
                    amount_in = amount_worth(market, dollars, find_token(mint), slot)
                    yield Ask(pool, mint, amount_in, at)


def _dollars() -> Iterator[int]:
    dollars = _DOLLARS_MIN
    while dollars <= _DOLLARS_MAX:
        yield dollars
        dollars = dollars * 3 // 2


def _steady_bucket(ask: Ask) -> Bucket | None:
    # A larger amount never crosses less, so the turns in between are in the same bucket.
    try:
        first, last = (bucket_of(ask.varied(turn).quote()) for turn in (0, TURNS_MAX))
    except QuoteError:
        return None
    return first if first == last else None


def _bucket_with(ranges: dict[Bucket, range], crossed: int) -> Bucket | None:
    return next((bucket for bucket, counts in ranges.items() if crossed in counts), None)


def _fee_bucket(quote: DammV2Quote) -> Bucket | None:
    pool = quote.pool
    if pool.collect_fee_mode == CollectFeeMode.COMPOUNDING:
        return COMPOUNDING_FEE
    if pool.dynamic_fee is not None:
        return DYNAMIC_FEE
    match pool.base_fee:
        case ConstantFee():
            return CONSTANT_FEE
        case LinearFee() | ExponentialFee() as fee:
            elapsed = quote.at.slot - pool.activation_point
            is_falling = 0 < elapsed < fee.number_of_period * fee.period_frequency
            return SCHEDULED_FEE if is_falling else None
    return None
