"""What every order says, of whatever type."""

from abc import ABC, abstractmethod
from typing import ClassVar

from pydantic import StrictStr

from chalicelib.domain.orders.terms import OrderType, Terms
from chalicelib.domain.orders.trades import Trade
from chalicelib.engine.ports.listing import TokenOf
from chalicelib.entrypoints.wire.fields import (
    DEFAULT_MAX_PRICE_IMPACT_BPS,
    DEFAULT_SLIPPAGE_BPS,
    MaxPriceImpactBps,
    SlippageBps,
)
from chalicelib.entrypoints.wire.requests import RequestModel, TradeRequest


class OrderRequest(RequestModel, ABC):
    """What all orders say."""

    order_type: ClassVar[OrderType]
    #: Whether the order may give the amount that it receives.
    may_buy_exactly: ClassVar[bool] = True

    type: StrictStr
    max_price_impact_bps: MaxPriceImpactBps = DEFAULT_MAX_PRICE_IMPACT_BPS

    @abstractmethod
    def to_trade(self, token_of: TokenOf) -> Trade:
        """The trade in base units, of tokens that the list or `token_of` knows. Raises a
        RejectedError."""

    @abstractmethod
    def to_terms(self, trade: Trade) -> Terms:
        """The terms in the domain's words. Raises a RejectedError."""


class PlainOrderRequest(OrderRequest, TradeRequest, ABC):
    """An order of two tokens that are known when it is placed."""

    def to_trade(self, token_of: TokenOf) -> Trade:
        return TradeRequest.to_trade(self, token_of)


class Slipping(OrderRequest, ABC):
    """An order that takes the price there is."""

    slippage_bps: SlippageBps = DEFAULT_SLIPPAGE_BPS
