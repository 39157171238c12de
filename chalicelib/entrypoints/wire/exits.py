"""The exit of an order: when what it buys shall be sold again, as clients say it."""

from functools import partial
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from chalicelib.domain.errors import InvalidRequestError
from chalicelib.domain.orders.terms import (
    HOLD_MAX,
    STOP_LOSS_BPS_MAX,
    TAKE_PROFIT_BPS_MAX,
    ExitPlan,
)
from chalicelib.entrypoints.wire import forms as wire_forms
from chalicelib.entrypoints.wire.fields import TrailingBps, integer
from chalicelib.entrypoints.wire.requests import RequestModel

HOLD_SECONDS_MAX = int(HOLD_MAX.total_seconds())


def _whole(name: str, most: int) -> BeforeValidator:
    refusal = f"exit.{name}: a whole number from 1 to {most} is expected"
    return integer(partial(InvalidRequestError, refusal), least=1, most=most, may_be_text=False)


def _read_object(value: object) -> object:
    if not isinstance(value, dict) or not value:
        raise InvalidRequestError("exit: an object with at least one field is expected")
    for name, field in value.items():
        if field is None:
            raise InvalidRequestError(f"exit.{name[:64]}: leave it out instead of null")
    return value


class ExitRequest(RequestModel):
    """The field `exit` of an order that trades at once, or at its limit."""

    take_profit_bps: Annotated[int, _whole("takeProfitBps", TAKE_PROFIT_BPS_MAX)] | None = None
    stop_loss_bps: Annotated[int, _whole("stopLossBps", STOP_LOSS_BPS_MAX)] | None = None
    trailing_bps: TrailingBps | None = None
    max_hold_seconds: Annotated[int, _whole("maxHoldSeconds", HOLD_SECONDS_MAX)] | None = None

    def to_plan(self) -> ExitPlan:
        """The plan in the domain's words."""
        return ExitPlan(
            take_profit_bps=self.take_profit_bps,
            stop_loss_bps=self.stop_loss_bps,
            trailing_bps=self.trailing_bps,
            hold_seconds_max=self.max_hold_seconds,
        )


Exit = Annotated[ExitRequest | None, BeforeValidator(_read_object), WithJsonSchema(wire_forms.EXIT)]


def plan_of(wanted: ExitRequest | None) -> ExitPlan | None:
    """The plan in the domain's words, if there is one."""
    return None if wanted is None else wanted.to_plan()
