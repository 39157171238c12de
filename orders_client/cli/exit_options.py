"""The options that say when what an order buys is sold again."""

from typing import Annotated

import typer

from orders_client import Document
from orders_client.cli import options
from orders_client.cli.values import check_span, span_seconds
from orders_client.fields import given

TakeProfitBps = Annotated[
    int | None,
    typer.Option(help="Sell again this far above the price of the fill, in basis points."),
]
StopLossBps = Annotated[
    int | None,
    typer.Option(help="Sell again this far below the price of the fill, in basis points."),
]
ExitTrailingBps = Annotated[
    int | None,
    typer.Option(help="Sell again this far below the best price since the fill, in basis points."),
]
MaxHold = Annotated[
    str | None,
    typer.Option(
        metavar="SPAN",
        callback=options.checked(check_span),
        help="Sell again after 30s, 15m, 12h or 7d at any price.",
    ),
]


def exit_fields(
    take_profit_bps: int | None,
    stop_loss_bps: int | None,
    trailing_bps: int | None,
    max_hold: str | None,
) -> Document | None:
    """Return the field `exit` of an order; None without any of these options."""
    fields = given(
        takeProfitBps=take_profit_bps,
        stopLossBps=stop_loss_bps,
        trailingBps=trailing_bps,
        maxHoldSeconds=None if max_hold is None else span_seconds(max_hold),
    )
    return fields or None
