"""The commands for orders over time."""

from typing import Annotated

import typer

from orders_client.cli import options
from orders_client.cli.trading import Follow, IdempotencyKey, place_order
from orders_client.cli.values import check_price, check_span, span_seconds
from orders_client.cli.waiting import PriceIn, moment_after
from orders_client.fields import given, swap_fields

_PRICE_CHECK = options.checked(check_price)
_SPAN_CHECK = options.checked(check_span)

Slices = Annotated[int, typer.Option(min=1, max=1_000, help="How many parts to trade it in.")]
StartsIn = Annotated[
    str | None,
    typer.Option(
        metavar="SPAN",
        callback=_SPAN_CHECK,
        show_default="at once",
        help="When the first part is due: in 30s, 15m, 12h or 7d.",
    ),
]
CatchUp = Annotated[
    bool | None,
    typer.Option(
        "--catch-up/--skip",
        show_default=False,
        help="What was missed is spread over the rest, or lets it take longer.",
    ),
]


def dca(
    context: typer.Context,
    token_in: options.TokenIn,
    token_out: options.TokenOut,
    amount: options.Amount,
    slices: Slices,
    every: Annotated[
        str,
        typer.Option(metavar="SPAN", callback=_SPAN_CHECK, help="From part to part: 60s, 1h, 1d."),
    ],
    min_price: Annotated[
        str | None, typer.Option(callback=_PRICE_CHECK, help="Trade at no lower price.")
    ] = None,
    max_price: Annotated[
        str | None, typer.Option(callback=_PRICE_CHECK, help="Trade at no higher price.")
    ] = None,
    price_in: PriceIn = None,
    starts_in: StartsIn = None,
    catch_up: CatchUp = None,
    slippage_bps: options.SlippageBps = 100,
    max_price_impact_bps: options.MaxPriceImpactBps = None,
    idempotency_key: IdempotencyKey = None,
    follow: Follow = False,
    as_json: options.AsJson = False,
) -> None:
    """Swap AMOUNT in equal parts at equal intervals, each as a market order."""
    order = given(
        type="DCA",
        **swap_fields(token_in, token_out, amount, exact_out=False),
        slices=slices,
        intervalSeconds=span_seconds(every),
        startAt=moment_after(starts_in),
        minPrice=min_price,
        maxPrice=max_price,
        priceIn=price_in,
        onMissed=_on_missed(catch_up),
        slippageBps=slippage_bps,
        maxPriceImpactBps=max_price_impact_bps,
    )
    place_order(context, order, key=idempotency_key, follow=follow, as_json=as_json)


def twap(
    context: typer.Context,
    token_in: options.TokenIn,
    token_out: options.TokenOut,
    amount: options.Amount,
    slices: Slices,
    over: Annotated[
        str, typer.Option(metavar="SPAN", callback=_SPAN_CHECK, help="How long: 10m, 1h, 1d.")
    ],
    price: Annotated[
        str | None,
        typer.Option(callback=_PRICE_CHECK, help="Trade each part at this price or better only."),
    ] = None,
    price_in: PriceIn = None,
    starts_in: StartsIn = None,
    catch_up: CatchUp = None,
    slippage_bps: options.SlippageBps = 100,
    max_price_impact_bps: options.MaxPriceImpactBps = None,
    idempotency_key: IdempotencyKey = None,
    follow: Follow = False,
    as_json: options.AsJson = False,
) -> None:
    """Swap AMOUNT in equal parts, spread evenly over a time."""
    order = given(
        type="TWAP",
        **swap_fields(token_in, token_out, amount, exact_out=False),
        slices=slices,
        durationSeconds=span_seconds(over),
        startAt=moment_after(starts_in),
        limitPrice=price,
        priceIn=price_in,
        onMissed=_on_missed(catch_up),
        slippageBps=slippage_bps,
        maxPriceImpactBps=max_price_impact_bps,
    )
    place_order(context, order, key=idempotency_key, follow=follow, as_json=as_json)


def _on_missed(catch_up: bool | None) -> str | None:
    return None if catch_up is None else ("catchUp" if catch_up else "skip")
