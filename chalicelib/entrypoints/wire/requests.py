"""What clients ask over HTTP, checked field by field, and brought into domain terms."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from chalicelib.domain.amounts import to_base_units
from chalicelib.domain.errors import InvalidRequestError
from chalicelib.domain.orders.order import OrderStatus
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.owners import OwnerId
from chalicelib.domain.token_list import find_pair, find_token
from chalicelib.engine.ports.orders import OrderFilter
from chalicelib.entrypoints.wire.fields import (
    DEFAULT_MAX_PRICE_IMPACT_BPS,
    DEFAULT_SLIPPAGE_BPS,
    Amount,
    Cursor,
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


class _Request(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class TradeRequest(_Request):
    """What to swap: `amount` of the input token, or `amountOut` of the output."""

    token_in: TokenName
    token_out: TokenName
    amount: Amount = None
    amount_out: Amount = None
    max_price_impact_bps: MaxPriceImpactBps = DEFAULT_MAX_PRICE_IMPACT_BPS

    def to_trade(self) -> Trade:
        """The trade in base units.

        Raises what find_pair and to_base_units raise, InvalidRequestError unless exactly one of the
        amounts is there.
        """
        if (self.amount is None) == (self.amount_out is None):
            raise InvalidRequestError("amount or amountOut: give exactly one of them")
        pair = find_pair(self.token_in, self.token_out)
        if self.amount is not None:
            amount = to_base_units(self.amount, pair.token_in.decimals)
            return Trade(pair=pair, mode=SwapMode.EXACT_IN, amount=amount)
        assert self.amount_out is not None
        amount = to_base_units(self.amount_out, pair.token_out.decimals)
        return Trade(pair=pair, mode=SwapMode.EXACT_OUT, amount=amount)


class QuoteRequest(TradeRequest):
    """The query of GET /api/quotes."""

    slippage_bps: SlippageBps = DEFAULT_SLIPPAGE_BPS


class OrderFilterRequest(_Request):
    """Which orders are meant."""

    status: Status | None = None
    waiting_for: WaitingFor | None = None
    type: Type | None = None
    token_in: TokenName | None = None
    token_out: TokenName | None = None
    parent_id: ParentId | None = None

    def to_filter(self, owner_id: OwnerId) -> OrderFilter:
        """The filter in domain terms. Raises UnknownTokenError."""
        return OrderFilter(
            owner_id=owner_id,
            statuses=self._statuses(),
            order_type=self.type,
            input_mint=find_token(self.token_in).mint if self.token_in is not None else None,
            output_mint=find_token(self.token_out).mint if self.token_out is not None else None,
            parent_id=self.parent_id,
        )

    def _statuses(self) -> Sequence[OrderStatus] | None:
        if self.waiting_for is None:
            return None if self.status is None else (self.status,)
        # All that waits does so for a price; nothing else waits.
        return () if self.status not in (None, OrderStatus.OPEN) else (OrderStatus.OPEN,)


class CancelOrdersRequest(OrderFilterRequest):
    """The body of POST /api/orders/cancel."""


class ListOrdersRequest(OrderFilterRequest):
    """The query of GET /api/orders."""

    limit: PageLimit = PAGE_DEFAULT
    cursor: Cursor | None = None


class PricesRequest(_Request):
    """The query of GET /api/prices."""

    token_in: TokenName
    token_out: TokenName
    minutes: Minutes = PRICES_MINUTES
    after_slot: Slot | None = None

    @property
    def span(self) -> timedelta:
        """How long back."""
        return timedelta(minutes=self.minutes)


class StatisticsRequest(_Request):
    """The query of GET /api/statistics."""

    minutes: Minutes = STATISTICS_MINUTES


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
