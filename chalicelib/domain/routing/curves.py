"""What a pool gives for each input: exact quotes, each asked of the pool only once."""

from collections.abc import Sequence

from chalicelib.domain.pools.pool import Moment, Pool
from chalicelib.domain.pools.rejections import (
    InsufficientLiquidityError,
    QuoteError,
    ZeroOutputError,
)
from chalicelib.domain.tokens import Mint

# Worse than any sum of outputs.
REFUSED = -(1 << 80)


class Curve:
    """What a pool gives for each input, in one direction at one moment."""

    __slots__ = ("_at", "_outs", "_refused_from", "input_mint", "pool")

    def __init__(self, pool: Pool, input_mint: Mint, at: Moment) -> None:
        self.pool = pool
        self.input_mint = input_mint
        self._at = at
        self._outs: dict[int, int] = {0: 0}
        # The pool refuses every input from here on.
        self._refused_from = 1 << 64

    def out(self, amount_in: int) -> int:
        """Return the output, 0 for an amount too small to buy anything, or REFUSED."""
        known = self._outs.get(amount_in)
        if known is not None:
            return known
        if amount_in < 0 or amount_in >= self._refused_from:
            return REFUSED
        out = self._outs[amount_in] = self._ask(amount_in)
        if out < 0:
            self._refused_from = amount_in
        return out

    def refusal(self, amount_in: int) -> QuoteError | None:
        """Return why the pool does not fill the whole amount alone, or None when it does."""
        if self.out(amount_in) > 0:
            return None
        try:
            quote = self.pool.quote_exact_in(self.input_mint, amount_in, self._at)
        except QuoteError as refusal:
            return refusal
        return ZeroOutputError() if quote.amount_out == 0 else InsufficientLiquidityError()

    def _ask(self, amount_in: int) -> int:
        try:
            quote = self.pool.quote_exact_in(self.input_mint, amount_in, self._at)
        except ZeroOutputError:
            return 0
        except QuoteError:
            return REFUSED
        # A CLMM at the end of its prices fills a part: for a plan that is a refusal.
        return quote.amount_out if quote.amount_in == amount_in else REFUSED


def total_out(curves: Sequence[Curve], amounts: Sequence[int]) -> int:
    """Return what the pools give together; below 0 when one refuses."""
    return sum(curve.out(amount) for curve, amount in zip(curves, amounts, strict=True) if amount)
