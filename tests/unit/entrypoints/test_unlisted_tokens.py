"""An order on a mint that no list names: its tokens stand on the order."""

from dataclasses import dataclass, replace

import pytest
from solders.pubkey import Pubkey

from chalicelib.domain.amounts import BPS
from chalicelib.domain.errors import UnknownPairError
from chalicelib.domain.orders.lifecycle import accept
from chalicelib.domain.orders.order import OrderId
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.domain.pools.cpmm import ConstantProductPool
from chalicelib.domain.pools.pool import Moment
from chalicelib.domain.token_list import SOL
from chalicelib.domain.tokens import Mint, Pair, Token
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.engine.ports.market import PoolStates
from chalicelib.engine.router import Router
from chalicelib.entrypoints.wire.documents import quotes_document
from tests.unit.entrypoints.contract import ASYNCAPI, check, check_answer
from tests.unit.functions import Functions
from tests.world import exact_in, ticks

NEW = Token(symbol="NEW", mint=Mint(str(Pubkey(bytes([7] * 32)))), decimals=2)
ORDER_ID = OrderId("00000000-0000-4000-8000-00000000000a")
SOL_NEW = Pair(token_in=SOL, token_out=NEW)
POOL = ConstantProductPool(
    address=str(Pubkey(bytes([8] * 32))),
    venue="fresh",
    mint_a=SOL.mint,
    mint_b=NEW.mint,
    vault_0=10**12,
    vault_1=10**9,
    trade_fee_rate=2_500,
)


@dataclass(frozen=True)
class FreshVenue:
    """A venue of one pool, and what it knows of its tokens."""

    tokens: dict[Mint, Token]
    name: str = "fresh"

    def pools(self, pair: Pair | None = None) -> PoolStates:
        return PoolStates(at=Moment(1, 1), pools=[POOL], tokens=self.tokens)


def placed(functions: Functions) -> None:
    accepted = accept(
        order_id=ORDER_ID,
        owner_id=ANONYMOUS,
        trade=exact_in(pair=SOL_NEW),
        slippage_bps=100,
        max_price_impact_bps=1_500,
        at=functions.world.clock.now(),
    )
    functions.world.store.add(accepted)


def test_order_is_shown_and_listed_when_its_mint_is_unlisted(functions: Functions) -> None:
    placed(functions)

    answer = functions.get("/api/orders/{order_id}", path={"order_id": ORDER_ID})
    page = functions.get("/api/orders")

    check_answer("GET", "/api/orders/{order_id}", answer)
    check_answer("GET", "/api/orders", page)
    shown, listed = answer.document, page.document["orders"]
    assert (shown["tokenIn"], shown["tokenOut"], shown["amount"]) == ("SOL", "NEW", "1")
    assert [order["tokenOut"] for order in listed] == ["NEW"]


def test_order_is_queued_routed_and_followed_when_its_mint_is_unlisted(
    functions: Functions,
) -> None:
    world = functions.world
    world.venues = [FreshVenue({})]
    placed(functions)
    world.order_queue.enqueue([ExecuteOrder(order_id=ORDER_ID)])
    world.connect("follower", ORDER_ID)

    world.execute(world.take(), has_time=ticks(3))
    world.publish()

    frames = world.frames("follower")
    for frame in frames:
        check(ASYNCAPI["components"]["messages"]["update"]["payload"], frame, document=ASYNCAPI)
    [accepted, routing, building, *_] = [frame["data"] for frame in frames]
    assert [accepted["status"], routing["status"]] == ["pending", "routing"]
    amount_out = POOL.quote_exact_in(SOL.mint, 10**9, Moment(1, 1)).amount_out
    assert building["route"]["legs"][0]["outputMint"] == NEW.mint
    assert float(building["route"]["amountOut"]) == amount_out / 100


def test_pool_is_left_out_when_nobody_knows_its_token() -> None:
    other = Token(symbol="OTHER", mint=Mint("Other" + "1" * 38), decimals=2)

    with pytest.raises(UnknownPairError):
        Router(venues=[FreshVenue({})]).find_route(exact_in(pair=replace(SOL_NEW, token_out=other)))


def test_route_tells_decimals_when_the_venue_knows_the_token() -> None:
    trade = exact_in(pair=SOL_NEW)

    route = Router(venues=[FreshVenue({NEW.mint: NEW})]).find_route(trade)

    document = quotes_document(trade, route, 1, BPS)
    amount_out = POOL.quote_exact_in(SOL.mint, 10**9, Moment(1, 1)).amount_out
    assert float(document["amountOut"]) == amount_out / 100
    assert document["route"]["legs"][0]["outputMint"] == NEW.mint
