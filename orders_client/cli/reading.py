"""The commands that only read."""

import asyncio
from typing import Annotated

import typer

from orders_client import OrdersClient
from orders_client.cli import options
from orders_client.cli.exits import run_reading
from orders_client.cli.listings import print_listing
from orders_client.cli.options import service_of
from orders_client.cli.output import console, print_document
from orders_client.cli.tables import (
    launches_listing,
    orders_listing,
    pools_listing,
    quotes_view,
    tokens_listing,
)
from orders_client.cli.timeline import order_view
from orders_client.fields import given

StatusFilter = Annotated[str | None, typer.Option(help="Only orders with this status.")]
TypeFilter = Annotated[str | None, typer.Option("--type", help="Only orders of this type.")]
TokenInFilter = Annotated[
    str | None, typer.Option("--token-in", help="Only orders that pay with this token.")
]
TokenOutFilter = Annotated[
    str | None, typer.Option("--token-out", help="Only orders that receive this token.")
]
ParentFilter = Annotated[
    str | None, typer.Option("--parent", help="Only orders that come from this one.")
]
PrefixFilter = Annotated[
    str | None,
    typer.Option("--id", metavar="HEX", help="Only orders whose id begins so: 4 to 8 digits."),
]
Limit = Annotated[str, typer.Option(metavar="N", help="Orders per page, 1 to 100.")]
LaunchLimit = Annotated[
    str, typer.Option("--limit", metavar="N", help="At most so many, 1 to 100.")
]
After = Annotated[
    str | None,
    typer.Option(metavar="CURSOR", help="Only those since the answer that had this nextCursor."),
]
AllPages = Annotated[bool, typer.Option("--all", help="All pages, not only the first.")]


def list_orders(
    context: typer.Context,
    status: StatusFilter = None,
    order_type: TypeFilter = None,
    token_in: TokenInFilter = None,
    token_out: TokenOutFilter = None,
    parent_id: ParentFilter = None,
    id_prefix: PrefixFilter = None,
    limit: Limit = "20",
    all_pages: AllPages = False,
    as_json: options.AsJson = False,
) -> None:
    """List orders, newest first."""
    filters = given(
        status=status,
        type=order_type,
        tokenIn=token_in,
        tokenOut=token_out,
        parentId=parent_id,
        idPrefix=id_prefix,
        limit=limit,
    )

    async def read(client: OrdersClient) -> None:
        if all_pages:
            orders, cursor = [order async for order in client.list_all(**filters)], None
        else:
            page = await client.list(**filters)
            orders, cursor = page["orders"], page["nextCursor"]
        document = {"orders": orders, "nextCursor": cursor}
        print_listing(document, lambda: orders_listing(orders), as_json=as_json)
        if cursor is not None and not as_json:
            console(stderr=True).print("there are more; --all lists them")

    run_reading(service_of(context), read, as_json=as_json)


def show(
    context: typer.Context, order_id: options.OrderId, as_json: options.AsJson = False
) -> None:
    """Show an order: its timeline, the quotes compared, and the route."""

    async def read(client: OrdersClient) -> None:
        whole_id = await options.order_named(client, order_id)
        order, tokens = await asyncio.gather(client.get(whole_id), client.tokens())
        print_document(order, lambda: order_view(order, tokens), as_json=as_json)

    run_reading(service_of(context), read, as_json=as_json)


def quote(
    context: typer.Context,
    token_in: options.TokenIn,
    token_out: options.TokenOut,
    amount: options.Amount,
    exact_out: options.ExactOut = False,
    slippage_bps: options.SlippageBps = 100,
    max_price_impact_bps: options.MaxPriceImpactBps = None,
    as_json: options.AsJson = False,
) -> None:
    """Compare what every pool offers, and show the route an order would take now."""

    async def read(client: OrdersClient) -> None:
        call = client.quote(
            token_in,
            token_out,
            amount,
            exact_out=exact_out,
            slippage_bps=slippage_bps,
            max_price_impact_bps=max_price_impact_bps,
        )
        quotes, tokens = await asyncio.gather(call, client.tokens())
        print_document(quotes, lambda: quotes_view(quotes, quotes, tokens), as_json=as_json)

    run_reading(service_of(context), read, as_json=as_json)


def tokens(context: typer.Context, as_json: options.AsJson = False) -> None:
    """List the tokens that can be traded."""

    async def read(client: OrdersClient) -> None:
        document = await client.tokens()
        print_listing(document, lambda: tokens_listing(document["tokens"]), as_json=as_json)

    run_reading(service_of(context), read, as_json=as_json)


def pools(context: typer.Context, as_json: options.AsJson = False) -> None:
    """List the pools and their current prices."""

    async def read(client: OrdersClient) -> None:
        document = await client.pools()
        print_listing(document, lambda: pools_listing(document["pools"]), as_json=as_json)

    run_reading(service_of(context), read, as_json=as_json)


def launches(
    context: typer.Context,
    limit: LaunchLimit = "20",
    after: After = None,
    as_json: options.AsJson = False,
) -> None:
    """List the pools of new tokens, oldest first."""
    page = given(limit=limit, after=after)

    async def read(client: OrdersClient) -> None:
        document = await client.launches(**page)
        print_listing(document, lambda: launches_listing(document["launches"]), as_json=as_json)

    run_reading(service_of(context), read, as_json=as_json)
