"""What clients ask over HTTP, checked field by field, and brought into domain terms."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from chalicelib.domain.amounts import to_base_units
from chalicelib.domain.errors import InvalidRequestError
from chalicelib.domain.orders.order import OrderStatus
from chalicelib.domain.orders.terms import OrderType
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.owners import OwnerId
from chalicelib.domain.tokens import Mint
from chalicelib.engine.ports.listing import TokenOf, find_pair, find_token
from chalicelib.engine.ports.orders import OrderFilter
from chalicelib.entrypoints.wire.fields import (
    DEFAULT_MAX_PRICE_IMPACT_BPS,
    DEFAULT_SLIPPAGE_BPS,
    Amount,
    Cursor,
    IdPrefix,
    LaunchCursor,
    MaxPriceImpactBps,
    Minutes,
    PageLimit,
    ParentId,
    SlippageBps,
    Slot,
    Status,
    TokenName,
    Type,
    WaitingFor,
)

PAGE_DEFAULT = 20
PRICES_MINUTES, STATISTICS_MINUTES = 5, 15
FIELD_CHARACTERS_MAX = 64


class RequestModel(BaseModel):
    """Fields that clients name in camel case, and no others."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, defer_build=True
    )


class TradeRequest(RequestModel):
    """What to swap: `amount` of the input token, or `amountOut` of the output."""

    token_in: TokenName
    token_out: TokenName
    amount: Amount = None
    amount_out: Amount = None
    max_price_impact_bps: MaxPriceImpactBps = DEFAULT_MAX_PRICE_IMPACT_BPS

    def to_trade(self, token_of: TokenOf) -> Trade:
        """The trade in base units, of tokens that the list or `token_of` knows.

        Raises what find_pair and to_base_units raise, InvalidRequestError unless exactly one of the
        amounts is there.
        """
        if (self.amount is None) == (self.amount_out is None):
            raise InvalidRequestError("amount or amountOut: give exactly one of them")
        pair = find_pair(self.token_in, self.token_out, token_of)
        if self.amount is not None:
            amount = to_base_units(self.amount, pair.token_in.decimals)
            return Trade(pair=pair, mode=SwapMode.EXACT_IN, amount=amount)
        assert self.amount_out is not None
        amount = to_base_units(self.amount_out, pair.token_out.decimals)
        return Trade(pair=pair, mode=SwapMode.EXACT_OUT, amount=amount)


class QuoteRequest(TradeRequest):
    """The query of GET /api/quotes."""

    slippage_bps: SlippageBps = DEFAULT_SLIPPAGE_BPS


class OrderFilterRequest(RequestModel):
    """Which orders are meant."""

    status: Status | None = None
    waiting_for: WaitingFor | None = None
    type: Type | None = None
    token_in: TokenName | None = None
    token_out: TokenName | None = None
    parent_id: ParentId | None = None

    def to_filter(self, owner_id: OwnerId, token_of: TokenOf) -> OrderFilter:
        """The filter in domain terms. Raises UnknownTokenError."""
        return OrderFilter(
            owner_id=owner_id,
            statuses=self._statuses(),
            order_types=self._order_types(),
            input_mint=_mint(self.token_in, token_of),
            output_mint=_mint(self.token_out, token_of),
            parent_id=self.parent_id,
        )

    def _statuses(self) -> Sequence[OrderStatus] | None:
        if self.waiting_for is None:
            return None if self.status is None else (self.status,)
        return () if self.status not in (None, OrderStatus.OPEN) else (OrderStatus.OPEN,)

    def _order_types(self) -> Sequence[OrderType] | None:
        if self.waiting_for is None:
            return None if self.type is None else (self.type,)
        waiting = [each for each in OrderType if each.waits_for is self.waiting_for]
        return [each for each in waiting if self.type in (None, each)]


class CancelOrdersRequest(OrderFilterRequest):
    """The body of POST /api/orders/cancel."""


class ListOrdersRequest(OrderFilterRequest):
    """The query of GET /api/orders."""

    limit: PageLimit = PAGE_DEFAULT
    cursor: Cursor | None = None
    id_prefix: IdPrefix | None = None

    def to_filter(self, owner_id: OwnerId, token_of: TokenOf) -> OrderFilter:
        return replace(super().to_filter(owner_id, token_of), id_prefix=self.id_prefix)


class PricesRequest(RequestModel):
    """The query of GET /api/prices."""

    token_in: TokenName
    token_out: TokenName
    minutes: Minutes = PRICES_MINUTES
    after_slot: Slot | None = None

    @property
    def span(self) -> timedelta:
        """How long back."""
        return timedelta(minutes=self.minutes)


class StatisticsRequest(RequestModel):
    """The query of GET /api/statistics."""

    minutes: Minutes = STATISTICS_MINUTES


class LaunchesRequest(RequestModel):
    """The query of GET /api/launches."""

    after: LaunchCursor | None = None
    limit: PageLimit = PAGE_DEFAULT


def _mint(name: str | None, token_of: TokenOf) -> Mint | None:
    return None if name is None else find_token(name, token_of).mint


T = TypeVar("T", bound=BaseModel)


def read(model: type[T], fields: object) -> T:
    """Check the fields of a request.

    Raises InvalidRequestError for missing, unknown or mistyped fields, and the field's own
    rejection for a value outside of its rules.
    """
    try:
        request = model.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:FIELD_CHARACTERS_MAX]
        raise InvalidRequestError(f"{where or 'body'}: {first['msg']}") from None
    # What may be left out is not null.
    for name, value in fields.items() if isinstance(fields, dict) else ():
        if value is None:
            raise InvalidRequestError(f"{name}: leave it out instead of null")
    return request
