"""Orders at every station of their way, for the suites of the ports."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from chalicelib.domain.orders.decisions import (
    Decision,
    LegFee,
    PoolOffer,
    PoolRefusal,
    RouteLeg,
    TakenRoute,
)
from chalicelib.domain.orders.events import (
    AttemptStarted,
    EventDetails,
    Failure,
    OrderAccepted,
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderEvent,
    OrderExpired,
    OrderFailed,
    OrderOpened,
    TransactionBuilt,
    TransactionSubmitted,
)
from chalicelib.domain.orders.lifecycle import Transition, accept, advance
from chalicelib.domain.orders.order import (
    OrderId,
    OrderStatus,
    Signature,
    SignedTransaction,
)
from chalicelib.domain.orders.terms import MARKET, LimitTerms, Terms, TimeInForce, waits
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.owners import ANONYMOUS, OwnerId
from chalicelib.domain.token_list import SOL, USDC
from chalicelib.domain.tokens import Pair
from chalicelib.engine.ports.orders import OrderStore

# Microseconds that end in zeros: a store that writes times as text may drop them.
START = datetime(2026, 1, 1, 12, 0, 0, 120_000, tzinfo=UTC)
SIGNATURE = Signature("1" * 88)
SOL_TO_USDC = Pair(token_in=SOL, token_out=USDC)
OFFER = PoolOffer(
    venue="raydium",
    kind="cpmm",
    pool_address="pool",
    amount_in=10**9,
    amount_out=15 * 10**7,
    price_impact_bps=1,
    fee_bps=25,
)
DECISION = Decision(
    quotes=(OFFER,),
    rejections=(PoolRefusal(venue="meteora", kind="dlmm", pool_address="other", code="QUOTE"),),
    route=TakenRoute(
        venue="raydium",
        amount_in=10**9,
        amount_out=15 * 10**7,
        price_impact_bps=1,
        legs=(
            RouteLeg(
                offer=OFFER,
                input_mint=SOL.mint,
                output_mint=USDC.mint,
                fees=(LegFee(kind="lp", mint=SOL.mint, amount=2_500_000),),
            ),
        ),
        baseline=OFFER,
        improvement_bps=0,
        saving_bps=0,
        reason="raydium has the only pool that can fill it",
        slot=7,
    ),
    tokens=(SOL, USDC),
)


ARMED_SLOT = 1_000
LIMIT = LimitTerms(limit=150 * 10**6, time_in_force=TimeInForce.GTC)


def order_id(number: int) -> OrderId:
    """Ids that sort like their numbers."""
    return OrderId(str(UUID(int=number)))


def accepted(
    number: int = 1,
    *,
    pair: Pair = SOL_TO_USDC,
    mode: SwapMode = SwapMode.EXACT_IN,
    amount: int = 10**9,
    at: datetime = START,
    terms: Terms = MARKET,
    wait: timedelta = timedelta(days=1),
    armed_slot: int = ARMED_SLOT,
    owner_id: OwnerId = ANONYMOUS,
) -> Transition:
    """A new order; one that waits does so for a while."""
    is_open = waits(terms)
    return accept(
        owner_id=owner_id,
        terms=terms,
        expires_at=at + wait if is_open else None,
        armed_slot=armed_slot if is_open else None,
        order_id=order_id(number),
        trade=Trade(pair=pair, mode=mode, amount=amount),
        slippage_bps=100,
        max_price_impact_bps=1_500,
        at=at,
    )


def signed(number: int = 1) -> SignedTransaction:
    """A transaction of its own; nobody here reads the bytes."""
    return SignedTransaction(
        signature=Signature(f"{number:088d}"),
        wire_bytes=bytes([0, 255, number % 256]),
        last_valid_block_height=300_000_000 + number,
    )


def started(pending: Transition) -> Transition:
    """The order's move to routing."""
    at = pending.order.updated_at + timedelta(milliseconds=1)
    return advance(pending.order, AttemptStarted(), at=at, attempt=1)


def details_of(status: OrderStatus, signature: Signature = SIGNATURE) -> EventDetails:
    """What an event of that status may say."""
    kinds: dict[OrderStatus, EventDetails] = {
        OrderStatus.OPEN: OrderOpened(unfilled=Failure(code="SLIPPAGE_EXCEEDED", message="so")),
        OrderStatus.PENDING: OrderAccepted(),
        OrderStatus.ROUTING: AttemptStarted(),
        OrderStatus.BUILDING: TransactionBuilt(
            decision=DECISION,
            min_amount_out=148_500_000,
            max_amount_in=None,
            signature=signature,
            last_valid_block_height=300_000_000,
        ),
        OrderStatus.SUBMITTED: TransactionSubmitted(signature=signature),
        OrderStatus.CONFIRMED: OrderConfirmed(
            amount_in=10**9, amount_out=15 * 10**7, signature=signature, slot=1
        ),
        OrderStatus.CANCELLED: OrderCancelled(),
        OrderStatus.EXPIRED: OrderExpired(),
        OrderStatus.FAILED: OrderFailed(failure=Failure(code="NO_ROUTE", message="none")),
        OrderStatus.COMPLETED: OrderCompleted(
            done=2, skipped=1, amount_in=10**9, amount_out=15 * 10**7
        ),
    }
    return kinds[status]


def way(pending: Transition, *statuses: OrderStatus) -> list[Transition]:
    """The order's moves through `statuses` after `pending`; building signs a transaction."""
    moves = [pending]
    for status in statuses:
        order = moves[-1].order
        number = order.sequence + UUID(order.order_id).int
        moves.append(
            advance(
                order,
                details_of(status),
                at=order.updated_at + timedelta(milliseconds=100),
                due_at=order.updated_at + timedelta(seconds=1),
                attempt=order.attempt + (status is OrderStatus.ROUTING),
                transaction=signed(number) if status is OrderStatus.BUILDING else None,
            )
        )
    return moves[1:]


def way_to_confirmed(pending: Transition) -> list[Transition]:
    """The four moves of an order that meets no trouble."""
    return way(
        pending,
        OrderStatus.ROUTING,
        OrderStatus.BUILDING,
        OrderStatus.SUBMITTED,
        OrderStatus.CONFIRMED,
    )


def put(store: OrderStore, pending: Transition, *moves: Transition) -> None:
    """Store the order and its moves."""
    store.add(pending)
    for move in moves:
        store.save([move])


def event(number: int = 1, sequence: int = 1, details: EventDetails | None = None) -> OrderEvent:
    """An event that stands for itself."""
    return replace(accepted(number).event, sequence=sequence, details=details or OrderAccepted())
