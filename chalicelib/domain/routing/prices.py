"""Prices of pools that may hold nothing."""

from chalicelib.domain.pools.pool import Pool, Price
from chalicelib.domain.pools.rejections import EmptyPoolError
from chalicelib.domain.tokens import Mint


def marginal_price(pool: Pool, input_mint: Mint) -> Price | None:
    """Return the price of the next infinitesimal swap; None of an empty pool that has none."""
    try:
        return pool.marginal_price(input_mint)
    except EmptyPoolError:
        return None
