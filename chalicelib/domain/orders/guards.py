"""Judge a new pool for an order that waits for one: the first thing that speaks against it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Context, Decimal

from chalicelib.domain.amounts import to_decimal_string
from chalicelib.domain.errors import AmountRangeError, ExecutionError, NoRouteError
from chalicelib.domain.orders.hunts import LASTING, Finding, Verdict
from chalicelib.domain.orders.order import Order
from chalicelib.domain.orders.terms import SniperTerms, StatedPrice, implied_limit
from chalicelib.domain.orders.trades import Trade
from chalicelib.domain.pools.new_pools import NewPool, Property
from chalicelib.domain.pools.rejections import QuoteError


class PoolRefusedError(ExecutionError):
    """The pool is no longer what the order wants."""

    code = "POOL_REFUSED"
    retryable = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolFill:
    """What a pool alone gives for an order's amount, in base units, fees deducted."""

    amount_out: int
    price_impact_bps: int


#: Asks the pool for the trade; raises a QuoteError or a NoRouteError.
Ask = Callable[[Trade], PoolFill]
_Found = tuple[Finding, str | None, str | None]


def judge(order: Order, pool: NewPool, ask: Ask, *, at: datetime) -> Verdict:
    """Return what is found of a pool for a sniper. What may change is final from `retry_for` after
    the creation of the pool on, or of the order that takes one that was there before."""
    terms = _terms(order)
    finding, value, wanted = next(_findings(order, terms, pool, ask), (Finding.PASSED, None, None))
    since = max(pool.created_at, order.created_at) if terms.takes_existing else pool.created_at
    is_late = at >= since + terms.retry_for
    return Verdict(
        pool_address=pool.address,
        token=pool.token,
        created_slot=pool.created_slot,
        slot=pool.slot,
        finding=finding,
        value=value,
        wanted=wanted,
        is_final=finding is Finding.PASSED or finding in LASTING or is_late,
    )


def refusal_of_pool(order: Order, pool: NewPool) -> Finding | None:
    """Return the first thing that speaks against what can be seen of the pool, whatever it gives
    for the order's amount; None when nothing does."""
    finding, _, _ = next(_seen(order, _terms(order), pool), (None, None, None))
    return finding


def trade_in(order: Order, pool: NewPool) -> Trade:
    """Return what the order trades when it buys the pool's token."""
    return replace(order.trade, pair=replace(order.pair, token_out=pool.token))


def least_out(terms: SniperTerms, trade: Trade) -> int:
    """Return the least output at which the trade keeps the highest price of its guards; 1 where
    there is none. More than any when no output would."""
    price = terms.guards.price_max
    if price is None:
        return 1
    try:
        return implied_limit(StatedPrice(text=price, price_in=trade.pair.token_in.mint), trade)
    except AmountRangeError:
        return 1 << 64


def _terms(order: Order) -> SniperTerms:
    assert isinstance(order.terms, SniperTerms), "only snipers judge pools"
    return order.terms


def _findings(order: Order, terms: SniperTerms, pool: NewPool, ask: Ask) -> Iterator[_Found]:
    yield from _seen(order, terms, pool)
    yield from _of_fill(order, terms, pool, ask)


def _seen(order: Order, terms: SniperTerms, pool: NewPool) -> Iterator[_Found]:
    yield from _of_kind(order, terms, pool)
    yield from _of_token(terms, pool)
    yield from _of_liquidity(terms, pool)


def _of_kind(order: Order, terms: SniperTerms, pool: NewPool) -> Iterator[_Found]:
    guards, symbol, venues = terms.guards, pool.token.symbol, terms.guards.venues
    if terms.name_part is not None and terms.name_part.lower() not in symbol.lower():
        yield Finding.SYMBOL_MISMATCH, symbol, terms.name_part
    if terms.creator not in (None, pool.creator):
        yield Finding.CREATOR_MISMATCH, pool.creator, terms.creator
    if pool.quote.mint != order.pair.token_in.mint:
        yield Finding.QUOTE_MISMATCH, pool.quote.symbol, order.pair.token_in.symbol
    if venues and pool.venue not in venues:
        yield Finding.VENUE_EXCLUDED, pool.venue, ", ".join(venues)
    age = pool.slot - pool.created_slot
    if guards.pool_age_slots_max is not None and age > guards.pool_age_slots_max:
        yield Finding.POOL_TOO_OLD, str(age), str(guards.pool_age_slots_max)


def _of_token(terms: SniperTerms, pool: NewPool) -> Iterator[_Found]:
    missing = terms.guards.requires - pool.properties
    for each, finding in (
        (Property.MINT_RENOUNCED, Finding.MINT_AUTHORITY_KEPT),
        (Property.NOT_FREEZABLE, Finding.FREEZABLE),
        (Property.SELLABLE, Finding.NOT_SELLABLE),
    ):
        if each in missing:
            yield finding, None, None
    fee_max, fee = terms.guards.fee_bps_max, pool.fee_bps + pool.transfer_fee_bps
    if fee_max is not None and fee > fee_max:
        yield Finding.FEE_TOO_HIGH, str(fee), str(fee_max)


def _of_liquidity(terms: SniperTerms, pool: NewPool) -> Iterator[_Found]:
    guards = terms.guards
    # A pool is empty before it is funded, and after its liquidity has left.
    least, most = max(1, guards.liquidity_min or 0), guards.liquidity_max
    if pool.slot < pool.opens_slot:
        yield Finding.NOT_OPEN, str(pool.slot), str(pool.opens_slot)
    if pool.liquidity < least:
        yield Finding.LIQUIDITY_TOO_LOW, _quote(pool.liquidity, pool), _quote(least, pool)
    if most is not None and pool.liquidity > most:
        yield Finding.LIQUIDITY_TOO_HIGH, _quote(pool.liquidity, pool), _quote(most, pool)
    if Property.LIQUIDITY_LOCKED in guards.requires - pool.properties:
        yield Finding.LIQUIDITY_NOT_LOCKED, None, None


def _of_fill(order: Order, terms: SniperTerms, pool: NewPool, ask: Ask) -> Iterator[_Found]:
    trade = trade_in(order, pool)
    try:
        fill = ask(trade)
    except (NoRouteError, QuoteError) as error:
        yield Finding.NOT_FILLABLE, error.code, None
        return
    own = order.max_price_impact_bps
    guard = terms.guards.price_impact_bps_max
    impact_max = own if guard is None else min(own, guard)
    if fill.price_impact_bps > impact_max:
        yield Finding.PRICE_IMPACT_TOO_HIGH, str(fill.price_impact_bps), str(impact_max)
    least = least_out(terms, trade)
    if fill.amount_out < least:
        yield Finding.PRICE_TOO_HIGH, _price(fill.amount_out, trade), terms.guards.price_max


def _quote(base_units: int, pool: NewPool) -> str:
    return to_decimal_string(base_units, pool.quote.decimals)


def _price(amount_out: int, trade: Trade) -> str:
    """What a whole token costs, to nine digits."""
    pair = trade.pair
    paid = Decimal(trade.amount).scaleb(-pair.token_in.decimals)
    bought = Decimal(amount_out).scaleb(-pair.token_out.decimals)
    return f"{Context(prec=9).divide(paid, bought):f}"
