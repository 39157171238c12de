"""A pool whose token brings rules of its own: it opens later, each transfer of the token costs a
fee, or the token cannot be sold. The curve is that of the pool inside.

A transfer fee is the one of SPL Token 2022: of what is sent, rounded up, and the receiver gets the
rest. So who buys gets less than leaves the pool, and who sells pays more than reaches it. Where
both mints have rules, one restricted pool stands in another.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from chalicelib.domain.amounts import BPS, U64_MAX, ceil_div
from chalicelib.domain.pools.pool import (
    Fee,
    FeeKind,
    Moment,
    Pool,
    PoolKind,
    PoolQuote,
    Price,
    is_a_to_b,
    require_amount,
)
from chalicelib.domain.pools.rejections import (
    NotSellableError,
    SwapDisabledError,
    ZeroOutputError,
)
from chalicelib.domain.tokens import Mint


@dataclass(frozen=True, slots=True, kw_only=True)
class RestrictedPool:
    """A pool and the rules of `mint`, one of its two."""

    pool: Pool
    mint: Mint
    #: Of each transfer of the mint, and the most base units that it takes of one.
    transfer_fee_bps: int = 0
    transfer_fee_max: int = U64_MAX
    is_sellable: bool = True
    #: The first slot in which it swaps.
    opens_slot: int = 0

    @property
    def address(self) -> str:
        return self.pool.address

    @property
    def venue(self) -> str:
        return self.pool.venue

    @property
    def kind(self) -> PoolKind:
        return self.pool.kind

    @property
    def mint_a(self) -> Mint:
        return self.pool.mint_a

    @property
    def mint_b(self) -> Mint:
        return self.pool.mint_b

    def quote_exact_in(self, input_mint: Mint, amount_in: int, at: Moment) -> "RestrictedQuote":
        """Return what `amount_in` base units buy; a part only where the pool inside fills a part.

        Raises what the pool inside does, SwapDisabledError before it opens, NotSellableError.
        """
        is_sale = self._open(input_mint, amount_in, at)
        sent = self._net(amount_in) if is_sale else amount_in
        quote = self.pool.quote_exact_in(input_mint, _some(sent), at)
        return self._quote(quote, is_sale, amount_in if quote.amount_in == sent else None)

    def quote_exact_out(self, input_mint: Mint, amount_out: int, at: Moment) -> "RestrictedQuote":
        """Return what `amount_out` base units cost; refused as `quote_exact_in`."""
        is_sale = self._open(input_mint, amount_out, at)
        wanted = amount_out if is_sale else self._gross(amount_out)
        require_amount(wanted)
        return self._quote(self.pool.quote_exact_out(input_mint, wanted, at), is_sale)

    def out_exact_in(self, input_mint: Mint, amount_in: int, at: Moment) -> int:
        """Return the output of `quote_exact_in` alone; raises as it does, and
        InsufficientLiquidityError where that fills a part only."""
        is_sale = self._open(input_mint, amount_in, at)
        if is_sale:
            return self.pool.out_exact_in(input_mint, _some(self._net(amount_in)), at)
        return self._received(self.pool.out_exact_in(input_mint, amount_in, at))

    def marginal_price(self, input_mint: Mint) -> Price:
        """Return the price of the next infinitesimal swap, fees apart. Raises EmptyPoolError."""
        return self.pool.marginal_price(input_mint)

    def step_left(self, input_mint: Mint, at: Moment) -> int:
        """Return what uses up the step of the pool inside, the transfer fee included."""
        left = self.pool.step_left(input_mint, at)
        return min(U64_MAX, self._gross(left)) if input_mint == self.mint else left

    def _open(self, input_mint: Mint, amount: int, at: Moment) -> bool:
        """Tell whether the mint would be sold, not bought."""
        is_a_to_b(self, input_mint)
        require_amount(amount)
        if at.slot < self.opens_slot:
            raise SwapDisabledError
        is_sale = input_mint == self.mint
        if is_sale and not self.is_sellable:
            raise NotSellableError
        return is_sale

    def _net(self, sent: int) -> int:
        """What arrives of a transfer."""
        return sent - min(ceil_div(sent * self.transfer_fee_bps, BPS), self.transfer_fee_max)

    def _received(self, sent: int) -> int:
        """What arrives of an output: a swap for nothing is refused."""
        received = self._net(sent)
        if received == 0 < sent:
            raise ZeroOutputError
        return received

    def _gross(self, arriving: int) -> int:
        """The least transfer of which so much arrives, to the base unit."""
        capped, left_bps = arriving + self.transfer_fee_max, BPS - self.transfer_fee_bps
        if arriving == 0 or left_bps == 0:
            return capped if arriving else 0
        return min(capped, ceil_div(arriving * BPS, left_bps))

    def _quote(
        self, quote: PoolQuote[Pool], is_sale: bool, amount_in: int | None = None
    ) -> "RestrictedQuote":
        """What the trader sees of a quote of the pool inside; of a sale for an exact input, that is
        `amount_in`, of which a base unit more may arrive than of a little less."""
        if is_sale:
            paid = self._gross(quote.amount_in) if amount_in is None else amount_in
            require_amount(paid)
            fee = paid - quote.amount_in
            return RestrictedQuote(self, quote, paid, quote.amount_out, fee)
        received = self._received(quote.amount_out)
        return RestrictedQuote(self, quote, quote.amount_in, received, quote.amount_out - received)


class RestrictedQuote(NamedTuple):
    """What a swap in a restricted pool would fill, in base units."""

    pool: RestrictedPool
    #: What the pool inside takes and gives.
    inner: PoolQuote[Pool]
    #: All that is paid and all that is received, fees included and taken off.
    amount_in: int
    amount_out: int
    #: In the mint that has the rules.
    transfer_fee: int

    @property
    def fees(self) -> tuple[Fee, ...]:
        return (*self.inner.fees, Fee(FeeKind.TRANSFER, self.pool.mint, self.transfer_fee))

    @property
    def price_before(self) -> Price:
        return self.inner.price_before

    @property
    def price_after(self) -> Price:
        return self.inner.price_after

    @property
    def pool_after(self) -> RestrictedPool:
        return replace(self.pool, pool=self.inner.pool_after)


def _some(arriving: int) -> int:
    """What reaches the pool, which must be something."""
    if arriving == 0:
        raise ZeroOutputError
    return arriving
