"""An order that waits for a new pool, as clients place it."""

import re
from datetime import timedelta
from functools import partial
from typing import Annotated

from pydantic import BeforeValidator, StrictBool, StrictStr, WithJsonSchema

from chalicelib.domain.amounts import to_base_units
from chalicelib.domain.base58 import bytes_of
from chalicelib.domain.errors import (
    InvalidRequestError,
    SameTokenError,
    UnknownTokenError,
)
from chalicelib.domain.orders.terms import RETRY_MAX, Guards, OrderType, SniperTerms
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.pools.new_pools import Property
from chalicelib.domain.token_list import find_token as find_listed
from chalicelib.domain.tokens import Mint, Pair, token_to_come
from chalicelib.engine.errors import PoolAlreadyListedError
from chalicelib.engine.ports.listing import TokenOf, find_token
from chalicelib.entrypoints.errors import (
    InvalidAddressError,
    InvalidGuardsError,
    InvalidRetryError,
)
from chalicelib.entrypoints.wire import forms as wire_forms
from chalicelib.entrypoints.wire.exits import Exit, plan_of
from chalicelib.entrypoints.wire.fields import Amount, ExpiresAt, Price, TokenName, integer
from chalicelib.entrypoints.wire.order_request import Slipping
from chalicelib.entrypoints.wire.requests import RequestModel

SYMBOL_CHARACTERS_MAX = 32
_VENUE = re.compile(wire_forms.VENUE["pattern"])


def _address(name: str) -> BeforeValidator:
    def read(value: object) -> str:
        if isinstance(value, str) and bytes_of(value) is not None:
            return value
        raise InvalidAddressError(f"{name}: an address of 32 bytes in base 58 is expected")

    return BeforeValidator(read)


def _read_mint(value: object) -> str:
    """The mint of a token that is not listed."""
    if not isinstance(value, str):
        raise InvalidAddressError("tokenOut: the address of a mint is expected")
    try:
        listed = find_listed(value)
    except UnknownTokenError:
        if bytes_of(value) is None:
            raise InvalidAddressError("tokenOut: the address of a mint is expected") from None
        return value
    raise PoolAlreadyListedError(f"{listed.symbol} has pools: trade it with another type of order")


def _read_symbol(value: object) -> str:
    if isinstance(value, str) and 0 < len(value) <= SYMBOL_CHARACTERS_MAX and value.isprintable():
        return value
    raise InvalidRequestError("symbolContains: 1 to 32 printable characters are expected")


def _bps(name: str, *, most: int = 10_000) -> BeforeValidator:
    refusal = f"guards.{name}: a whole number from 0 to {most} is expected"
    return integer(partial(InvalidGuardsError, refusal), most=most, may_be_text=False)


def _read_venues(value: object) -> tuple[str, ...]:
    if (
        isinstance(value, list)
        and 0 < len(value) <= wire_forms.VENUES_MAX
        and all(isinstance(each, str) and _VENUE.fullmatch(each) for each in value)
    ):
        return tuple(sorted({*value}))
    raise InvalidGuardsError("guards.venues: a list of names is expected")


def _read_object(value: object) -> object:
    if not isinstance(value, dict):
        raise InvalidGuardsError("guards: an object is expected")
    for name, field in value.items():
        if field is None:
            raise InvalidRequestError(f"guards.{name[:64]}: leave it out instead of null")
    return value


class GuardsRequest(RequestModel):
    """The field `guards` of an order that waits for a pool."""

    min_liquidity: Amount = None
    max_liquidity: Amount = None
    max_price_impact_bps: Annotated[int, _bps("maxPriceImpactBps")] | None = None
    max_fee_bps: Annotated[int, _bps("maxFeeBps")] | None = None
    max_price: Price | None = None
    max_pool_age_slots: (
        Annotated[int, _bps("maxPoolAgeSlots", most=wire_forms.POOL_AGE_SLOTS_MAX)] | None
    ) = None
    venues: Annotated[tuple[StrictStr, ...], BeforeValidator(_read_venues)] = ()
    mint_renounced: StrictBool = False
    not_freezable: StrictBool = False
    liquidity_locked: StrictBool = False
    sellable: StrictBool = False

    def to_guards(self, decimals: int) -> Guards:
        """The guards in the domain's words. Raises InvalidGuardsError and what to_base_units
        raises."""
        bounds = (self.min_liquidity, self.max_liquidity)
        least, most = (None if each is None else to_base_units(each, decimals) for each in bounds)
        if least is not None and most is not None and least > most:
            raise InvalidGuardsError("guards: minLiquidity is above maxLiquidity")
        required = {
            Property.MINT_RENOUNCED: self.mint_renounced,
            Property.NOT_FREEZABLE: self.not_freezable,
            Property.LIQUIDITY_LOCKED: self.liquidity_locked,
            Property.SELLABLE: self.sellable,
        }
        return Guards(
            liquidity_min=least,
            liquidity_max=most,
            price_impact_bps_max=self.max_price_impact_bps,
            fee_bps_max=self.max_fee_bps,
            price_max=self.max_price,
            pool_age_slots_max=self.max_pool_age_slots,
            venues=self.venues,
            requires=frozenset(each for each, is_wanted in required.items() if is_wanted),
        )


class SniperOrderRequest(Slipping):
    """Buy once, in the first new pool that passes the guards."""

    order_type = OrderType.SNIPER
    may_buy_exactly = False

    token_in: TokenName
    token_out: (
        Annotated[str, BeforeValidator(_read_mint), WithJsonSchema(wire_forms.MINT)] | None
    ) = None
    amount: Amount
    expires_at: ExpiresAt = None
    guards: Annotated[
        GuardsRequest, BeforeValidator(_read_object), WithJsonSchema(wire_forms.GUARDS)
    ] = GuardsRequest()
    retry_for: Annotated[
        int,
        integer(InvalidRetryError, most=int(RETRY_MAX.total_seconds()), may_be_text=False),
        WithJsonSchema(wire_forms.RETRY_FOR),
    ] = wire_forms.RETRY_SECONDS_DEFAULT
    symbol_contains: (
        Annotated[str, BeforeValidator(_read_symbol), WithJsonSchema(wire_forms.SYMBOL_CONTAINS)]
        | None
    ) = None
    creator: Annotated[str, _address("creator"), WithJsonSchema(wire_forms.CREATOR)] | None = None
    existing: Annotated[StrictBool, WithJsonSchema(wire_forms.EXISTING)] = False
    exit: Exit = None

    def to_trade(self, token_of: TokenOf) -> Trade:
        token_in = find_token(self.token_in, token_of)
        if token_in.mint == self.token_out:
            raise SameTokenError
        assert self.amount is not None
        mint = None if self.token_out is None else Mint(self.token_out)
        return Trade(
            pair=Pair(token_in=token_in, token_out=token_to_come(mint)),
            mode=SwapMode.EXACT_IN,
            amount=to_base_units(self.amount, token_in.decimals),
        )

    def to_terms(self, trade: Trade) -> SniperTerms:
        if self.token_out is not None and (self.symbol_contains or self.creator):
            raise InvalidGuardsError("symbolContains and creator go without tokenOut")
        if self.existing and self.token_out is None:
            raise InvalidGuardsError("existing goes with tokenOut")
        return SniperTerms(
            mint=None if self.token_out is None else Mint(self.token_out),
            guards=self.guards.to_guards(trade.pair.token_in.decimals),
            retry_for=timedelta(seconds=self.retry_for),
            name_part=self.symbol_contains,
            creator=self.creator,
            takes_existing=self.existing,
            exit=plan_of(self.exit),
        )
