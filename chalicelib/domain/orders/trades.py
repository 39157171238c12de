"""What a trader wants: as much as an exact input buys, or an exact output for as little as it
costs."""

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.amounts import U64_MAX, max_amount_in, min_amount_out
from chalicelib.domain.tokens import Pair, Token


class SwapMode(StrEnum):
    """Which of a swap's two amounts is given; the other follows from the pools."""

    EXACT_IN = "exact_in"
    EXACT_OUT = "exact_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """Swap exactly `amount` base units: of the input token, or of the output token."""

    pair: Pair
    mode: SwapMode
    amount: int

    @property
    def token_given(self) -> Token:
        """The token that `amount` is of."""
        return self.pair.token_in if self.mode is SwapMode.EXACT_IN else self.pair.token_out

    @property
    def token_quoted(self) -> Token:
        """The token of the other amount, which is quoted, and limited."""
        return self.pair.token_out if self.mode is SwapMode.EXACT_IN else self.pair.token_in

    def limit(self, quoted: int, slippage_bps: int) -> int:
        """Return what a swap may differ from the quoted amount, once and on the total.

        Least output in base units under which an exact-in swap must fail on chain, never nothing;
        most input over which an exact-out swap must.
        """
        if self.mode is SwapMode.EXACT_IN:
            return max(1, min_amount_out(quoted, slippage_bps))
        return min(U64_MAX, max_amount_in(quoted, slippage_bps))
