"""The market over HTTP: quotes, pools, prices, tokens, launches."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalice.app import Request, Response

from chalicelib.domain.token_list import TOKENS
from chalicelib.engine.ports.listing import Listing, find_pair
from chalicelib.engine.ports.market import PriceHistory, Venue, known_pools, tokens_of
from chalicelib.engine.ports.pool_feed import PoolFeed
from chalicelib.entrypoints.http.answers import json_answer, query
from chalicelib.entrypoints.signing import Signer
from chalicelib.entrypoints.wire import documents as wire
from chalicelib.entrypoints.wire import launches, requests

if TYPE_CHECKING:
    # Accepting an order must not load the router.
    from chalicelib.engine.router import Router


def get_quotes(request: Request, router: "Router", listing: Listing) -> Response:
    """GET /api/quotes: every pool's quote and the route an order would take."""
    wanted = requests.read(requests.QuoteRequest, query(request))
    trade = wanted.to_trade(listing.token)
    route = router.find_route(trade)
    limit = trade.limit(route.amount_quoted, wanted.slippage_bps)
    document = wire.quotes_document(trade, route, limit, wanted.max_price_impact_bps)
    return json_answer(document)


def list_pools(venues: Sequence[Venue]) -> Response:
    """GET /api/pools: where it can be traded, and at what price now."""
    states = [venue.pools() for venue in venues]
    tokens = tokens_of(states)
    pools = [wire.pool_document(pool, tokens) for pool in known_pools(states, tokens)]
    return json_answer({"pools": pools, "slot": max(state.at.slot for state in states)})


def get_prices(request: Request, history: PriceHistory, listing: Listing) -> Response:
    """GET /api/prices: the best price at each venue over the last minutes."""
    wanted = requests.read(requests.PricesRequest, query(request))
    pair = find_pair(wanted.token_in, wanted.token_out, listing.token)
    points = history.prices(pair, span=wanted.span, after_slot=wanted.after_slot)
    return json_answer(wire.prices_document(pair, points))


def list_tokens() -> Response:
    """GET /api/tokens: what can be traded."""
    tokens = [{"symbol": t.symbol, "mint": t.mint, "decimals": t.decimals} for t in TOKENS]
    return json_answer({"tokens": tokens})


def list_launches(request: Request, feed: PoolFeed, signer: Signer) -> Response:
    """GET /api/launches: pools of new tokens, oldest first: the last ones, or those after a
    cursor."""
    wanted = requests.read(requests.LaunchesRequest, query(request))
    if wanted.after is None:
        pools = feed.latest(limit=wanted.limit)
    else:
        pools = feed.since(launches.read_cursor(wanted.after, signer), limit=wanted.limit)
    return json_answer(launches.launches_document(pools, wanted.after, signer))
