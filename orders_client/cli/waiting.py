"""The commands for orders which wait for a price."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.text import Text

from orders_client import OrdersClient
from orders_client.cli import options
from orders_client.cli.exit_options import (
    ExitTrailingBps,
    MaxHold,
    StopLossBps,
    TakeProfitBps,
    exit_fields,
)
from orders_client.cli.exits import run
from orders_client.cli.options import service_of
from orders_client.cli.output import print_document
from orders_client.cli.reading import StatusFilter, TokenInFilter, TokenOutFilter, TypeFilter
from orders_client.cli.tables import CANCEL_REQUESTED
from orders_client.cli.timeline import Timeline
from orders_client.cli.trading import Follow, IdempotencyKey, place_order
from orders_client.cli.values import (
    changes_of,
    check_changes,
    check_price,
    check_span,
    span_seconds,
)
from orders_client.fields import given, swap_fields

_PRICE_CHECK = options.checked(check_price)

Price = Annotated[
    str,
    typer.Option(
        callback=_PRICE_CHECK,
        help="What one TOKEN_IN shall be worth in TOKEN_OUT; see --price-in.",
    ),
]
PriceIn = Annotated[
    str | None,
    typer.Option(
        show_default="TOKEN_OUT", help="Token that prices are in, per one of the other token."
    ),
]
ExpiresIn = Annotated[
    str | None,
    typer.Option(
        metavar="SPAN",
        callback=options.checked(check_span),
        show_default="90d",
        help="How long it waits: 30s, 15m, 12h or 7d.",
    ),
]
TriggerIfMet = Annotated[
    bool, typer.Option("--trigger-if-met", help="Place it though the price is past it already.")
]


def limit(
    context: typer.Context,
    token_in: options.TokenIn,
    token_out: options.TokenOut,
    amount: options.Amount,
    price: Price,
    price_in: PriceIn = None,
    exact_out: options.ExactOut = False,
    time_in_force: Annotated[
        str | None,
        typer.Option(show_default="GTC, or GTT with --expires-in", help="GTC, GTT, IOC or FOK."),
    ] = None,
    expires_in: ExpiresIn = None,
    max_price_impact_bps: options.MaxPriceImpactBps = None,
    take_profit_bps: TakeProfitBps = None,
    stop_loss_bps: StopLossBps = None,
    exit_trailing_bps: ExitTrailingBps = None,
    max_hold: MaxHold = None,
    slippage_bps: Annotated[
        int | None,
        typer.Option(
            show_default="100",
            help="How much worse than the quote the exit may be, in basis points.",
        ),
    ] = None,
    idempotency_key: IdempotencyKey = None,
    follow: Follow = False,
    as_json: options.AsJson = False,
) -> None:
    """Swap at a price or better, all fees and the order's own price impact included."""
    order = given(
        type="LIMIT",
        **swap_fields(token_in, token_out, amount, exact_out=exact_out),
        limitPrice=price,
        priceIn=price_in,
        timeInForce=time_in_force or ("GTT" if expires_in else None),
        expiresAt=moment_after(expires_in),
        maxPriceImpactBps=max_price_impact_bps,
        slippageBps=slippage_bps,
        exit=exit_fields(take_profit_bps, stop_loss_bps, exit_trailing_bps, max_hold),
    )
    place_order(context, order, key=idempotency_key, follow=follow, as_json=as_json)


def stop(
    context: typer.Context,
    token_in: options.TokenIn,
    token_out: options.TokenOut,
    amount: options.Amount,
    price: Price,
    above: Annotated[
        bool, typer.Option("--above/--below", help="Which side of the price triggers it.")
    ],
    price_in: PriceIn = None,
    exact_out: options.ExactOut = False,
    slippage_bps: options.SlippageBps = 100,
    max_price_impact_bps: options.MaxPriceImpactBps = None,
    expires_in: ExpiresIn = None,
    trigger_if_met: TriggerIfMet = False,
    idempotency_key: IdempotencyKey = None,
    follow: Follow = False,
    as_json: options.AsJson = False,
) -> None:
    """Swap as a market order once the price is seen above, or below, a price."""
    order = given(
        type="STOP",
        **swap_fields(token_in, token_out, amount, exact_out=exact_out),
        triggerPrice=price,
        triggerCondition="above" if above else "below",
        priceIn=price_in,
        slippageBps=slippage_bps,
        maxPriceImpactBps=max_price_impact_bps,
        expiresAt=moment_after(expires_in),
        triggerIfMet=trigger_if_met or None,
    )
    place_order(context, order, key=idempotency_key, follow=follow, as_json=as_json)


def trail(
    context: typer.Context,
    token_in: options.TokenIn,
    token_out: options.TokenOut,
    amount: options.Amount,
    trailing_bps: Annotated[
        int, typer.Option(help="How far the price must turn from its best, in basis points.")
    ],
    activation_price: Annotated[
        str | None,
        typer.Option(callback=_PRICE_CHECK, help="Trail only once this price is reached."),
    ] = None,
    price_in: PriceIn = None,
    exact_out: options.ExactOut = False,
    slippage_bps: options.SlippageBps = 100,
    max_price_impact_bps: options.MaxPriceImpactBps = None,
    expires_in: ExpiresIn = None,
    idempotency_key: IdempotencyKey = None,
    follow: Follow = False,
    as_json: options.AsJson = False,
) -> None:
    """Swap as a market order once the price has turned so far from its best."""
    order = given(
        type="TRAILING_STOP",
        **swap_fields(token_in, token_out, amount, exact_out=exact_out),
        trailingBps=trailing_bps,
        activationPrice=activation_price,
        priceIn=price_in,
        slippageBps=slippage_bps,
        maxPriceImpactBps=max_price_impact_bps,
        expiresAt=moment_after(expires_in),
    )
    place_order(context, order, key=idempotency_key, follow=follow, as_json=as_json)


def oco(
    context: typer.Context,
    token_in: options.TokenIn,
    token_out: options.TokenOut,
    amount: options.Amount,
    take_profit_price: Price,
    stop_price: Price,
    price_in: PriceIn = None,
    exact_out: options.ExactOut = False,
    slippage_bps: options.SlippageBps = 100,
    max_price_impact_bps: options.MaxPriceImpactBps = None,
    expires_in: ExpiresIn = None,
    trigger_if_met: TriggerIfMet = False,
    idempotency_key: IdempotencyKey = None,
    follow: Follow = False,
    as_json: options.AsJson = False,
) -> None:
    """Swap as a market order at one of two prices, whichever is seen first."""
    order = given(
        type="OCO",
        **swap_fields(token_in, token_out, amount, exact_out=exact_out),
        takeProfitPrice=take_profit_price,
        stopPrice=stop_price,
        priceIn=price_in,
        slippageBps=slippage_bps,
        maxPriceImpactBps=max_price_impact_bps,
        expiresAt=moment_after(expires_in),
        triggerIfMet=trigger_if_met or None,
    )
    place_order(context, order, key=idempotency_key, follow=follow, as_json=as_json)


Changes = Annotated[
    list[str],
    typer.Argument(
        metavar="FIELD=VALUE…",
        callback=check_changes,
        help="Fields of its type: limitPrice=141.5 or slippageBps=200.",
    ),
]


def edit(
    context: typer.Context,
    order_id: options.OrderId,
    changes: Changes,
    as_json: options.AsJson = False,
) -> None:
    """Change what an open order waits for, its expiry or its slippage."""
    wanted = changes_of(changes)

    async def edit_and_show(client: OrdersClient) -> None:
        whole_id = await options.order_named(client, order_id)
        order = await client.edit(await client.get(whole_id), **wanted)
        print_document(order, lambda: Timeline(order).heading, as_json=as_json)

    run(service_of(context), edit_and_show, as_json=as_json)


def cancel_all(
    context: typer.Context,
    status: StatusFilter = None,
    order_type: TypeFilter = None,
    token_in: TokenInFilter = None,
    token_out: TokenOutFilter = None,
    as_json: options.AsJson = False,
) -> None:
    """Cancel all of your orders that are not final, or those that the options name."""
    filters = given(status=status, type=order_type, tokenIn=token_in, tokenOut=token_out)

    async def cancel(client: OrdersClient) -> None:
        total: dict[str, list[str]] = {"cancelled": [], "cancelRequested": []}
        is_more = True
        while is_more:
            answer = await client.cancel_many(**filters)
            is_more = answer["more"]
            for name, order_ids in total.items():
                order_ids += answer[name]
        print_document(total, lambda: _cancelled_text(total), as_json=as_json)

    run(service_of(context), cancel, as_json=as_json)


def _cancelled_text(total: Mapping[str, Sequence[str]]) -> Text:
    requested = len(total["cancelRequested"])
    text = f"cancelled {len(total['cancelled'])}"
    return Text(f"{text}; {requested} {CANCEL_REQUESTED}" if requested else text)


def moment_after(span: str | None) -> str | None:
    """Return the moment that a span of time lies ahead, None without one."""
    if span is None:
        return None
    at = datetime.now(UTC) + timedelta(seconds=span_seconds(span))
    return at.isoformat(timespec="milliseconds")
