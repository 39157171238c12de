"""The command for orders that wait for a new pool."""

from typing import Annotated

import typer

from orders_client.cli import options
from orders_client.cli.exit_options import (
    ExitTrailingBps,
    MaxHold,
    StopLossBps,
    TakeProfitBps,
    exit_fields,
)
from orders_client.cli.trading import Follow, IdempotencyKey, place_order
from orders_client.cli.values import check_amount, check_price, check_wait, span_seconds
from orders_client.cli.waiting import ExpiresIn, moment_after
from orders_client.fields import given

# What `--strict` requires together.
PROPERTIES = ("mintRenounced", "notFreezable", "liquidityLocked", "sellable")

_AMOUNT_CHECK = options.checked(check_amount)


def snipe(
    context: typer.Context,
    token_in: options.TokenIn,
    amount: options.Amount,
    mint: Annotated[
        str | None,
        typer.Argument(
            metavar="MINT",
            show_default="any new token",
            help="Token to receive, by its mint: it may have no pool yet.",
        ),
    ] = None,
    symbol_contains: Annotated[
        str | None, typer.Option(help="Only tokens with this in their symbol, whatever the case.")
    ] = None,
    creator: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Only pools that this account has made.")
    ] = None,
    existing: Annotated[
        bool, typer.Option("--existing", help="Take a pool of MINT that is there already, too.")
    ] = False,
    min_liquidity: Annotated[
        str | None,
        typer.Option(callback=_AMOUNT_CHECK, help="The least that a pool holds of TOKEN_IN."),
    ] = None,
    max_liquidity: Annotated[
        str | None,
        typer.Option(callback=_AMOUNT_CHECK, help="The most that a pool holds of TOKEN_IN."),
    ] = None,
    max_price: Annotated[
        str | None,
        typer.Option(
            callback=options.checked(check_price),
            help="The most that a whole token costs in TOKEN_IN, all fees included.",
        ),
    ] = None,
    max_fee_bps: Annotated[
        int | None,
        typer.Option(help="The highest fee of pool and token together, in basis points."),
    ] = None,
    max_pool_impact_bps: Annotated[
        int | None,
        typer.Option(
            help="The price impact above which a pool is passed over, in basis points, if that "
            "is less than --max-price-impact-bps."
        ),
    ] = None,
    max_pool_age_slots: Annotated[
        int | None, typer.Option(help="How old a pool may be, in slots.")
    ] = None,
    venues: Annotated[
        list[str] | None,
        typer.Option("--venue", metavar="NAME", help="Only pools of this venue; may be repeated."),
    ] = None,
    mint_renounced: Annotated[
        bool, typer.Option("--mint-renounced", help="Nobody can make more of the token.")
    ] = False,
    not_freezable: Annotated[
        bool, typer.Option("--not-freezable", help="Nobody can freeze what you hold.")
    ] = False,
    liquidity_locked: Annotated[
        bool, typer.Option("--liquidity-locked", help="Nobody can take the liquidity away.")
    ] = False,
    sellable: Annotated[
        bool, typer.Option("--sellable", help="The token can be sold again.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="All four of these; fees have an option of their own.")
    ] = False,
    retry_for: Annotated[
        str | None,
        typer.Option(
            metavar="SPAN",
            callback=options.checked(check_wait),
            show_default="30s",
            help="How long after its creation a pool that may pass yet is asked again.",
        ),
    ] = None,
    expires_in: ExpiresIn = None,
    slippage_bps: options.SlippageBps = 100,
    max_price_impact_bps: options.MaxPriceImpactBps = None,
    take_profit_bps: TakeProfitBps = None,
    stop_loss_bps: StopLossBps = None,
    exit_trailing_bps: ExitTrailingBps = None,
    max_hold: MaxHold = None,
    idempotency_key: IdempotencyKey = None,
    follow: Follow = False,
    as_json: options.AsJson = False,
) -> None:
    """Wait for a new pool, and buy with AMOUNT once, in the first that passes all of its guards."""
    wanted = (mint_renounced, not_freezable, liquidity_locked, sellable)
    guards = given(
        minLiquidity=min_liquidity,
        maxLiquidity=max_liquidity,
        maxPrice=max_price,
        maxFeeBps=max_fee_bps,
        maxPriceImpactBps=max_pool_impact_bps,
        maxPoolAgeSlots=max_pool_age_slots,
        venues=venues or None,
        **{name: strict or is_set or None for name, is_set in zip(PROPERTIES, wanted, strict=True)},
    )
    order = given(
        type="SNIPER",
        tokenIn=token_in,
        tokenOut=mint,
        amount=amount,
        symbolContains=symbol_contains,
        creator=creator,
        existing=existing or None,
        guards=guards or None,
        retryFor=None if retry_for is None else span_seconds(retry_for),
        expiresAt=moment_after(expires_in),
        slippageBps=slippage_bps,
        maxPriceImpactBps=max_price_impact_bps,
        exit=exit_fields(take_profit_bps, stop_loss_bps, exit_trailing_bps, max_hold),
    )
    place_order(context, order, key=idempotency_key, follow=follow, as_json=as_json)
