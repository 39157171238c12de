"""The table of the simulated market: what tokens are worth at rest, and the pools that trade them.

Amounts of dollars are whole in depths and nano-dollars in prices.
"""

from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.domain.pools.damm_v2.fees import BaseFee, ConstantFee, ExponentialFee, LinearFee
from chalicelib.domain.pools.damm_v2.modes import CollectFeeMode
from chalicelib.domain.token_list import BONK, JUP, MSOL, RAY, SOL, USDC, USDT, WIF
from chalicelib.domain.tokens import Mint, Pair, Token
from chalicelib.simulation.noise import ONE

RAYDIUM = "raydium"
METEORA = "meteora"

_SLOTS_PER_YEAR = 365 * 24 * 3_600 * 5 // 2


class ListedToken(NamedTuple):
    """A token's price when the market stands still, how far it wanders, and how much of the range
    between the venues it uses.

    Where pools are cheap enough to close a wide gap at a profit, it keeps to the lower part. A
    token without a gap costs the same at every venue.
    """

    price_nano_usd: int
    volatility_ppb: int
    gap_percent: int = 0
    #: The token whose price at a venue it follows; None for the dollar.
    anchor: Token | None = None
    #: Whether it trades against what the anchor is priced in, too: both are dearer at one venue,
    #: and both gaps together keep to the range.
    is_beyond_anchor: bool = False


class StakedToken(NamedTuple):
    """A claim on a staked token: what it is worth in that token at slot 0, and what it gains."""

    underlying: Token
    ratio_ppb: int
    growth_ppb_per_year: int

    def ratio_ppb_at(self, slot: int) -> int:
        """Return how much of the underlying one token is worth at the slot."""
        return self.ratio_ppb + slot * self.growth_ppb_per_year // _SLOTS_PER_YEAR


LISTED_TOKENS: dict[Mint, ListedToken | StakedToken] = {
    SOL.mint: ListedToken(150 * ONE, volatility_ppb=30_000_000, gap_percent=20),
    USDC.mint: ListedToken(ONE, volatility_ppb=200_000),
    USDT.mint: ListedToken(ONE, volatility_ppb=300_000),
    BONK.mint: ListedToken(24_000, volatility_ppb=50_000_000, gap_percent=80, anchor=SOL),
    JUP.mint: ListedToken(
        850_000_000, volatility_ppb=40_000_000, gap_percent=50, anchor=SOL, is_beyond_anchor=True
    ),
    RAY.mint: ListedToken(4_200_000_000, volatility_ppb=45_000_000, gap_percent=80, anchor=SOL),
    WIF.mint: ListedToken(1_900_000_000, volatility_ppb=60_000_000, gap_percent=80, anchor=SOL),
    MSOL.mint: StakedToken(SOL, ratio_ppb=1_200_000_000, growth_ppb_per_year=30_000_000),
}


def standing_price(token: Token) -> int:
    """Return the token's price in nano-dollars at slot 0 of a market without noise."""
    listed = LISTED_TOKENS[token.mint]
    if isinstance(listed, StakedToken):
        return standing_price(listed.underlying) * listed.ratio_ppb // ONE
    return listed.price_nano_usd


class ConstantProductTerms(NamedTuple):
    """A Raydium CPMM pool; the rate is in 1e-6."""

    trade_fee_rate: int


class ConcentratedTerms(NamedTuple):
    """A Raydium CLMM pool; the rate is in 1e-6, its liquidity changes every `ticks_apart` ticks."""

    tick_spacing: int
    trade_fee_rate: int
    ticks_apart: int
    has_dynamic_fee: bool = False


class BinTerms(NamedTuple):
    """A Meteora DLMM pair; its base fee is base_factor · bin_step · 10 billionths."""

    bin_step: int
    base_factor: int
    variable_fee_control: int


class DammV2Terms(NamedTuple):
    """A Meteora DAMM v2 pool; schedules start at the listing and count slots.

    Its sqrt prices reach from the standing one divided by `sqrt_reach` to that multiplied by it,
    or over all prices when it is None.
    """

    base_fee: BaseFee
    collect_fee_mode: CollectFeeMode = CollectFeeMode.BOTH_TOKEN
    sqrt_reach: int | None = None
    has_dynamic_fee: bool = False


Terms = ConstantProductTerms | ConcentratedTerms | BinTerms | DammV2Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPool:
    """A pool of the simulated market: at the standing prices each side is worth `depth_usd` / 2."""

    venue: str
    address: str
    token_a: Token
    token_b: Token
    depth_usd: int
    terms: Terms
    listed_at_slot: int = 0

    @property
    def standing_prices(self) -> tuple[int, int]:
        """What a whole token of each side costs when the market stands still, in nano-dollars."""
        return standing_price(self.token_a), standing_price(self.token_b)

    def trades(self, pair: Pair) -> bool:
        """Tell whether the pool swaps these two tokens, in either direction."""
        return {self.token_a, self.token_b} == {pair.token_in, pair.token_out}


CPMM = ConstantProductTerms(trade_fee_rate=2_500)

CLMM_4_BPS = ConcentratedTerms(tick_spacing=1, trade_fee_rate=400, ticks_apart=15)
CLMM_5_BPS = ConcentratedTerms(tick_spacing=10, trade_fee_rate=500, ticks_apart=50)
CLMM_25_BPS = ConcentratedTerms(tick_spacing=60, trade_fee_rate=2_500, ticks_apart=60)
CLMM_DYNAMIC = CLMM_25_BPS._replace(has_dynamic_fee=True)

# For what keeps its rate: wider bins would stand half a bin from it.
DLMM_1 = BinTerms(bin_step=1, base_factor=20_000, variable_fee_control=20_000)
DLMM_10 = BinTerms(bin_step=10, base_factor=10_000, variable_fee_control=40_000)
DLMM_20 = BinTerms(bin_step=20, base_factor=10_000, variable_fee_control=20_000)
# For what is traded less, with bins as narrow: the price of wider ones would stand as far from the
# venue's as venues stand apart.
DLMM_20_DEAR = BinTerms(bin_step=20, base_factor=20_000, variable_fee_control=10_000)

DAMM_V2_20_BPS = DammV2Terms(ConstantFee(2_000_000))
DAMM_V2_RANGE = DammV2Terms(
    ConstantFee(500_000), CollectFeeMode.ONLY_B, sqrt_reach=2, has_dynamic_fee=True
)
DAMM_V2_COMPOUNDING = DammV2Terms(ConstantFee(2_500_000), CollectFeeMode.COMPOUNDING)
# From 20 % at the listing down to 20 bps a day later.
DAMM_V2_LINEAR = DammV2Terms(
    LinearFee(
        cliff_fee_numerator=200_000_000,
        number_of_period=144,
        period_frequency=1_500,
        reduction_factor=1_375_000,
    ),
    CollectFeeMode.ONLY_B,
    sqrt_reach=2,
)
# From 50 % at the listing down to 31 bps two hours later.
DAMM_V2_EXPONENTIAL = DammV2Terms(
    ExponentialFee(
        cliff_fee_numerator=500_000_000,
        number_of_period=120,
        period_frequency=150,
        reduction_factor=415,
    )
)


def _pool(address: str, token_a: Token, token_b: Token, depth_usd: int, terms: Terms) -> ListedPool:
    is_raydium = isinstance(terms, ConstantProductTerms | ConcentratedTerms)
    return ListedPool(
        venue=RAYDIUM if is_raydium else METEORA,
        address=address,
        token_a=token_a,
        token_b=token_b,
        depth_usd=depth_usd,
        terms=terms,
    )


# Addresses of the simulation's own: 32 bytes that no program of the real network owns.
POOLS: tuple[ListedPool, ...] = (
    _pool("9Jxwftt2kVQnh3RR6e4VPY1cvAstr3P3Q9vFgDJz7GSn", SOL, USDC, 4_000_000, CPMM),
    _pool("GEF17gW3QLSySUASqc8G19EVtRwXDhEMJzFjsh3jZV97", SOL, USDC, 6_000_000, CLMM_4_BPS),
    _pool("FstaJ8VaidKsvBrXRyE97La24J9XKzxNZu9LJ7hNwGKL", SOL, USDC, 9_000_000, CLMM_5_BPS),
    _pool("B37c61wPUtA5p4547k7ac1va7bNM8dv69aWdyzSP8ZRq", SOL, USDC, 3_200_000, DAMM_V2_20_BPS),
    _pool("9RhnfvbvJ6Ff9DWZFacdqo6SMYhq9YJFrEageKBhDsTs", SOL, USDC, 2_000_000, DAMM_V2_LINEAR),
    _pool("GcbTT8MmVfssyyfQcZcXCmdp1GJRtAjstCURQ1Lq9TEt", SOL, USDC, 5_000_000, DLMM_10),
    _pool("Dbh4J6ZDdxEitE4fS7BsGeCD8guDnpLGfo2BfQvTrQGB", SOL, USDC, 3_000_000, DLMM_20),
    _pool("AyffqAvfFuMPhm8rUVeHJQeyXSxrGk43mf2yYMN99HGp", SOL, USDT, 2_500_000, CPMM),
    _pool("387rMvwt4dymz3dDDdzBycnWyZALXpcUvUdJ8yzbgTiA", SOL, USDT, 3_500_000, CLMM_5_BPS),
    _pool("J3sccvnpqWDvDS6uLxsPjCr13dLZt6HofVY8G6z7H6Vk", SOL, USDT, 2_000_000, DAMM_V2_20_BPS),
    _pool("3mLC9wXvxmwFENb3HN9RfLfGjEj9HiG1FReLfVtGEYdg", SOL, USDT, 2_200_000, DLMM_10),
    _pool("4zVmnYKuKg1Pjfk1vmp4Cx8PBt5Wxas1qYQfbrntFhhR", USDC, USDT, 6_000_000, CPMM),
    _pool("GU7v9jaDY8VpMgjuckCZ1nx5ap5JMhmp93qAMnZJLdDE", USDC, USDT, 8_000_000, CLMM_4_BPS),
    _pool("DB3fUeHUSeMnPnps34ZFk6zh4pej8QoHMiSnTeRC11tq", USDC, USDT, 4_800_000, DAMM_V2_20_BPS),
    _pool("2PQhbmvCdXyrJ9NUFuHhk2AbrQZdPXeFGBxZTktKykSA", USDC, USDT, 5_000_000, DLMM_1),
    _pool("icNu9Y2CiXQRPtGwuCFZSyVaH9bdKiNMCGQPokdNtxa", SOL, BONK, 1_200_000, CPMM),
    _pool("9zHxBhNxFh8fy9UPxoiympL1HdcGCF3furdNWESrd25D", SOL, BONK, 1_500_000, CLMM_25_BPS),
    _pool("4iMNcU6j2Ci1oMUVc2zmigpkLrZEp1toyjDnGpWDWsCg", SOL, BONK, 960_000, DAMM_V2_20_BPS),
    _pool("A3C1xJgtdTrEsyWN4ndjPxLpjX1RjNkF1fv9PnYhY1vh", SOL, BONK, 800_000, DLMM_20_DEAR),
    _pool("BywGd8JHf9npu95iEnaJmdEYvrBype49jWoiEsTyKjEb", SOL, JUP, 1_500_000, CPMM),
    _pool("Bg734js9HZjtJ3ajRRnQswxNcJFDfDM6RPcseYyy49Lb", SOL, JUP, 1_800_000, CLMM_25_BPS),
    _pool("27hziJGLmPqVrphHoq9gdvYibo3a25VirGQh3L65vaNZ", SOL, JUP, 1_200_000, DAMM_V2_20_BPS),
    _pool("H2rfNyKbSnokh6Rc1UTXuNAWWN3uPo6ZCaJ1JqJdqdjv", SOL, JUP, 900_000, DLMM_20),
    _pool("Fa3PfEJtPnvFNqzGXS4hhU1F3z5iBZ4N7vtRUjEEx9Cz", USDC, JUP, 1_000_000, CPMM),
    _pool("FRLEsRtQqvkRHWYZXjpgHuvWxDcaFZ96oaVmqEYg29xU", USDC, JUP, 800_000, DAMM_V2_20_BPS),
    _pool("8Qr6ddmHkDnS36ra3by8VBWHa2fvjyPeBEcPTK9k8o6Y", USDC, JUP, 700_000, DLMM_20_DEAR),
    _pool("5GGYSA2fbEHVtbrL9vpZZ5SqW4wDRn4L5b76HRTN2HHq", SOL, RAY, 1_400_000, CPMM),
    _pool("GMDaNgnQGqQ3GcaqsiD55ebhTPFS4fmnypxUGUX5JnF", SOL, RAY, 1_600_000, CLMM_25_BPS),
    _pool("F1HBemD4QxebuQWN5pZn41ESFz8JPex6M96fp3ZZvQEG", SOL, RAY, 600_000, DLMM_20_DEAR),
    _pool("C1ge68NqeWUzBZjxdpk2SsEcFC1ERNT1WokPMNwY6JWE", SOL, RAY, 500_000, DAMM_V2_COMPOUNDING),
    _pool("BuFApYR3nzJTxxxKAzZr81RVUioo9vCNzhpgWjdBiWrr", SOL, WIF, 900_000, CPMM),
    _pool("49VtobCUUbNaZ54CPitERzD4QnfuExbjoLBU92WqaAX8", SOL, WIF, 1_100_000, CLMM_DYNAMIC),
    _pool("4NsmL7ktkmfrGwXFdfPneKULAefyAE7gbFiDGYaGTmsb", SOL, WIF, 600_000, DLMM_20_DEAR),
    _pool("7bWcjr83nM38GrXpLdhNo5jRRHGvYLMB2CGKzwxMj5RB", SOL, WIF, 700_000, DAMM_V2_EXPONENTIAL),
    _pool("9Gg7f5t2F4j2qxTx5svWZ4tmcWSWCn7zMDDNRWsfwpP", MSOL, SOL, 3_000_000, CLMM_4_BPS),
    _pool("XhUZGTVjPgCvVtyxUwF2bsrvXhKcqaCvWpAFRdChfCN", MSOL, SOL, 1_500_000, DLMM_1),
    _pool("6p3vYwYw39h4UTJqKbRGphtevi9qHohRfSpoSuFdJoCb", MSOL, SOL, 1_200_000, DAMM_V2_RANGE),
)
